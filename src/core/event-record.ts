import type {Event, StampedEvent} from './events.ts';
import type {StoredEvent} from './history/records.ts';
import type {ImgmgrError} from '../errors.ts';
import type {Spans} from './verdict/verdict-events.ts';

/**
 * An event as data, for lines of `--json` and rows of the history: the stamp (`run`, `seq`, `at`; `action.id` for what belongs to an action), `type`, then the event's own fields; errors without stack and
 * cause, milliseconds as whole numbers.
 */
export function eventRecord({run, seq, at, action, event}: StampedEvent): StoredEvent {
  return {
    run,
    seq,
    at,
    ...plain(event),
    ...(action !== undefined && {action: {id: action, ...('action' in event && event.action)}}),
  };
}

function plain(event: Event): Readonly<Record<string, unknown>> & {readonly type: string} {
  return {
    ...event,
    ...('error' in event && event.error instanceof Error && {error: plainError(event.error)}),
    ...('ms' in event && {ms: Math.round(event.ms)}),
    ...('limitMs' in event && {elapsedMs: Math.round(event.elapsedMs), limitMs: Math.round(event.limitMs)}),
    ...(event.type === 'verdict' && {spans: rounded(event.spans)}),
  };
}

function rounded({submitMs, waitMs, guestMs, judgeMs}: Spans): Spans {
  return {
    submitMs: Math.round(submitMs),
    waitMs: Math.round(waitMs),
    ...(guestMs !== undefined && {guestMs: Math.round(guestMs)}),
    judgeMs: Math.round(judgeMs),
  };
}

/** An error without its stack and cause: those may hold anything. */
function plainError({code, message, place, hint, problems}: ImgmgrError): object {
  return {code, message, place, hint, ...(problems.length > 0 && {problems})};
}
