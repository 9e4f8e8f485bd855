import {readdir, stat} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ImageBuilder} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {ImageSource} from '../ports/image-source.ts';
import {selectClouds} from '../config/clouds.ts';
import {requireDefinitions} from '../config/definitions.ts';
import {agentFolder, imagesPaths, localDir, proxyFor, stateDir, workDir} from '../config/settings.ts';
import {readTextFile} from '../config/surroundings.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import type {CloudAuth, ResolvedCloud} from '../core/resolved-cloud.ts';
import type {Exec} from '../exec.ts';
import {readRegularFile} from '../host/regular-file.ts';
import type {HttpOptions} from '../http.ts';
import {checkProxies, createHttp} from '../http.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import type {CloudPorts, Surroundings} from '../workflow/types.ts';
import type {VerificationParts} from '../workflow/verification/types.ts';
import type {HashBytes} from '../workflow/verification/verify-deep.ts';
import {evidenceFinder, evidenceKeeper} from './evidence.ts';
import {homeFolder} from './home.ts';
import type {Env, Io} from './io.ts';
import type {BuildRequest} from './builds.ts';
import {lazyBuilder} from './lazy-builder.ts';
import {lazyConverter} from './lazy-converter.ts';
import {lazySource} from './lazy-source.ts';
import {openCloud} from './open-cloud.ts';
import {probePort} from './probe-port.ts';
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
  /** Converts on this host. */
  readonly converter: ImageConverter;
  /** The definitions under all `--images`; none: the default place. DEFINITION with all problems at once. */
  definitions(paths: readonly string[]): Promise<readonly Definition[]>;
  /** When a regular file was last changed; undefined where there is none. */
  readonly modified: (path: string) => Promise<Date | undefined>;
  /** The clouds to work on; `names` as given by `--cloud`, or by the flag `by`. CONFIG when that is not clear. */
  clouds(names: readonly string[], by?: '--verify-cloud'): readonly OpenCloud[];
  /** The cloud `local`, with files that are not in its store but can be booted, by image id. */
  local(files: ReadonlyMap<string, string>): OpenCloud;
  /** Builds images on this host. */
  builder(request: BuildRequest): ImageBuilder;
  /** What verification needs of this host. */
  verification(): Promise<
    Pick<VerificationParts, 'openDesk' | 'userData' | 'keepEvidence' | 'findEvidence' | 'probePort'>
  >;
  /** Hashes a stream. */
  readonly hashBytes: HashBytes;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** What a context is made from. */
export interface ContextParts {
  readonly io: Pick<Io, 'stdin' | 'now'>;
  readonly env: Env;
  readonly emit: Emit;
  /** True when an image comes from stdin. */
  readonly readsStdin: boolean;
  /** What `--region` says. */
  readonly region?: string;
  /** Ends every connection, where nothing was written yet. */
  readonly abandoned: AbortSignal;
  /** Redirects of sources may lead to this host and to private networks. */
  readonly allowPrivateSources: boolean;
  /** Gets to know the secrets of clouds, proxies and guests. */
  readonly secrets: Secrets;
}

const GIB = 1024 ** 3;
/** No file of definitions is larger. */
const LARGEST_FILE = 256 * 1024 ** 2;

