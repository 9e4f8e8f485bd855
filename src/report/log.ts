import type {Event, StampedEvent} from '../core/events.ts';
import {subject} from './action-text.ts';
import {formatTime} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import {Throttle, progressKey, progressTexts} from './progress.ts';
import type {Level, Sentence, Verbosity} from './sentences.ts';
import {createDescriber} from './sentences.ts';
import type {ReportSink} from './streams.ts';

/** Long waits give a sign of life this often. */
const HEARTBEAT_MS = 60_000;

/** How long a cloud may take to log in before it is said that this takes time, and how often. */
const LOGIN_MS = 15_000;

/** What a line-by-line report needs. */
export interface LogParts {
  readonly sink: ReportSink;
  readonly verbosity: Verbosity;
  /** For stderr. */
  readonly paint: Paint;
}

/** One line per event on stderr, with UTC time and level, in the form that operators of OSISM know. */
export function createLog({sink, verbosity, paint}: LogParts): (stamped: StampedEvent) => void {
  const heartbeat = new Throttle(HEARTBEAT_MS);
  const describe = createDescriber(verbosity);
  const write = (sentence: Sentence, at: string): void => {
    const head = `${timestamp(at)} | ${painted(sentence.level, paint)} | `;
    for (const line of [sentence.text, ...(sentence.details ?? [])]) sink.stderr.write(`${head}${clean(line)}\n`);
  };
  const beat = ({key, text, at}: Beat): void => {
    if (verbosity !== 'quiet' && heartbeat.passes(key, sink.monotonic())) write({level: 'info', text}, at);
  };
  const login = new Waiting((elapsedMs, clouds) => {
    const text = `logging in to ${clouds}, ${formatTime(elapsedMs)} so far`;
    // No event stands behind this line.
    if (verbosity !== 'quiet') write({level: 'info', text}, sink.now().toISOString());
  });
  return ({event, at}) => {
    if (event.type === 'started' && event.clouds.length > 0) login.begin(event.clouds.join(', '));
    else login.end();
    if (event.type === 'build-progress' && event.line === undefined)
      beat({key: JSON.stringify([event.definition, event.version, event.phase]), text: buildLine(event), at});
    else if (event.type === 'progress')
      beat({
        key: progressKey(event),
        text: `${subject(event)}: ${progressTexts(event)[0]}`,
        at,
      });
    else if (event.type === 'waiting')
      beat({
        key: `${event.cloud} ${event.message}`,
        text: `${event.message}, ${formatTime(event.elapsedMs)} of at most ${formatTime(event.limitMs)}`,
        at,
      });
    else for (const sentence of describe(event)) write(sentence, at);
  };
}

/** A sign of life of what goes on; `key` names that. */
interface Beat {
  readonly key: string;
  readonly text: string;
  readonly at: string;
}

/** Says every {@link LOGIN_MS} that something still goes on. */
class Waiting {
  readonly #say: (elapsedMs: number, what: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(say: (elapsedMs: number, what: string) => void) {
    this.#say = say;
  }

  begin(what: string): void {
    this.end();
    let elapsedMs = 0;
    this.#timer = setInterval(() => this.#say((elapsedMs += LOGIN_MS), what), LOGIN_MS).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** `2026-01-31 16:44:45`, UTC, from the time of an event. */
function timestamp(at: string): string {
  return at.slice(0, 19).replace('T', ' ');
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
