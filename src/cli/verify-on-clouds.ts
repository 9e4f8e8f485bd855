import {countsOf} from '../core/counts.ts';
import {onlyEnabled} from '../core/definition/disabled.ts';
import {filterDefinitions} from '../core/definition/filter.ts';
import type {Image} from '../core/image/image.ts';
import type {Definition} from '../core/definition/definition.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {verifyAll} from '../workflow/verification/verify-all.ts';
import {verifyDeep} from '../workflow/verification/verify-deep.ts';
import type {Context, OpenCloud} from '../compose/context.ts';
import {isLocalFile, readLocalFile} from './local-file.ts';
import {prepareVerification} from './verification.ts';
import type {Work} from './work-on-clouds.ts';
import {warnThatAllAreDisabled} from './selection.ts';

/** `verify`: local files under QEMU on this host, everything else on the clouds that hold it. */
export async function* verifyOnClouds(work: Work, context: Context): AsyncGenerator<CloudOutcome> {
  const {invocation, emit, signal} = work;
  const {files, others} = await sortTargets(invocation.targets ?? [], context.cwd);
  if (files.length > 0 && others.length === 0 && invocation.clouds.some((name) => name !== 'local'))
    throw new ImgmgrError(
      'USAGE',
      `${files[0] ?? ''} is a local file, which is verified on this host, not on ${invocation.clouds.join(', ')}`,
      {
        hint: 'leave --cloud out, or import the file there first',
      },
    );
  if (files.length > 0 && invocation.deep === true)
    throw new ImgmgrError('USAGE', `--deep reads images of a cloud, and ${files[0] ?? ''} is a local file`, {
      hint: 'leave the file or --deep out',
    });
  const needsClouds = others.length > 0 || files.length === 0;
  const clouds = needsClouds ? context.clouds(invocation.clouds) : [];
  const byDefinition = needsClouds && others.length === 0;
  const selected = await definitionsFor(work, context, byDefinition);
  const {definitions: enabled, disabled} = onlyEnabled(selected, work.options.policy.force);
  const run = context.surroundings.uuid();
  emit({
    type: 'started',
    command: 'verify',
    clouds: [...(files.length > 0 ? ['local'] : []), ...clouds.map(({name}) => name)],
    run,
    ...(byDefinition && enabled.length > 0 && disabled > 0 && {disabled}),
  });
  if (byDefinition && enabled.length === 0) warnThatAllAreDisabled(disabled, emit);
  if (files.length > 0) yield await verifyFiles({work, context, run, files});
  for (const cloud of clouds) {
    signal.throwIfAborted();
    yield await onCloud({work, context, run, cloud, targets: others, loose: [], selected});
  }
}

async function sortTargets(
  targets: readonly string[],
  cwd: string,
): Promise<{readonly files: readonly string[]; readonly others: readonly string[]}> {
  const files: string[] = [];
  const others: string[] = [];
  for (const target of targets) ((await isLocalFile(target, cwd)) ? files : others).push(target);
  return {files, others};
}

/** Where ids and names are given, definitions only add what they say about `verify`; then they need not be there. */
async function definitionsFor({invocation}: Work, context: Context, required: boolean): Promise<readonly Definition[]> {
  if (!required && invocation.images.length === 0) return [];
  return filterDefinitions(await context.definitions(invocation.images), invocation.filter);
}

interface Files {
  readonly work: Work;
  readonly context: Context;
  readonly run: string;
  readonly files: readonly string[];
}

async function verifyFiles({work, context, run, files}: Files): Promise<CloudOutcome> {
  const paths = new Map<string, string>();
  const loose: Image[] = [];
  for (const file of files) {
    const {path, image} = await readLocalFile(file, {
      cwd: context.cwd,
      source: context.source,
      loose: work.invocation.looseImage ?? {minDiskGib: 0, minRamMib: 0, properties: {}},
      signal: work.signal,
    });
    paths.set(image.id, path);
    loose.push(image);
  }
  return onCloud({work, context, run, cloud: context.local(paths), targets: [], loose, selected: []});
}

interface OneCloud {
  readonly work: Work;
  readonly context: Context;
  readonly run: string;
  readonly cloud: OpenCloud;
  readonly targets: readonly string[];
  readonly loose: readonly Image[];
  readonly selected: readonly Definition[];
}

async function onCloud({work, context, run, cloud, targets, loose, selected}: OneCloud): Promise<CloudOutcome> {
  const {options, emit, signal, invocation} = work;
  try {
    const ports = interruptible(await cloud.open(), signal);
    const verifyRun = {
      run,
      ports,
      source: context.source,
      definitions: selected,
      allNames: new Set<string>(),
      baseDir: context.cwd,
      adHoc: false,
      options,
      surroundings: context.surroundings,
      emit,
      signal,
      beginWriting: work.beginWriting,
      verification: await prepareVerification(invocation.verify, context),
      targets,
      loose,
    };
    return invocation.deep === true
      ? await verifyDeep({
          ...verifyRun,
          hashBytes: (bytes, algorithms, seen) => context.hashBytes(bytes, algorithms, seen),
        })
      : await verifyAll(verifyRun);
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = asImgmgrError(thrown);
    emit({type: 'cloud-failed', cloud: cloud.name, error});
    return {cloud: cloud.name, counts: countsOf({failed: 1}), errors: [error], changesPending: false};
  }
}
