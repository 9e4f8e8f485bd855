import type {Event, Spans, StampedEvent} from '../core/events.ts';
import {jsonText} from '../core/json-text.ts';
import type {ImgmgrError} from '../errors.ts';
import {Throttle, progressKey} from './progress.ts';
import type {Verbosity} from './sentences.ts';
import type {ReportSink} from './streams.ts';

/** Grows when a field changes its meaning or goes away; new types and fields do not count. */
export const JSON_SCHEMA_VERSION = 1;

/**
 * One JSON object per line on stdout: `schema`, the stamp (`run`, `seq`, `at`; `action.id` for what belongs to an action), `type`, then the
 * event's own fields. `time` is `at` under its older name.
 */
export function createJson({
  sink,
  verbosity,
  answers,
}: {
  readonly sink: ReportSink;
  readonly verbosity: Verbosity;
  /** What the command is asked for. */
  readonly answers?: 'verdicts' | 'ids';
}): (stamped: StampedEvent) => void {
  const oncePerSecond = new Throttle(1000);
  return (stamped) => {
    const {event} = stamped;
    const isAnswer = answers === 'ids' && event.type === 'action-done';
    if (!isAnswer && !isReported(event, verbosity)) return;
    if (event.type === 'progress' && !oncePerSecond.passes(progressKey(event), sink.monotonic())) return;
    if (event.type === 'build-progress' && event.line !== undefined && verbosity === 'normal') return;
    if (event.type === 'waiting' && !oncePerSecond.passes(event.message, sink.monotonic())) return;
    sink.stdout.write(`${jsonText(lineOf(stamped))}\n`);
  };
}

const QUIET: ReadonlySet<Event['type']> = new Set([
  'planned',
  'verdict',
  'bytes-verified',
  'deletable',
  'artifact',
  'difference',
  'audited',
  'shown',
  'findings',
  'status-row',
  'status',
  'action-failed',
  'definition-failed',
  'cloud-failed',
  'run-failed',
  'interrupted',
  'finished',
]);

function isReported(event: Event, verbosity: Verbosity): boolean {
  const {type} = event;
  if (verbosity === 'quiet' && event.type === 'status-row') return event.offending;
  if (verbosity === 'quiet') return QUIET.has(type);
  if (type === 'http') return verbosity === 'debug';
  return type !== 'decision' || verbosity !== 'normal';
}

function lineOf({run, seq, at, action, event}: StampedEvent): object {
  return {
    schema: JSON_SCHEMA_VERSION,
    time: at,
    run,
    seq,
    at,
    ...plain(event),
    ...(action !== undefined && {action: {id: action, ...('action' in event && event.action)}}),
  };
}

function plain(event: Event): object {
  return {
    ...event,
    ...('error' in event && event.error instanceof Error && {error: plainError(event.error)}),
    ...('ms' in event && {ms: Math.round(event.ms)}),
    ...('elapsedMs' in event && {elapsedMs: Math.round(event.elapsedMs), limitMs: Math.round(event.limitMs)}),
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
