import {fileURLToPath} from 'node:url';
import type {HostPorts, OpenCloud} from '../app/ports.ts';
import {selectClouds} from '../config/clouds.ts';
import {localDir, proxyFor, registryLogins, stateDir, workDir} from '../config/settings.ts';
import {readTextFile} from '../config/config-context.ts';
import type {Emit} from '../core/events.ts';
import type {PlanFile} from '../core/plan/plan-file.ts';
import type {CloudAuth, ResolvedCloud} from '../core/resolved-cloud.ts';
import type {Exec} from '../exec.ts';
import type {HttpOptions} from '../http.ts';
import {checkProxies} from '../http/proxy.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {SourceOptions} from '../sources/create-source.ts';
import {createFinder} from '../finders/create-finder.ts';
import {VERSION} from '../version.ts';
import type {HistoryKeeper, HistoryReader} from '../ports/history.ts';
import type {Upload} from '../ports/upload-listener.ts';
import type {Notifier} from '../ports/notifier.ts';
import type {ImageBuilder} from '../ports/image-builder.ts';
import type {MetricsWriter} from '../ports/metrics.ts';
import type {CloudPorts} from '../workflow/types.ts';
import type {Caller, ContextParts} from './context-parts.ts';
import {agentsOf, CHECKOUT_DIB, operatorFiles} from './files.ts';
import type {HistoryParts} from './history.ts';
import {lazyBuilder, lazyConverter, lazySource} from './lazy.ts';
import type {MetricsParts} from './metrics.ts';
import type {DefinitionPlaces} from './names.ts';
import {openCloud} from './open-cloud.ts';
import {hostRuntime} from './runtime.ts';
import {openVerification} from './verification.ts';
import type {NotifierParts} from './webhook.ts';

export type {Caller, ContextParts} from './context-parts.ts';

/** What a run is given of this host and the clouds, and the end of all its connections. */
export interface Context extends HostPorts {
  close(): Promise<void>;
}

const GIB = 1024 ** 3;

/** Reads a plan file before a request is made of it; `path` may be relative to the working directory. USAGE, NEWER_FORMAT. */
export async function readPlan(path: string): Promise<PlanFile> {
  const files = await import('./plan-files.ts');
  return files.readPlan(path);
}

/** Begins to keep a run in the history of this host. */
export async function keepHistory(parts: HistoryParts): Promise<HistoryKeeper> {
  const {openKeeper} = await import('./history.ts');
  return openKeeper(parts);
}

/** Names of clouds or definitions, for completion; only files are read. */
export async function listNames(
  caller: Caller,
  request: {readonly kind: 'clouds'} | ({readonly kind: 'definitions'} & DefinitionPlaces),
): Promise<readonly string[]> {
  const {cloudNames, definitionNames} = await import('./names.ts');
  return request.kind === 'clouds' ? cloudNames(caller) : definitionNames(caller, request);
}

/** The history of this host, to be read for as long as one likes; undefined where there is none. CONFIG, UNAVAILABLE, NEWER_FORMAT. */
export async function openHistory(caller: Caller, now: () => Date): Promise<HistoryReader | undefined> {
  const {readHistory} = await import('./history.ts');
  return readHistory(caller, now);
}

/** Why a run that began now would not be kept in the history, as a clause; undefined: it would be. */
export async function refusalOfHistory(caller: Caller): Promise<string | undefined> {
  const {historyRefusal} = await import('../history/probe.ts');
  return historyRefusal(stateDir(caller.env, caller.home, caller.uid));
}

/** Tells another program of a run. */
export async function openNotifier(parts: NotifierParts): Promise<Notifier> {
  const {openWebhook} = await import('./webhook.ts');
  return openWebhook(parts);
}

/** Writes the metrics of a run for node_exporter. */
export async function openMetrics(parts: MetricsParts): Promise<MetricsWriter> {
  const {openTextfiles} = await import('./metrics.ts');
  return openTextfiles(parts);
}

