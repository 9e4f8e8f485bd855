import type {UseCase} from '../app/ports.ts';
import type {Caller} from '../compose/context.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {ServerFlags} from './verbs/command-line.ts';

/** A command line as the CLI reads it: what a verb is asked. */
export interface ReadCommand {
  readonly request: unknown;
  readonly load: () => Promise<UseCase<unknown>>;
  readonly allowPrivateSources: boolean;
  readonly images?: readonly string[];
}

/** What every part of the server is handed. */
export interface ServerParts {
  /** On whose behalf everything is done: the user of this process. */
  readonly caller: Caller;
  readonly secrets: Secrets;
  readonly now: () => Date;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
  /** Reads a command line as the CLI does, settings files included. USAGE, CONFIG. */
  readonly parse: (line: readonly string[]) => Promise<ReadCommand>;
  readonly flags: ServerFlags;
  /** `$STATE/server`. */
  readonly folder: string;
  readonly host: string;
  /** Says something to whoever reads the log of the server; one line. */
  readonly log: (text: string) => void;
}