export function createContext({
  io,
  env,
  emit,
  readsStdin,
  allowPrivateSources,
  region,
  abandoned,
  secrets,
}: ContextParts): Context {
  const cwd = process.cwd();
  const home = homeFolder(env);
  const opened: CloudPorts[] = [];
  const httpFor = (side: 'source' | 'cloud'): HttpOptions => ({
    proxy: proxyFor(side, env),
    env,
    signal: abandoned,
    secrets,
    onExchange: (exchange) => emit({type: 'http', ...exchange}),
    headers: {'user-agent': `imgmgr/${VERSION}`},
  });
  // Told before the login, not by the first import.
  const sourceHttp = httpFor('source');
  if (sourceHttp.proxy === 'environment') checkProxies(env);
  const exec = async (): Promise<Exec> => {
    const {createExec} = await import('../exec.ts');
    return createExec(env);
  };
  const source = lazySource(async () => {
    const {createSource} = await import('../sources/create-source.ts');
    return createSource({
      http: createHttp(sourceHttp),
      exec: await exec(),
      allowPrivate: allowPrivateSources,
      ...(readsStdin && {stdin: io.stdin}),
    });
  });
  const converter = lazyConverter(async () => {
    const {createConverter} = await import('../sources/create-converter.ts');
    return createConverter({exec: await exec(), root: workDir(env, {home, cwd})});
  });
  const choose = (cloud: ResolvedCloud, files?: ReadonlyMap<string, string>): OpenCloud => ({
    name: cloud.name,
    async open() {
      const ports = await openCloud(cloud, {
        http: httpFor('cloud'),
        localFolder: localDir(env, {home, cwd}),
        exec,
        images: converter,
        ...(files && {files}),
      });
      opened.push(ports);
      return ports;
    },
  });

  return {
    cwd,
    surroundings: hostSurroundings(),
    source,
    converter,
    definitions: (paths) => readDefinitions(imagesPaths(paths, env), cwd),
    modified,
    clouds(requested, by) {
      const chosen = {...(by !== undefined && {by}), ...(region !== undefined && {region})};
      const clouds = selectClouds({requested, ...chosen, env, cwd, home, readFile: readTextFile});
      for (const cloud of clouds) if (cloud.kind === 'local') warnOfShadowed(cloud.shadowed, emit);
      for (const cloud of clouds) if (cloud.kind !== 'local') addAuth(secrets, cloud.auth);
      return clouds.map((cloud) => choose(cloud));
    },
    local: (files) => choose({kind: 'local', name: 'local'}, files),
    builder: (request) =>
      lazyBuilder(async () => {
        const {createImageBuilder} = await import('../build/image-builder.ts');
        return createImageBuilder({
          exec: await exec(),
          secrets,
          images: converter,
          env,
          stateFolder: stateDir(env, home, process.getuid?.() ?? 0),
          ownElements: fileURLToPath(new URL('../../elements', import.meta.url)),
          agents: agentFolder(env, {home, cwd}) ?? builtAgents(),
          agentVersion: VERSION,
          keepLogs: request.keepLogs,
          cacheBytes: request.cacheGib * GIB,
          lockWaitMs: request.lockWaitMs,
          warn: (message, hint) => emit({type: 'warning', code: 'build', message, ...(hint !== undefined && {hint})}),
          now: io.now,
        });
      }),
    async verification() {
      const {countedRefusals, createReportDeskOpener, userData} = await import('../verify/create-verify.ts');
      const refused = countedRefusals((message) =>
        emit({type: 'warning', code: 'report-refused', message, hint: REFUSED_HINT}),
      );
      return {
        openDesk: createReportDeskOpener({
          agentFolder: agentFolder(env, {home, cwd}) ?? builtAgents(),
          ...{onRefused: refused, onReportRefused: refused, secrets},
        }),
        userData: (job, {ignoreBaked}) => userData(job, {ignoreBaked}),
        keepEvidence: evidenceKeeper({
          folder: stateDir(env, home, process.getuid?.() ?? 0),
          emit,
          scrub: (text) => secrets.scrub(text),
        }),
        findEvidence: evidenceFinder(stateDir(env, home, process.getuid?.() ?? 0)),
        probePort,
      };
    },
    async hashBytes(bytes, algorithms, seen) {
      const {hashStream} = await import('../sources/tally.ts');
      return hashStream(bytes, algorithms, seen);
    },
    async close() {
      await Promise.all([source.close(), ...opened.flatMap(({store, tests}) => [tests.close(), store.close()])]);
    },
  };
}

const REFUSED_HINT = 'only the guest under test should call; limit who can reach the listener (firewall, --listen)';

function addAuth(secrets: Secrets, auth: CloudAuth): void {
  if (auth.type === 'token') secrets.add(auth.token);
  else if (auth.type === 'application-credential') secrets.add(auth.secret);
  else secrets.addLogin('name' in auth.user ? auth.user.name : auth.user.id, auth.password);
}

/** Beside the bundle, or, when run from the sources, where `npm run build` puts them. */
function builtAgents(): string {
  const [bundled, built] = ['../agent', '../../dist/agent'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return (bundled !== undefined && existsSync(bundled) ? bundled : built) ?? '';
}

/** Each with the folder of its file. */
async function readDefinitions(paths: readonly string[], cwd: string): Promise<readonly Definition[]> {
  const {definitions} = await requireDefinitions(paths, {
    readFile: (file) => readRegularFile(file, {maxBytes: LARGEST_FILE}),
    readdir,
    stat,
  });
  return definitions.map((definition) => ({...definition, folder: dirname(resolve(cwd, definition.place.file))}));
}

async function modified(path: string): Promise<Date | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mtime : undefined;
  } catch {
    return undefined;
  }
}

function warnOfShadowed(shadowed: string | undefined, emit: Emit): void {
  if (shadowed === undefined) return;
  emit({
    type: 'warning',
    code: 'local-shadowed',
    cloud: 'local',
    message: `the cloud "local" of ${shadowed} is not used: the name is reserved for the folder on this machine`,
    hint: 'rename the entry',
  });
}
