import {randomUUID} from 'node:crypto';
import {createContext} from '../../compose/context.ts';
import {shownDefinition} from '../../core/status/show.ts';
import {asImgmgrError} from '../../errors.ts';
import type {DefinitionsAnswer} from '../contract/images.ts';
import {errorTextOf} from '../errors.ts';
import type {ServerParts} from '../parts.ts';
import {commandText, readLine} from '../verbs/command-line.ts';
import {ask} from './ask.ts';
import type {Reading} from './flights.ts';
import {Flight} from './flights.ts';

/** Files are read again after this time. */
const FRESH_MS = 15_000;
const LIMIT_MS = 60_000;
/** No list is longer. */
const MOST = 1000;

/** What the definition files of this host say, judged as `validate` does, and kept for a moment. */
export class Definitions {
  readonly #parts: ServerParts;
  readonly #flight: Flight<DefinitionsAnswer>;

  /** `profile`: the flags that choose the profile of the audit. */
  constructor(parts: ServerParts, profile: readonly string[] = []) {
    this.#parts = parts;
    this.#flight = new Flight(async () => this.#read(profile), {
      now: parts.now,
      freshMs: FRESH_MS,
      leastMs: FRESH_MS,
    });
  }

  /** What the files say; read again where that is old. */
  async answer(): Promise<Reading<DefinitionsAnswer>> {
    return this.#flight.get({now: true, waitMs: LIMIT_MS});
  }

  /** Names of the definitions that can be read. */
  async names(): Promise<ReadonlySet<string>> {
    const {value} = await this.answer();
    return new Set((value?.definitions ?? []).map(({name}) => name));
  }

  async #read(
    profile: readonly string[],
  ): Promise<{readonly value: DefinitionsAnswer} | {readonly error: ReturnType<typeof errorTextOf>}> {
    const {flags} = this.#parts;
    try {
      const line = readLine('validate', flags, {flags: profile});
      const [definitions, answered] = await Promise.all([this.#written(line), ask(line, LIMIT_MS, this.#parts)]);
      const audited = answered.events.find((event) => event.type === 'audited');
      if (!audited) return {error: errorTextOf(asImgmgrError(answered.failure ?? new Error('validate said nothing')))};
      const {asOf, files, problems, findings, ahead} = audited;
      return {
        value: {
          ...{asOf, files, problems: problems.slice(0, MOST)},
          ...{findings: findings.slice(0, MOST), ahead: ahead.slice(0, MOST)},
          definitions: definitions.slice(0, MOST),
          more: [definitions, problems, findings, ahead].some(({length}) => length > MOST),
          command: commandText(line),
        },
      };
    } catch (error) {
      return {error: errorTextOf(asImgmgrError(error))};
    }
  }

  async #written(line: readonly string[]): Promise<DefinitionsAnswer['definitions']> {
    const {caller, secrets, now, flags, parse} = this.#parts;
    const {images} = await parse(line);
    const context = createContext({
      ...{run: randomUUID(), caller, now, secrets, allowPrivateSources: false},
      ...{emit: () => undefined, abandoned: new AbortController().signal},
      ...(images && {images}),
    });
    try {
      const {written} = await context.files.written(flags.images);
      return written.map(({definition}) => shownDefinition(definition));
    } finally {
      await context.close();
    }
  }
}
