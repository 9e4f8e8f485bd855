import type {Event} from '../core/events.ts';
import type {StoredEvent} from '../core/history/records.ts';
import {ImgmgrError} from '../errors.ts';
import type {ErrorCode, Problem} from '../errors.ts';
import {clean} from './clean.ts';
import {createLog} from './log.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';
import type {OutputStream} from './streams.ts';

/** The log of a stored run: its events as lines of the usual form, at their own times, and the lines of its builds and servers. */
export function createHistoryLog({
  stdout,
  verbosity,
  paint,
}: {
  readonly stdout: OutputStream;
  readonly verbosity: Verbosity;
  readonly paint: Paint;
}): (line: Extract<Event, {type: 'history-line'}>) => void {
  let at = 0;
  // The clock of the run's host may have been set back, and time went on all the same.
  let passedMs = 0;
  const sink = {stdout, stderr: stdout, now: () => new Date(at), monotonic: () => passedMs};
  const log = createLog({sink, verbosity, paint});
  return ({entry, log: file, text = ''}) => {
    if (file) stdout.write(`${clean(`[${file.kind === 'build' ? 'DIB' : 'console'}] ${text}`)}\n`);
    if (!entry) return;
    const time = Date.parse(entry.at);
    passedMs += Math.max(0, time - at) || 0;
    at = Number.isNaN(time) ? at : time;
    try {
      log({...entry, event: eventOf(entry)});
    } catch {
      // A later version may store what this one does not know.
      stdout.write(`${clean(`${entry.at.slice(0, 19).replace('T', ' ')} | ${entry.type}`)}\n`);
    }
  };
}

/** The event that was stored; its error is an error again. */
function eventOf(entry: StoredEvent): Event {
  const {error} = entry as {readonly error?: unknown};
  if (typeof error !== 'object' || error === null) return entry as unknown as Event;
  const {code, message, place, hint, problems} = error as Readonly<Record<string, unknown>>;
  return {
    ...entry,
    error: new ImgmgrError(String(code) as ErrorCode, String(message), {
      ...(typeof place === 'string' && {place}),
      ...(typeof hint === 'string' && {hint}),
      ...(Array.isArray(problems) && {problems: problems as readonly Problem[]}),
    }),
  } as unknown as Event;
}
