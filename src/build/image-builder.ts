import {createHash, randomUUID} from 'node:crypto';
import {mkdir, readFile, readdir} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import type {Artifact, BuildRequest, ImageBuilder} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {Manifest} from '../core/build/manifest.ts';
import {parseManifest} from '../core/build/manifest.ts';
import type {Package} from '../core/build/packages.ts';
import {parsePackages} from '../core/build/packages.ts';
import {patchlevelOf} from '../core/build/patchlevel.ts';
import type {Warning} from '../core/warnings.ts';
import {notRemoved} from '../core/warnings.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {logName} from './artifact-names.ts';
import {makePrivateFolder} from '../host/private-folder.ts';
import type {Scrubber} from './build-log.ts';
import type {ArtifactStore} from './artifact-store.ts';
import {createArtifactStore} from './artifact-store.ts';
import {keepLogs} from './build-logs.ts';
import {inWorkFolder} from './in-work-folder.ts';
import {trim, usableCache} from './caches.ts';
import {prepareContainer} from './container.ts';
import {hostPath} from './dib-command.ts';
import {CACHES, DEFAULTS, mirrorsOf} from './environment.ts';
import {asFileError} from './file-error.ts';
import {elementFolders, readInputs} from './inputs.ts';
import type {ReadInputs} from './inputs.ts';
import {preflight} from './preflight.ts';
import type {DibResult} from './run-dib.ts';
import {runDib} from './run-dib.ts';
import {STAND_IN_NOTE, writeStandIns} from './stand-ins.ts';
import type {Left} from './sweep.ts';
import {sweepBuilds} from './sweep.ts';
import type {DibTool} from './tool.ts';
import {findDib} from './tool.ts';
import type {WorkFolder} from './work-folder.ts';
import {workRoot} from './work-folder.ts';

/** What the builder works with on this host. */
export interface BuilderParts {
  readonly exec: Exec;
  /** Takes the secrets of the run out of logs; absent: all stays. */
  readonly secrets?: Scrubber;
  /** Judges what a build made. */
  readonly images: Pick<ImageConverter, 'judgeFile'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; artifacts, logs, caches and the lock of this host are below it. */
  readonly stateFolder: string;
  /** Absolute path of imgmgr's own elements, and of the guest agents (`imgmgr-agent-<machine>`). */
  readonly ownElements: string;
  readonly agents: string;
  /** Where diskimage-builder is looked for last. */
  readonly checkoutDib?: string;
  readonly agentVersion: string;
  readonly keepLogs: number;
  readonly cacheBytes: number;
  /** How long another build of this host is waited for. */
  readonly lockWaitMs: number;
  readonly warn: (warning: Warning) => void;
  readonly now: () => Date;
}

/** Builds with the diskimage-builder of this host. */
export function createImageBuilder(parts: BuilderParts): ImageBuilder {
  const store = createArtifactStore({
    folder: join(parts.stateFolder, 'artifacts'),
    damaged: ({path, problem}) =>
      parts.warn({
        code: 'build-damaged',
        message: `the build ${path} is not used: ${problem}`,
        hint: 'it goes with the next ones',
      }),
  });
  let tool: Promise<DibTool> | undefined;
  const dib = (): Promise<DibTool> => (tool ??= findDib(parts));
  const advised = new Set<string>();
  // Inputs are read for each cloud; what could be better in an element is said once.
  const advise = (advice: ReadInputs['advice']): void => {
    for (const {message, hint} of advice) {
      if (!advised.has(message)) parts.warn({code: 'build', message, hint});
      advised.add(message);
    }
  };
  const read = async ({
    spec,
    machine,
    baseDir,
  }: Pick<BuildRequest, 'spec' | 'machine' | 'baseDir'>): Promise<ReadInputs> =>
    readInputs({spec, machine, baseDir, tool: await dib(), ...parts});
  return {
    async inputs(request) {
      const {inputs, advice} = await read(request);
      advise(advice);
      return inputs;
    },
    artifacts: (definition) => store.list(definition),
    async build(request) {
      const {inputs, trees} = await read(request);
      if (inputs.hash !== request.inputs.hash)
        throw new ImgmgrError('CONFLICT', `what ${request.definition} is built from was changed just now`, {
          hint: 'run again when the change is complete',
        });
      return new Build({parts, store, request, tool: await dib(), trees}).run();
    },
    async complete(artifact, digests) {
      await store.complete(artifact, digests);
      const text = await readFile(artifact.manifest, 'utf8');
      const patchlevel = patchlevelOf(parseManifest(text, artifact.manifest).packages);
      return {
        manifestSha256: createHash('sha256').update(text).digest('hex'),
        ...(patchlevel !== undefined && {patchlevel}),
      };
    },
    use: (artifact) => store.use(artifact),
    async sweep() {
      // A user who may not build has left nothing that only root can remove.
      if (process.getuid?.() !== 0) return;
      await store.sweep();
      warnLeft(parts, (await sweepBuilds(parts.exec, workRoot(parts.env))).left);
    },
    keepNewest: (definition, keep, given) => store.keepNewest(definition, keep, given),
    close: () => store.close(),
  };
}

