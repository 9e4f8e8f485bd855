import {countsOf} from '../core/counts.ts';
import {onlyEnabled} from '../core/definition/disabled.ts';
import type {Emit} from '../core/events.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {StoredPlan} from '../core/plan/stored-plan.ts';
import type {Policy} from '../core/policy.ts';
import type {Profile} from '../core/rules/profile.ts';
import type {Shard} from '../core/shard.ts';
import {isOfShard} from '../core/shard.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {processCloud} from '../workflow/run/process-cloud.ts';
import type {ImageStore} from '../ports/image-store.ts';
import type {Builds, CloudOutcome, RunOptions} from '../workflow/types.ts';
import {prepareBuilds, trimBuilds} from './builds.ts';
import {observed} from './observed.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {BootSettings, BuildSettings} from './requests.ts';
import type {Selection} from './select.ts';
import {warnThatAllAreDisabled} from './select.ts';
import {prepareVerification} from './verification.ts';

/** How the work is done on a cloud. */
export interface CloudWay {
  readonly options: RunOptions;
  /** Absent where nothing is tested. */
  readonly boot?: BootSettings;
}

/** Definitions that clouds are to be like. */
export interface CloudWork extends CloudWay {
  /** The verb, as events name it; where nothing is written, they name `dry-run` instead. */
  readonly command: string;
  readonly clouds: readonly OpenCloud[];
  readonly region?: string;
  readonly selection: Selection;
  /** The one definition was made from the request, not read from a file. */
  readonly adHoc?: boolean;
  /** By cloud, where it is done in another way. */
  readonly ofCloud?: ReadonlyMap<string, CloudWay>;
  /** The part of the definitions that is worked on, cloud by cloud; absent: all of them. */
  readonly shard?: Shard;
  /** By cloud, the plan that alone may be carried out. */
  readonly approved?: ReadonlyMap<string, StoredPlan>;
  /** Absent where nothing is built. */
  readonly builds?: BuildSettings;
  /** By which the metrics judge what the work leaves behind; absent: they judge nothing. */
  readonly profile?: Profile;
}

/** The same work with other options, on every cloud. */
export function withOptions(work: CloudWork, changes: Partial<RunOptions>): CloudWork {
  return changed(work, (options) => ({...options, ...changes}));
}

/** The same work, of which more or less is wanted, on every cloud. */
export function withPolicy(work: CloudWork, changes: Partial<Policy>): CloudWork {
  return changed(work, (options) => ({...options, policy: {...options.policy, ...changes}}));
}

function changed(work: CloudWork, change: (options: RunOptions) => RunOptions): CloudWork {
  const {ofCloud, options} = work;
  const others = [...(ofCloud ?? [])].map(([name, way]) => [name, {...way, options: change(way.options)}] as const);
  return {...work, options: change(options), ...(ofCloud && {ofCloud: new Map(others)})};
}

/** Works through the clouds one after the other; a cloud's failure stays its own. */
export async function* workOnClouds(work: CloudWork, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {clouds, selection, options, shard} = work;
  const command = options.dryRun ? 'dry-run' : work.command;
  const {run, converter, signal} = ports;
  const {acquire, force} = options.policy;
  const {definitions: active, disabled} = onlyEnabled(selection.definitions, force);
  const left = active.length > 0 && disabled > 0 ? {disabled} : {};
  emit({type: 'started', command, clouds: clouds.map(({name}) => name), run, ...left});
  if (active.length === 0) warnThatAllAreDisabled(disabled, emit);
  const builds = work.builds && (await prepareBuilds(work.builds, ports, ofShard(active, shard)));
  if (acquire && !options.dryRun) await converter.sweep();
  if (!options.dryRun) await builds?.builder.sweep();
  let failed = false;
  for (const cloud of clouds) {
    signal.throwIfAborted();
    const outcome = await onCloud({work, ports, emit, cloud, run, ...(builds && {builds})});
    failed ||= outcome.errors.length > 0;
    yield outcome;
  }
  if (work.builds && builds && !failed && !options.dryRun)
    await trimBuilds(builds.builder, ofShard(active, shard), work.builds);
}

/** Those of the shard, on one cloud or, where they are built, on all. */
export function ofShard(
  definitions: readonly Definition[],
  shard: Shard | undefined,
  cloud?: string,
): readonly Definition[] {
  return shard ? definitions.filter((definition) => isOfShard(definition, shard, cloud)) : definitions;
}

interface OneCloud {
  readonly work: CloudWork;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly cloud: OpenCloud;
  readonly run: string;
  readonly builds?: Builds;
}

async function onCloud({work, ports: host, emit, cloud, run, builds}: OneCloud): Promise<CloudOutcome> {
  const {signal, confirmDelete, runtime, source, converter} = host;
  return orFailed({cloud, signal, emit}, async () => {
    const ports = interruptible(await cloud.open(), signal);
    const approved = work.approved?.get(cloud.name);
    const {options, boot} = work.ofCloud?.get(cloud.name) ?? work;
    const verification = boot && (await prepareVerification(boot, work, host));
    const cloudRun = {
      run,
      ports,
      source,
      otherStore: storesOf(host),
      finder: host.finder(builds?.builder),
      converter,
      ...work.selection,
      definitions: ofShard(work.selection.definitions, work.shard, cloud.name),
      ...(work.shard && {shard: work.shard}),
      baseDir: host.cwd,
      ...(verification && {verification}),
      ...(builds && {builds}),
      adHoc: work.adHoc ?? false,
      options: {...options, ...(confirmDelete && {confirmDelete}), ...(approved && {approved})},
      runtime,
      signal,
      beginWriting: host.beginWriting,
    };
    // A dry run leaves nothing, not even metrics.
    const by = {definitions: options.dryRun ? undefined : work.selection.all, profile: work.profile};
    const task = (report: Emit): Promise<CloudOutcome> => processCloud({...cloudRun, emit: report});
    return observed({store: ports.store, by, work: task}, host, emit);
  });
}

/** The image stores of other clouds of clouds.yaml, each opened once, when it is first needed. */
function storesOf(host: AppPorts): (cloud: string) => Promise<ImageStore> {
  const opened = new Map<string, Promise<ImageStore>>();
  return async (name) => {
    const known = opened.get(name) ?? openStore(name);
    opened.set(name, known);
    return known;
  };
  async function openStore(name: string): Promise<ImageStore> {
    const [cloud] = host.clouds({clouds: [name]});
    if (!cloud) throw new ImgmgrError('INTERNAL', `cloud ${name} was not opened`);
    return interruptible(await cloud.open(), host.signal).store;
  }
}

/** The outcome of one cloud; what it throws is a failure of this cloud alone, unless the run was interrupted. */
export async function orFailed(
  {cloud, signal, emit}: {readonly cloud: OpenCloud; readonly signal: AbortSignal; readonly emit: Emit},
  work: () => Promise<CloudOutcome>,
): Promise<CloudOutcome> {
  try {
    return await work();
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asImgmgrError(thrown);
    emit({type: 'cloud-failed', cloud: cloud.name, error});
    return {cloud: cloud.name, counts: countsOf({failed: 1}), errors: [error], changesPending: false};
  }
}