/** The adapters of one run, each constructed when it is first needed; `close` ends what they hold. */
export function createContext(parts: ContextParts): Context {
  const {caller, emit, secrets} = parts;
  const {cwd, home, uid, env} = caller;
  const runtime = hostRuntime(parts.run);
  const opened: CloudPorts[] = [];
  const builders: ImageBuilder[] = [];
  // Told before the login, not by the first import.
  const sourceHttp = httpFor('source', parts);
  if (sourceHttp.proxy === 'environment') checkProxies(env);
  const exec = async (): Promise<Exec> => {
    const {createExec} = await import('../exec.ts');
    return createExec(env);
  };
  const sourceOptions = async (): Promise<SourceOptions> => {
    const {createHttp} = await import('../http.ts');
    return {
      http: createHttp(sourceHttp),
      exec: await exec(),
      allowPrivate: parts.allowPrivateSources,
      logins,
      ...(parts.stdin && {stdin: parts.stdin()}),
      ...(received && (await pipedFrom(received))),
    };
  };
  let received: Upload | undefined;
  const source = lazySource(async () => {
    const [{createSource}, options] = await Promise.all([import('../sources/create-source.ts'), sourceOptions()]);
    return createSource(options);
  });
  const logins = {files: registryLogins(env, caller), secrets};
  const converter = lazyConverter(async () => {
    const {createConverter} = await import('../sources/create-converter.ts');
    return createConverter({exec: await exec(), root: workDir(env, caller)});
  });
  const choose = (cloud: ResolvedCloud, files?: ReadonlyMap<string, string>): OpenCloud => ({
    name: cloud.name,
    async open() {
      const ports = await openCloud(cloud, {
        http: httpFor('cloud', parts),
        localFolder: localDir(env, caller),
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
    now: parts.now,
    ...jobIndexOf(env),
    runtime,
    source,
    converter,
    inspector: async () => {
      const [{createInspector}, options] = await Promise.all([
        import('../sources/create-inspector.ts'),
        sourceOptions(),
      ]);
      return createInspector({options, source, converter});
    },
    uploads: {
      open: async (request) => {
        const {openUploadListener} = await import('../sources/listen/upload-listener.ts');
        const desk = await openUploadListener(request);
        parts.showOnce?.(`${desk.command}\n`);
        for (const secret of desk.secrets) secrets.add(secret);
        return desk;
      },
      use: (upload) => void (received = upload),
    },
    async targets() {
      const [{createTargets}, {createHttp}] = await Promise.all([
        import('../sources/targets/create-targets.ts'),
        import('../http.ts'),
      ]);
      return createTargets({http: createHttp(sourceHttp), logins});
    },
    files: operatorFiles(caller, {converter, runtime, emit, ...(parts.images && {images: parts.images})}),
    clouds({clouds: requested, region}, by) {
      const chosen = {...(by !== undefined && {by}), ...(region !== undefined && {region})};
      const clouds = selectClouds({requested, ...chosen, env, cwd, home, readFile: readTextFile});
      for (const cloud of clouds) if (cloud.kind === 'local') warnOfShadowed(cloud.shadowed, emit);
      for (const cloud of clouds) if (cloud.kind !== 'local') addAuth(secrets, cloud.auth);
      return clouds.map((cloud) => choose(cloud));
    },
    finder: (builder) => createFinder({source, ...(builder && {builder})}),
    local: (files) => choose({kind: 'local', name: 'local'}, files),
    builder({keepLogs, cacheGib, lockWaitMs}) {
      const builder = lazyBuilder(async () => {
        const {createImageBuilder} = await import('../build/image-builder.ts');
        return createImageBuilder({
          exec: await exec(),
          secrets,
          images: converter,
          env,
          stateFolder: stateDir(env, home, uid),
          ownElements: fileURLToPath(new URL('../../elements', import.meta.url)),
          checkoutDib: CHECKOUT_DIB,
          agents: agentsOf(caller),
          agentVersion: VERSION,
          ...{keepLogs, cacheBytes: cacheGib * GIB, lockWaitMs},
          warn: (warning) => emit({type: 'warning', ...warning}),
          now: parts.now,
        });
      });
      builders.push(builder);
      return builder;
    },
    async builds() {
      const {createBuildArchive} = await import('../build/archive.ts');
      return createBuildArchive(stateDir(env, home, uid));
    },
    verification: async () => openVerification(parts),
    history: async () => {
      const {readHistory} = await import('./history.ts');
      return readHistory(caller, parts.now);
    },
    hostChecks: async () => {
      const {hostChecks} = await import('./host-checks.ts');
      return hostChecks(caller, {exec: await exec(), now: parts.now});
    },
    async hashBytes(bytes, algorithms, seen) {
      const {hashStream} = await import('../sources/stream-hash.ts');
      return hashStream(bytes, algorithms, seen);
    },
    async close() {
      runtime.end();
      for (const builder of builders) builder.close();
      await Promise.all([source.close(), ...opened.flatMap(({store, tests}) => [tests.close(), store.close()])]);
    },
  };
}

async function pipedFrom(upload: Upload): Promise<Pick<SourceOptions, 'stdin' | 'settled'>> {
  const {verdictOf} = await import('../sources/listen/upload-listener.ts');
  return {stdin: upload.bytes, settled: (error) => upload.answer(verdictOf(error, upload.received()))};
}

function jobIndexOf(env: Caller['env']): Pick<HostPorts, 'jobIndex'> {
  const jobIndex = env['JOB_COMPLETION_INDEX'] ?? '';
  return jobIndex === '' ? {} : {jobIndex};
}

function httpFor(side: 'source' | 'cloud', {caller, abandoned, secrets, emit}: ContextParts): HttpOptions {
  return {
    proxy: proxyFor(side, caller.env),
    env: caller.env,
    signal: abandoned,
    secrets,
    onExchange: (exchange) => emit({type: 'http', ...exchange}),
    headers: {'user-agent': `imgmgr/${VERSION}`},
  };
}

function addAuth(secrets: Secrets, auth: CloudAuth): void {
  if (auth.type === 'token') secrets.add(auth.token);
  else if (auth.type === 'application-credential') secrets.add(auth.secret);
  else secrets.addLogin('name' in auth.user ? auth.user.name : auth.user.id, auth.password);
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