function warnLeft({warn}: BuilderParts, left: readonly Left[]): void {
  for (const {folder, reason} of left)
    warn(
      notRemoved({
        what: `what a build left in ${folder}`,
        reason,
        hint: 'the next run looks again; remove it by hand if nobody needs it',
      }),
    );
}

interface BuildParts {
  readonly parts: BuilderParts;
  readonly store: ArtifactStore;
  readonly request: BuildRequest;
  readonly tool: DibTool;
  readonly trees: ReadInputs['trees'];
}

class Build {
  readonly #given: BuildParts;
  readonly #startMs = performance.now();

  constructor(given: BuildParts) {
    this.#given = given;
  }

  async run(): Promise<Artifact> {
    const {parts, request, trees} = this.#given;
    const root = workRoot(parts.env);
    await makePrivateFolder(parts.stateFolder).catch((error: unknown) => {
      throw asFileError(error, {path: parts.stateFolder});
    });
    const {spec, machine} = request;
    const elements = trees.map(({name}) => name);
    const path = [dirname(this.#given.tool.command), hostPath(parts.env)].join(delimiter);
    const host = await preflight({exec: parts.exec, path, workRoot: root, wants: {spec, machine, elements}});
    const mirrors = mirrorsOf(parts.env);
    const lock = {
      folder: join(parts.stateFolder, 'build-lock'),
      definition: request.definition,
      limitMs: parts.lockWaitMs,
      signal: request.signal,
      waiting: ({holder}: {readonly holder: string}) => this.#report(`waiting for the build of ${holder}`),
    };
    const left = (folders: readonly Left[]): void => warnLeft(parts, folders);
    return inWorkFolder({exec: parts.exec, root, lock, left}, async (folder) => {
      if (host.standIns) {
        await writeStandIns(folder.bin);
        this.#report('preparing', STAND_IN_NOTE);
      }
      return this.#inFolder(folder, mirrors);
    });
  }

  async #inFolder(folder: WorkFolder, mirrors: Readonly<Record<string, string>>): Promise<Artifact> {
    const {parts, request, tool, store} = this.#given;
    const startedAt = parts.now();
    const log = await this.#logPath();
    const cache = await this.#cacheFolder(folder);
    const {container} = request.spec;
    const containerEnv = container && (await prepareContainer(container, {...request, ...parts, folder}));
    const [, ...others] = elementFolders({...request, ...parts, tool}).reverse();
    const result = await runDib({
      ...request,
      exec: parts.exec,
      ...(parts.secrets && {secrets: parts.secrets}),
      images: parts.images,
      tool,
      folder,
      elementsPaths: others.reverse(),
      imageCache: cache,
      hostEnv: parts.env,
      extraEnv: {...DEFAULTS, ...CACHES, ...mirrors, ...this.#agentVariable(), ...containerEnv},
      logPath: log,
    });
    for (const warning of result.warnings) this.#report('finishing', warning);
    this.#report('finishing');
    const artifact = await store.add({
      definition: request.definition,
      version: request.version,
      inputs: request.inputs.hash,
      machine: request.machine,
      files: result.outputs,
      log,
      builtAt: startedAt.toISOString(),
      manifest: await this.#manifest(result, {startedAt, mirrors}),
    });
    await this.#tidy(cache);
    return artifact;
  }

  async #manifest(
    {outputs, manifests}: DibResult,
    {startedAt, mirrors}: {readonly startedAt: Date; readonly mirrors: Readonly<Record<string, string>>},
  ): Promise<Manifest> {
    const {parts, request, tool, trees} = this.#given;
    const mirror = request.spec.environment['DIB_DISTRIBUTION_MIRROR'] ?? mirrors['DIB_DISTRIBUTION_MIRROR'];
    return {
      definition: request.definition,
      version: request.version,
      machine: request.machine,
      inputs: request.inputs,
      elements: Object.fromEntries(trees.map(({name, hash}) => [name, hash])),
      packages: await this.#packages(manifests),
      diskImageBuilder: {version: tool.version},
      ...(trees.some(({name}) => name === 'agent-install') && {agent: {version: parts.agentVersion}}),
      ...(mirror !== undefined && {mirror}),
      startedAt: startedAt.toISOString(),
      finishedAt: parts.now().toISOString(),
      files: outputs.map(({format, size, virtualSize}) => ({format, bytes: size, virtualBytes: virtualSize})),
    };
  }

  /** A build without a readable list is a build all the same: the manifest then has none. */
  async #packages(folder: string): Promise<readonly Package[]> {
    const {warn} = this.#given.parts;
    try {
      const names = await readdir(folder);
      for (const kind of ['dpkg', 'rpm'] as const) {
        const name = names.find((each) => each.startsWith(`dib-manifest-${kind}`));
        if (name !== undefined) return parsePackages(await readFile(join(folder, name), 'utf8'), kind);
      }
    } catch (error) {
      const message = `the manifest has no list of packages: ${asImgmgrError(error).message}`;
      warn({code: 'manifest-incomplete', message});
    }
    return [];
  }

