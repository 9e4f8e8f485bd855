import {machineOf} from '../core/build/claims.ts';
import type {Machine} from '../core/build/spec.ts';
import {countsOf} from '../core/counts.ts';
import {onlyEnabled} from '../core/definition/disabled.ts';
import {filterDefinitions} from '../core/definition/filter.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {processCloud} from '../workflow/process-all.ts';
import type {Builds, CloudOutcome, RunOptions} from '../workflow/types.ts';
import {toDefinition} from './ad-hoc-image.ts';
import {buildOnHost} from './build-on-host.ts';
import {prepareBuilds, settleBuilds} from './builds.ts';
import {compareManifests} from './compare-manifests.ts';
import type {Caller, Context, OpenCloud} from '../compose/context.ts';
import {homeFolder} from '../config/home.ts';
import {createContext} from '../compose/context.ts';
import type {Secrets} from '../secrets/registry.ts';
import {verifyOnClouds} from './verify-on-clouds.ts';
import type {Invocation} from './invocation.ts';
import type {Env, Io} from './io.ts';
import {warnThatAllAreDisabled} from './selection.ts';
import {prepareVerification} from './verification.ts';

/** One command's work, ready to be begun. */
export interface Work {
  readonly invocation: Invocation;
  readonly options: RunOptions;
  readonly io: Io;
  readonly env: Env;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Comes with the signal where nothing was written yet: whatever is under way may be dropped. */
  readonly abandoned: AbortSignal;
  /** Says that something is about to be written, until the result is called. */
  readonly beginWriting: () => () => void;
  readonly secrets: Secrets;
}

/** Gives one outcome per cloud; throws what concerns the run as a whole (flags, configuration, definitions). */
export type WorkOnClouds = (work: Work) => AsyncIterable<CloudOutcome>;

/** Reads the definitions, finds the clouds, and works through them one after the other; a cloud's failure stays its own. */
export async function* workOnClouds(work: Work): AsyncGenerator<CloudOutcome> {
  const {invocation, emit, signal} = work;
  const context = createContext({
    ...work,
    caller: callerOf(work.env),
    now: () => work.io.now(),
    ...(invocation.adHoc?.address === '-' && {stdin: () => work.io.stdin}),
    allowPrivateSources: invocation.allowPrivateSources,
    ...(invocation.region !== undefined && {region: invocation.region}),
  });
  try {
    if (invocation.command === 'verify') {
      yield* verifyOnClouds(work, context);
      return;
    }
    if (invocation.buildOnly?.diff) {
      emit(await compareManifests(invocation.buildOnly.diff, context));
      return;
    }
    const selection = await select(work, context);
    if (invocation.buildOnly?.upload === false) {
      yield* buildOnHost(work, context, selection);
      return;
    }
    const clouds = context.clouds(invocation.clouds);
    if (clouds.length > 1 && invocation.adHoc?.address === '-')
      throw new ImgmgrError('USAGE', `stdin can be read once, but ${clouds.length} clouds are named`, {
        hint: 'name one cloud, or save the image to a file first',
      });
    const run = context.surroundings.uuid();
    const {acquire, force} = work.options.policy;
    const {definitions: active, disabled} = onlyEnabled(selection.definitions, force);
    const left = active.length > 0 && disabled > 0 ? {disabled} : {};
    emit({type: 'started', command: invocation.command, clouds: clouds.map(({name}) => name), run, ...left});
    if (active.length === 0) warnThatAllAreDisabled(disabled, emit);
    const builds = acquire ? await prepareBuilds(invocation.build, context, active) : undefined;
    if (acquire && !work.options.dryRun) await context.converter.sweep();
    if (!work.options.dryRun) await builds?.builder.sweep();
    let failed = false;
    for (const cloud of clouds) {
      signal.throwIfAborted();
      const outcome = await onCloud({work, context, selection, cloud, run, ...(builds && {builds})});
      failed ||= outcome.errors.length > 0;
      yield outcome;
    }
    if (builds && !failed && !work.options.dryRun) await settleBuilds(builds.builder, active, invocation.build);
  } finally {
    await context.close();
  }
}

/** The user of this process. */
function callerOf(env: Env): Caller {
  return {cwd: process.cwd(), home: homeFolder(env), uid: process.getuid?.() ?? 0, env};
}

/** The definitions that a command works on. */
export interface Selection {
  readonly definitions: readonly Definition[];
  readonly allNames: ReadonlySet<string>;
}

function isBuiltFor({build, meta}: Definition, arch: Machine | undefined): boolean {
  return build !== undefined && (arch === undefined || machineOf(meta) === arch);
}

async function select({invocation, io}: Work, context: Context): Promise<Selection> {
  const {adHoc, images, filter} = invocation;
  if (adHoc) {
    const definition = await toDefinition(adHoc, {
      cwd: context.cwd,
      now: io.now(),
      modified: (path) => context.modified(path),
    });
    return {definitions: [definition], allNames: new Set([definition.name])};
  }
  const definitions = await context.definitions(images);
  const chosen = filterDefinitions(definitions, filter);
  return {
    definitions: invocation.buildOnly ? chosen.filter((one) => isBuiltFor(one, invocation.buildOnly?.arch)) : chosen,
    allNames: new Set(definitions.map(({name}) => name)),
  };
}

interface OneCloud {
  readonly work: Work;
  readonly context: Context;
  readonly selection: Selection;
  readonly cloud: OpenCloud;
  readonly run: string;
  readonly builds?: Builds;
}

async function onCloud({work, context, selection, cloud, run, builds}: OneCloud): Promise<CloudOutcome> {
  const {options, emit, signal, invocation} = work;
  try {
    const ports = interruptible(await cloud.open(), signal);
    const {surroundings, source, converter} = context;
    const {verify, acquire} = options.policy;
    const verification = verify && acquire ? await prepareVerification(invocation.verify, context) : undefined;
    return await processCloud({
      run,
      ports,
      source,
      converter,
      ...selection,
      baseDir: context.cwd,
      ...(verification && {verification}),
      ...(builds && {builds}),
      adHoc: invocation.adHoc !== undefined,
      options,
      surroundings,
      emit,
      signal,
      beginWriting: work.beginWriting,
    });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asImgmgrError(thrown);
    emit({type: 'cloud-failed', cloud: cloud.name, error});
    return {cloud: cloud.name, counts: countsOf({failed: 1}), errors: [error], changesPending: false};
  }
}
