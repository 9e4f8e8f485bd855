import type {Observation} from '../../core/metrics/observation.ts';
import type {StatusRow} from '../../core/status/row.ts';
import type {Shown} from '../../core/status/shown.ts';
import type {ImgmgrError} from '../../errors.ts';
import type {CloudReading} from '../contract/common.ts';
import {errorTextOf} from '../errors.ts';
import type {ServerParts} from '../parts.ts';
import {readLine} from '../verbs/command-line.ts';
import type {Answered} from './ask.ts';
import {ask} from './ask.ts';
import type {Read, Reading} from './flights.ts';
import {Flight, Gate} from './flights.ts';

/** What was read is shown for so long without being read again. */
const FRESH_MS = 300_000;
/** The same where somebody asks for it to be read now. */
const LEAST_MS = 10_000;
/** A cloud that says nothing for so long is unreachable. */
const LIMIT_MS = 60_000;
/** Nobody waits longer for an answer; what is read then is there for the next who asks. */
const WAIT_MS = {first: 5000, now: 30_000} as const;
/** As many are read side by side. */
const AT_ONCE = 4;
/** Definitions and images whose details are kept. */
const MOST_SHOWN = 200;

/** What is known of one cloud: the rows of `status`, those that were read last where it does not answer now. */
export interface KnownCloud extends Reading<readonly StatusRow[]> {
  readonly cloud: string;
}

/** What was read of a cloud. */
interface SeenCloud {
  readonly rows: readonly StatusRow[];
  readonly observation: Observation | undefined;
}

/** While somebody asked within this time, clouds are read again without being asked for. */
const ASKED_MS = 900_000;
/** So often it is looked whether one of them is due. */
const DUE_MS = 30_000;

/** The clouds of the server, each read at most every five minutes, by one at a time, and kept. */
export class Clouds {
  readonly names: readonly string[];
  readonly #parts: ServerParts;
  readonly #profile: readonly string[];
  readonly #gate = new Gate(AT_ONCE);
  readonly #ofCloud = new Map<string, Gate>();
  readonly #status = new Map<string, Flight<SeenCloud>>();
  #askedAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  readonly #shown = new Map<string, Flight<Shown | null>>();

  /** `profile`: the flags that choose the profile of the audit. */
  constructor(names: readonly string[], parts: ServerParts, profile: readonly string[] = []) {
    this.names = names;
    this.#parts = parts;
    this.#profile = profile;
    for (const name of names) {
      this.#ofCloud.set(name, new Gate(1));
      this.#status.set(name, new Flight(() => this.#through(name, () => this.#readStatus(name)), this.#rules()));
    }
  }

