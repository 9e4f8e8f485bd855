import type {Event} from '../core/events.ts';
import {subject} from './action-text.ts';
import {formatTime} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import type {ProgressEvent} from './progress.ts';
import {RateMeter, Throttle, progressKey, progressText} from './progress.ts';
import type {Level, Sentence, Verbosity} from './sentences.ts';
import {createTeller} from './sentences.ts';
import type {ReportSink} from './streams.ts';

/** Long waits give a sign of life this often. */
export const HEARTBEAT_MS = 60_000;

/** What a line-by-line report needs. */
export interface LogParts {
  readonly sink: ReportSink;
  readonly verbosity: Verbosity;
  /** For stderr. */
  readonly paint: Paint;
}

/** One line per event on stderr, with UTC time and level, in the form that operators of OSISM know. */
export function createLog({sink, verbosity, paint}: LogParts): (event: Event) => void {
  const heartbeat = new Throttle(HEARTBEAT_MS);
  const meter = new RateMeter();
  const tell = createTeller(verbosity);
  const write = (sentence: Sentence): void => {
    const head = `${timestamp(sink.now())} | ${painted(sentence.level, paint)} | `;
    for (const line of [sentence.text, ...(sentence.details ?? [])]) sink.stderr.write(`${head}${clean(line)}\n`);
  };
  const beat = (key: string, text: string): void => {
    if (verbosity !== 'quiet' && heartbeat.passes(key, sink.monotonic())) write({level: 'info', text});
  };
  return (event) => {
    if (event.type === 'build-progress' && event.line === undefined)
      beat(JSON.stringify([event.definition, event.version, event.phase]), buildLine(event));
    else if (event.type === 'progress') beat(progressKey(event), progressLine(event, meter, sink.monotonic()));
    else if (event.type === 'waiting')
      beat(
        `${event.cloud} ${event.message}`,
        `${event.message}, ${formatTime(event.elapsedMs)} of at most ${formatTime(event.limitMs)}`,
      );
    else tell(event).forEach(write);
  };
}

/** `2026-01-31 16:44:45`, UTC. */
export function timestamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

/** `AlmaLinux 9 (20241120): uploading …`. */
export function progressLine(event: ProgressEvent, meter: RateMeter, nowMs: number): string {
  const rate =
    event.bytes === undefined ? undefined : meter.rate(`${progressKey(event)}${event.phase}`, event.bytes, nowMs);
  return `${subject(event)}: ${progressText(event, rate)}`;
}

/** `Debian 12 (20261121): building, install.d, 41 s of at most 60 min`. */
export function buildLine(event: Extract<Event, {type: 'build-progress'}>): string {
  return `${subject(event)}: building, ${event.phase}, ${formatTime(event.elapsedMs)} of at most ${formatTime(event.limitMs)}`;
}

function painted(level: Level, paint: Paint): string {
  const word = level.toUpperCase().padEnd(8);
  if (level === 'error') return paint.red(word);
  if (level === 'warning') return paint.yellow(word);
  return level === 'debug' ? paint.dim(word) : word;
}
