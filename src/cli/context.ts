import {readFile, readdir, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import type {ImageSource} from '../cloud/image-source.ts';
import {requireDefinitions} from '../config/definitions.ts';
import {readTextFile} from '../config/surroundings.ts';
import type {Definition} from '../core/definition.ts';
import type {Emit} from '../core/events.ts';
import type {ResolvedCloud} from '../core/resolved-cloud.ts';
import {createExec} from '../exec.ts';
import type {HttpOptions} from '../http.ts';
import {createHttp} from '../http.ts';
import {createSource} from '../sources/create-source.ts';
import {VERSION} from '../version.ts';
import type {CloudPorts, Surroundings} from '../workflow/types.ts';
import type {Env, Io} from './io.ts';
import {openCloud} from './open-cloud.ts';
import {hostSurroundings} from './surroundings.ts';

/** Where definitions are looked for when `--images` is not given. */
export const DEFAULT_IMAGES = 'images';

/** The cloud that is a folder of this machine. */
export const LOCAL_CLOUD = 'local';

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
  /** The definitions under a path (default {@link DEFAULT_IMAGES}) and the folder that their relative `file:` paths start from. */
  definitions(
    path: string | undefined,
  ): Promise<{readonly definitions: readonly Definition[]; readonly folder: string}>;
  /** When a regular file was last changed; undefined where there is none. */
  readonly modified: (path: string) => Promise<Date | undefined>;
  /** The clouds to work on; `names` as given by `--cloud`. CONFIG when one of them is not known. */
  clouds(names: readonly string[]): Promise<readonly OpenCloud[]>;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What a context is made from. */
export interface ContextParts {
  readonly io: Pick<Io, 'stdin'>;
  readonly env: Env;
  readonly emit: Emit;
  /** True when an image comes from stdin. */
  readonly readsStdin: boolean;
}

export function createContext({io, env, emit, readsStdin}: ContextParts): Context {
  const cwd = process.cwd();
  const opened: CloudPorts[] = [];
  const httpOptions: HttpOptions = {
    proxy: 'environment',
    onExchange: (exchange) => emit({type: 'http', ...exchange}),
    headers: {'user-agent': `imgmgr/${VERSION}`},
  };
  const source = createSource({
    http: createHttp(httpOptions),
    exec: createExec(env),
    ...(readsStdin && {stdin: io.stdin}),
  });
  return {
    cwd,
    surroundings: hostSurroundings(),
    source,
    definitions: async (path = DEFAULT_IMAGES) => readDefinitions(resolve(cwd, path), path),
    modified,
    clouds: async (names) =>
      (await chooseClouds(names, env, cwd)).map((cloud) => ({
        name: cloud.name,
        async open() {
          const ports = await openCloud(cloud, {http: httpOptions, localFolder: localFolder(env)});
          opened.push(ports);
          return ports;
        },
      })),
    async close() {
      await Promise.all([source.close(), ...opened.map(({store}) => store.close())]);
    },
  };
}

async function readDefinitions(
  absolute: string,
  shown: string,
): Promise<{readonly definitions: readonly Definition[]; readonly folder: string}> {
  const {definitions} = await requireDefinitions(shown, {readFile, readdir, stat});
  const isFolder = (await stat(absolute)).isDirectory();
  return {definitions, folder: isFolder ? absolute : dirname(absolute)};
}

async function modified(path: string): Promise<Date | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtime : undefined;
  } catch {
    return undefined;
  }
}

async function chooseClouds(names: readonly string[], env: Env, cwd: string): Promise<ResolvedCloud[]> {
  if (names.length > 0 && names.every((name) => name === LOCAL_CLOUD)) return [{kind: 'local', name: LOCAL_CLOUD}];
  const {selectClouds} = await import('../config/clouds.ts');
  return selectClouds({requested: names, env, cwd, home: env['HOME'] ?? homedir(), readFile: readTextFile});
}

/** `$IMGMGR_LOCAL`, else in `$XDG_DATA_HOME`. */
export function localFolder(env: Env): string {
  if (env['IMGMGR_LOCAL'] !== undefined && env['IMGMGR_LOCAL'] !== '') return env['IMGMGR_LOCAL'];
  const home = env['HOME'] ?? homedir();
  const data = env['XDG_DATA_HOME'] ?? '';
  return join(data === '' ? join(home, '.local', 'share') : data, 'imgmgr', 'local');
}