  #agentVariable(): Record<string, string> {
    const {parts, request, trees} = this.#given;
    if (!trees.some(({name}) => name === 'agent-install')) return {};
    return {DIB_IMGMGR_AGENT_PATH: join(parts.agents, `imgmgr-agent-${request.machine}`)};
  }

  async #logPath(): Promise<string> {
    const {parts, request} = this.#given;
    const folder = join(parts.stateFolder, 'build-logs');
    await mkdir(folder, {recursive: true, mode: 0o700});
    return join(folder, logName({...request, run: randomUUID()}));
  }

  async #cacheFolder({tmp}: WorkFolder): Promise<string> {
    const {stateFolder, warn} = this.#given.parts;
    return usableCache({folder: join(stateFolder, 'build-cache'), otherwise: join(tmp, 'cache'), warn});
  }

  async #tidy(cache: string): Promise<void> {
    const {parts} = this.#given;
    try {
      await keepLogs(join(parts.stateFolder, 'build-logs'), parts.keepLogs);
    } catch (error) {
      const message = `old logs could not be removed: ${asImgmgrError(error).message}`;
      parts.warn({code: 'logs-not-removed', message});
    }
    const {warning} = await trim({folder: cache, capBytes: parts.cacheBytes, inUse: [], now: parts.now()});
    if (warning !== undefined) parts.warn({code: 'cache-not-trimmed', message: warning});
  }

  #report(phase: string, line?: string): void {
    const {progress, spec} = this.#given.request;
    progress({
      phase,
      ...(line !== undefined && {line}),
      elapsedMs: performance.now() - this.#startMs,
      limitMs: spec.timeoutSeconds * 1000,
    });
  }
}
