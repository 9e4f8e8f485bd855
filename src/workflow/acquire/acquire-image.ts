import type {ImageQuota} from '../../ports/image-store.ts';
import type {SourceProbe} from '../../ports/image-source.ts';
import {ImgmgrError} from '../../errors.ts';
import {byteSource} from './byte-source.ts';
import {chooseMethods} from './choose-methods.ts';
import {digestStrategy} from './digests.ts';
import {importsRefused} from './import-refusals.ts';
import {withArtifact} from './make-build.ts';
import {expectedBytes, requireRoom, stagingObstacle, stagingOf} from './staging.ts';
import {tryMethods} from './try-methods.ts';
import type {AcquireContext, AcquireTask, Acquired, ByteSource, Preparation} from './types.ts';

/**
 * Brings the bytes of a release into the store, private and fully described, with the demanded digest. Decides everything first, then
 * tries the methods; cleans up when it fails.
 */
export async function acquireImage(context: AcquireContext, wanted: AcquireTask): Promise<Acquired> {
  const sources: ByteSource[] = [];
  try {
    return await tryMethods(context, await prepare(context, wanted, sources));
  } finally {
    for (const source of sources) await source.close?.();
  }
}

/** Looks at quota, offer and source, and decides how the bytes come; makes nothing but the build that is wanted, or what a service makes of an object. */
async function prepare(context: AcquireContext, wanted: AcquireTask, sources: ByteSource[]): Promise<Preparation> {
  const {options, store, imports} = context;
  const {format, name, stores} = wanted.definition;
  const staging = stagingOf(context, wanted.definition);
  const [quota, offer] = await Promise.all([
    context.quota(),
    context.offer(),
    wanted.permitted,
    staging?.converter.requireTool({format, show: `${name} ${wanted.release.version}`}),
  ]);
  const built = await withArtifact(context, wanted);
  const digests = digestStrategy({task: built, adHoc: context.adHoc, converts: staging?.conversion !== undefined});
  const source = byteSource(context, {...built, wantSha512: digests.wantSha512});
  sources.push(source);
  const deadlineMs = context.runtime.monotonic() + options.importTimeoutMs;
  const probe = await source.probe(options.importTimeoutMs);
  const found = source.format?.();
  const task = found === undefined ? built : {...built, definition: {...built.definition, format: found}};
  warnOfFilesystem(context, {task, probe});
  const bytes = expectedBytes(probe, staging?.conversion);
  checkQuota(store.cloud, bytes, quota);
  const {methods: chosen, reason} = chooseMethods({
    release: task.release,
    isStored: task.stored !== undefined,
    probe,
    offer,
    ...(staging && {staged: stagingObstacle(format, staging)}),
    glanceAlgorithm: context.glanceAlgorithm,
    options,
  });
  const methods = await imports.usable(chosen, probe.size);
  if (methods.length === 0) throw importsRefused(store.cloud, chosen);
  context.emit({
    type: 'decision',
    cloud: store.cloud,
    definition: name,
    message: `${task.release.version}: ${methods[0] ?? ''}, because ${methods[0] === chosen[0] ? reason : 'this cloud refuses imports'}`,
  });
  if (staging) await requireRoom(staging, probe);
  return {
    task,
    ...(staging && {staging}),
    digests,
    source,
    probe,
    ...(bytes !== undefined && {bytes}),
    stores: options.policy.stores ?? stores ?? [],
    methods,
    deadlineMs,
  };
}

/** Said where nothing else would start it: with a kernel of its own (`kernel_id`) a disk needs no boot loader. */
function warnOfFilesystem(
  {store, emit}: AcquireContext,
  {task, probe}: {readonly task: AcquireTask; readonly probe: SourceProbe},
): void {
  const {definition, release} = task;
  const hasKernel = [definition.meta, release.listed?.meta].some((meta) => (meta?.['kernel_id'] ?? null) !== null);
  if (probe.filesystem === undefined || definition.format !== 'raw' || hasKernel) return;
  emit({
    type: 'warning',
    code: 'no-partition-table',
    cloud: store.cloud,
    definition: definition.name,
    message: `${definition.name} ${release.version} is one file system (${probe.filesystem}) without a partition table and a boot loader`,
    hint: 'use an image of a whole disk, or name a kernel for it with the property kernel_id',
  });
}

function checkQuota(cloud: string, bytes: number | undefined, quota: ImageQuota): void {
  if (quota.imagesLeft !== undefined && quota.imagesLeft < 1)
    throw new ImgmgrError('QUOTA', `the image quota of ${cloud} is used up`, {
      hint: 'delete images or raise the quota image_count_total',
    });
  if (quota.bytesLeft === undefined || bytes === undefined || quota.bytesLeft >= bytes) return;
  if (quota.disk !== undefined)
    throw new ImgmgrError(
      'DISK_FULL',
      `${quota.bytesLeft} bytes are free for ${quota.disk}, the image needs ${bytes}`,
      {
        place: quota.disk,
        hint: 'free space there, or set IMGMGR_LOCAL to a folder with more room',
      },
    );
  throw new ImgmgrError('QUOTA', `${cloud} has room for ${quota.bytesLeft} bytes, the image needs ${bytes}`, {
    hint: 'delete images or raise the quota image_size_total',
  });
}
