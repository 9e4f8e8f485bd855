import type {Diagnosis} from '../core/doctor.ts';
import {shortcoming, well} from '../core/doctor.ts';
import type {Check} from '../ports/doctor.ts';
import {openReader} from './reader.ts';

/** Whether the history in the folder of state can be read. */
export function historyChecks(parts: Parameters<typeof openReader>[0]): readonly Check[] {
  return [{id: 'history', look: () => Promise.resolve(readable(parts))}];
}

function readable(parts: Parameters<typeof openReader>[0]): Diagnosis {
  try {
    const reader = openReader(parts);
    if (!reader) return well('there is no history yet');
    try {
      const [last] = reader.runs({limit: 1}).runs;
      return well(
        last ? `the history is read; its newest run began at ${last.startedAt}` : 'the history is read, and empty',
      );
    } finally {
      reader.close();
    }
  } catch (error) {
    return shortcoming(error, 'runs are not, or not wholly, kept in the history; they themselves are not affected');
  }
}
