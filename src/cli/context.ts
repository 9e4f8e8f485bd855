import {readFile, readdir, stat} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import type {ImageSource} from '../cloud/image-source.ts';
import {requireDefinitions} from '../config/definitions.ts';
import type {Definition} from '../core/definition.ts';
import type {Emit} from '../core/events.ts';
import {createExec} from '../exec.ts';
import {createHttp} from '../http.ts';
import {createSource} from '../sources/create-source.ts';
import type {CloudPorts, Surroundings} from '../workflow/types.ts';
import type {Env, Io} from './io.ts';
import {hostSurroundings} from './surroundings.ts';

/** A cloud that was chosen, not logged in to yet. */
export interface OpenCloud {
  readonly name: string;
  /** Constructs its adapter. */
  open(): Promise<CloudPorts>;
}

/** Everything of the world that the commands need; the only place where adapters are constructed. */
export interface Context {
  readonly cwd: string;
  readonly surroundings: Surroundings;
  readonly source: ImageSource;
  /** The definitions under a path (default: {@link DEFAULT_IMAGES}) and the folder that their relative `file:` paths start from. */
  definitions(
    path: string | undefined,
  ): Promise<{readonly definitions: readonly Definition[]; readonly folder: string}>;
  /** When a regular file was last changed. */
  modified(path: string): Promise<Date | undefined>;
  /** The clouds to work on; `names` as given by `--cloud`. */
  clouds(names: readonly string[]): Promise<readonly OpenCloud[]>;
  close(): Promise<void>;
}
