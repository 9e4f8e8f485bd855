import {eventRecord} from '../core/event-record.ts';
import type {Event, StampedEvent} from '../core/events.ts';
import {jsonText} from '../core/json-text.ts';
import {Throttle, progressKey} from './progress.ts';
import {isOffending} from './doctor-text.ts';
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
  readonly answers?: 'verdicts' | 'ids' | 'history';
}): (stamped: StampedEvent) => void {
  const oncePerSecond = new Throttle(1000);
  return (stamped) => {
    const {event} = stamped;
    const isAnswer = answers === 'ids' && event.type === 'action-done';
    if (!isAnswer && !isReported(event, verbosity)) return;
    if (event.type === 'progress' && !oncePerSecond.passes(progressKey(event), sink.monotonic())) return;
    if (event.type === 'build-progress' && event.line !== undefined && verbosity === 'normal') return;
    if (event.type === 'waiting' && !oncePerSecond.passes(event.message, sink.monotonic())) return;
    sink.stdout.write(`${jsonText({schema: JSON_SCHEMA_VERSION, time: stamped.at, ...eventRecord(stamped)})}\n`);
  };
}

const QUIET: ReadonlySet<Event['type']> = new Set([
  'planned',
  'verdict',
  'bytes-verified',
  'exported',
  'presence',
  'deletable',
  'deletable-builds',
  'artifact',
  'difference',
  'audited',
  'shown',
  'inspected',
  'hold',
  'rolled-back',
  'check',
  'checked',
  'setting',
  'policy',
  'findings',
  'status-row',
  'status',
  'history-run',
  'history-elsewhere',
  'history',
  'history-shown',
  'history-line',
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
  if (verbosity === 'quiet' && event.type === 'check') return isOffending(event.health);
  if (verbosity === 'quiet') return QUIET.has(type);
  if (type === 'http') return verbosity === 'debug';
  return type !== 'decision' || verbosity !== 'normal';
}
