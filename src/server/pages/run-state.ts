import type {RunRow} from '../contract/runs.ts';
import type {Tone} from './notes.ts';

/** How a state of a run looks. */
export function stateTone(state: RunRow['state']): Tone {
  switch (state) {
    case 'SUCCESS':
      return 'good';
    case 'FAILED':
    case 'LOST':
      return 'bad';
    case 'CANCELLED':
      return 'warn';
    case 'RUNNING':
      return 'busy';
    case 'PENDING':
      return 'plain';
  }
}
