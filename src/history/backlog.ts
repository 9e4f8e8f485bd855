import type {Event, StampedEvent} from '../core/events.ts';

/** An event that waits to be written; `keep` false: only what it says of the parts of the run is. */
export interface Waiting {
  readonly stamped: StampedEvent;
  readonly keep: boolean;
}

/** The oldest of what waits. */
export interface Slice {
  readonly entries: readonly Waiting[];
  /** Nothing else waits. */
  readonly isLast: boolean;
}

/** As many are written in one transaction: some milliseconds. */
const SLICE = 200;
/** As many may wait while another process has the database. */
const MOST = 50_000;
/** Progress of one thing is stored so seldom; each new phase, at once. */
const PROGRESS_MS = 5000;

/** The events of a run that are not written yet, in order. Of progress the latest alone waits. */
export class Backlog {
  #entries: Waiting[] = [];
  readonly #stored = new Map<string, {readonly phase: string; readonly atMs: number}>();

  /** False when more wait than this process can hold for the database. */
  add(stamped: StampedEvent): boolean {
    const {event} = stamped;
    if (event.type === 'http') return true;
    const key = repeatedKey(event);
    const keep = key === undefined || this.#isDue(key, phaseOf(event));
    const last = this.#entries.at(-1);
    if (!keep && last?.keep === false && repeatedKey(last.stamped.event) === key) this.#entries.pop();
    this.#entries.push({stamped, keep});
    return this.#entries.length <= MOST;
  }

  slice(): Slice {
    const entries = this.#entries.slice(0, SLICE);
    return {entries, isLast: entries.length === this.#entries.length};
  }

  /** They are written. */
  drop({entries}: Slice): void {
    this.#entries = this.#entries.slice(entries.length);
  }

  #isDue(key: string, phase: string): boolean {
    const nowMs = performance.now();
    const before = this.#stored.get(key);
    if (before?.phase === phase && nowMs - before.atMs < PROGRESS_MS) return false;
    this.#stored.set(key, {phase, atMs: nowMs});
    return true;
  }
}

/** Names what repeats itself; undefined for events of which each counts. */
function repeatedKey(event: Event): string | undefined {
  const {type} = event;
  if (type === 'progress') return JSON.stringify([type, event.cloud, event.definition, event.version]);
  if (type === 'waiting') return JSON.stringify([type, event.cloud, event.message]);
  if (type === 'build-progress') return JSON.stringify([type, event.definition, event.version]);
  return undefined;
}

function phaseOf(event: Event): string {
  return 'phase' in event ? event.phase : '';
}