  /** Reads clouds that are old by itself from now on, while anybody asks for them. */
  begin(): void {
    this.#timer = setInterval(() => {
      if (this.#parts.monotonic() - this.#askedAtMs > ASKED_MS) return;
      for (const flight of this.#status.values()) void flight.get({now: false, waitMs: 0});
    }, DUE_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Somebody asks for them, though nothing is read for that. */
  ask(): void {
    this.#askedAtMs = this.#parts.monotonic();
  }

  /** What is known of these clouds. */
  async status(clouds: readonly string[], isNow: boolean): Promise<readonly KnownCloud[]> {
    this.ask();
    const waitMs = isNow ? WAIT_MS.now : WAIT_MS.first;
    return Promise.all(
      clouds.map(async (cloud) => {
        const reading = await this.#status.get(cloud)?.get({now: isNow, waitMs});
        return knownOf(cloud, reading ?? NOTHING);
      }),
    );
  }

  /** The same without reading anything. */
  known(clouds: readonly string[] = this.names): readonly KnownCloud[] {
    return clouds.map((cloud) => knownOf(cloud, this.#status.get(cloud)?.peek() ?? NOTHING));
  }

  /** What one cloud has under a name or id; `value` is null where it has nothing. */
  async show(cloud: string, target: string, isNow: boolean): Promise<Reading<Shown | null>> {
    const key = JSON.stringify([cloud, target]);
    let flight = this.#shown.get(key);
    // What was asked for last stays longest.
    this.#shown.delete(key);
    flight ??= new Flight(() => this.#through(cloud, () => this.#readShown(cloud, target)), this.#rules());
    this.#shown.set(key, flight);
    for (const oldest of this.#shown.keys()) {
      if (this.#shown.size <= MOST_SHOWN) break;
      this.#shown.delete(oldest);
    }
    return flight.get({now: isNow, waitMs: WAIT_MS.now});
  }

  /** What metrics tell of the cloud as it was read last. */
  observation(cloud: string): Observation | undefined {
    return this.#status.get(cloud)?.peek().value?.observation;
  }

  /** Something was done there: what is known of it is old. */
  expire(clouds: readonly string[]): void {
    for (const cloud of clouds) this.#status.get(cloud)?.expire();
    for (const [key, flight] of this.#shown) {
      const [cloud] = JSON.parse(key) as readonly string[];
      if (cloud !== undefined && clouds.includes(cloud)) flight.expire();
    }
  }

  /** Names of definitions that images of these clouds have, as far as they were read. */
  definitions(clouds: readonly string[] = this.names): ReadonlySet<string> {
    return new Set(this.known(clouds).flatMap(({value = []}) => value.flatMap(({definition}) => definition ?? [])));
  }

  #rules(): {readonly now: () => Date; readonly freshMs: number; readonly leastMs: number} {
    return {now: this.#parts.now, freshMs: FRESH_MS, leastMs: LEAST_MS};
  }

  #through<T>(cloud: string, work: () => Promise<Read<T>>): Promise<Read<T>> {
    const own = this.#ofCloud.get(cloud) ?? this.#gate;
    return own.through(async () => this.#gate.through(work));
  }

  async #readStatus(cloud: string): Promise<Read<SeenCloud>> {
    const {flags} = this.#parts;
    const answered = await ask(
      readLine('status', flags, {clouds: [cloud], flags: this.#profile}),
      LIMIT_MS,
      this.#parts,
    );
    const error = errorOf(answered);
    if (error) return {error: errorTextOf(error)};
    const rows = answered.events.flatMap((event) => (event.type === 'status-row' ? withoutType(event) : []));
    return {value: {rows, observation: answered.observations.get(cloud)}};
  }

  async #readShown(cloud: string, target: string): Promise<Read<Shown | null>> {
    const {flags} = this.#parts;
    const line = readLine('show', flags, {clouds: [cloud], flags: this.#profile, names: [target]});
    const answered = await ask(line, LIMIT_MS, this.#parts);
    const shown = answered.events.find((event) => event.type === 'shown');
    if (shown) return {value: withoutType(shown)};
    const error = errorOf(answered);
    // Login and listing went well, and nothing has the name.
    return !error || error.code === 'USAGE' ? {value: null} : {error: errorTextOf(error)};
  }
}

const NOTHING: Reading<never> = {value: undefined, readAtMs: undefined, error: undefined, isUnderWay: false};

function knownOf(cloud: string, {value, ...reading}: Reading<SeenCloud>): KnownCloud {
  return {cloud, ...reading, value: value?.rows};
}

function errorOf({failure, outcomes}: Answered): ImgmgrError | undefined {
  return failure ?? outcomes.flatMap(({errors}) => errors)[0];
}

function withoutType<T extends {readonly type: string}>(event: T): Omit<T, 'type'> {
  const rest: Omit<T, 'type'> & {type?: string} = {...event};
  delete rest.type;
  return rest;
}

/** How a cloud stands, for an answer. */
export function cloudReading(cloud: string, {error, readAtMs, isUnderWay}: Reading<unknown>): CloudReading {
  return {
    cloud,
    state: error ? 'unreachable' : readAtMs === undefined ? 'unknown' : 'reachable',
    error: error ?? null,
    observedAt: readAtMs === undefined ? null : new Date(readAtMs).toISOString(),
    refreshing: isUnderWay,
  };
}
