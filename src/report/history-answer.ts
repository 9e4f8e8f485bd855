import type {Event} from '../core/events.ts';
import {createHistoryLog} from './history-log.ts';
import {createHistoryTable, elsewhereText, runText} from './history-text.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';
import type {OutputStream} from './streams.ts';

/** The answer of `history` for people: a list, one run with what other hosts did in it, or a log as it comes. */
export function createHistoryAnswer({
  stdout,
  verbosity,
  wide,
  paint,
}: {
  readonly stdout: OutputStream;
  readonly verbosity: Verbosity;
  readonly wide: boolean;
  readonly paint: Paint;
}): (event: Event) => void {
  const table = createHistoryTable({wide, paint});
  const log = createHistoryLog({stdout, verbosity, paint});
  const elsewhere: Extract<Event, {type: 'history-elsewhere'}>[] = [];
  return (event) => {
    if (event.type === 'history-run') table.add(event);
    if (event.type === 'history-elsewhere') {
      table.add(event);
      elsewhere.push(event);
    }
    if (event.type === 'history') {
      stdout.write(table.text(event));
      elsewhere.length = 0;
    }
    if (event.type === 'history-shown') stdout.write(runText(event, paint));
    if (event.type === 'history-line') log(event);
    // Without the end of a list they are an answer of their own.
    if (event.type === 'finished') for (const run of elsewhere) stdout.write(elsewhereText(run, paint));
  };
}
