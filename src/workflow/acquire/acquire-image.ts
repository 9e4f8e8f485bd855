import type {SourceProbe} from '../../ports/image-source.ts';
import type {ImageQuota, ImportMethod} from '../../ports/image-store.ts';
import {formatDigest} from '../../core/release/digest.ts';
import type {Image} from '../../core/image/image.ts';
import type {Release} from '../../core/release/release.ts';
import {ImgmgrError, asImgmgrError, formatPlace} from '../../errors.ts';
import {chooseMethods, mayTryAnother} from './choose-methods.ts';
import {completeUploadedBuild} from './complete-build.ts';
import {describeStaging, expectedBytes, requireRoom, stagingObstacle, stagingOf} from './staging.ts';
import {importsRefused} from './import-refusals.ts';
import {withArtifact} from './make-build.ts';
import {discardImage, makeRecord} from './make-record.ts';
import {streamBytes} from './send-bytes.ts';
import {sourceRequest} from './source-request.ts';
import {copySurely, isLocked} from '../sure-writes.ts';
import type {AcquireContext, AcquireTask, Acquired} from './types.ts';
import {waitForImport} from './wait-for-import.ts';

/** Brings the bytes of a release into the store, private and fully described, and proves them. Cleans up when it fails. */
export async function acquireImage(context: AcquireContext, wanted: AcquireTask): Promise<Acquired> {
  const {format, name} = wanted.definition;
  const staging = stagingOf(context, wanted.definition);
  const [quota, offer] = await Promise.all([
    context.quota(),
    context.offer(),
    wanted.permitted,
    staging?.converter.requireTool({format, show: `${name} ${wanted.release.version}`}),
  ]);
  const task = await withArtifact(context, wanted);
  const deadlineMs = context.surroundings.monotonic() + context.options.importTimeoutMs;
  const probe = await context.source.probe({
    ...sourceRequest(context, task),
    limitMs: context.options.importTimeoutMs,
  });
  const bytes = expectedBytes(probe, staging?.conversion);
  checkQuota(context, bytes, quota);
  const {methods: chosen, reason} = chooseMethods({
    ...task,
    probe,
    offer,
    ...(staging && {staged: stagingObstacle(format, staging)}),
    glanceAlgorithm: context.glanceAlgorithm,
    options: context.options,
  });
  const methods = await context.imports.usable(chosen, probe.size);
  if (methods.length === 0) throw importsRefused(context.store.cloud, chosen);
  context.emit({
    type: 'decision',
    cloud: context.store.cloud,
    definition: task.definition.name,
    message: `${task.release.version}: ${methods[0] ?? ''}, because ${methods[0] === chosen[0] ? reason : 'this cloud refuses imports'}`,
  });
  if (staging) await requireRoom(staging, probe);
  return tryMethods({context, task, probe, bytes, deadlineMs, methods});
}

/** Goes on with an image that is under way or complete; when it cannot be proven, it is removed and made anew. */
export async function resumeImage(
  context: AcquireContext,
  task: AcquireTask & {readonly image: Image},
): Promise<Acquired> {
  const {image, release, definition} = task;
  await task.permitted;
  try {
    const there = await completed(context, task);
    prove(there, release, release.listed.id === undefined ? 'web-download' : 'upload');
    const marks = await completeUploadedBuild(context, task, there);
    return {image: there, pending: false, marks, detail: 'gone on with, nothing was imported again'};
  } catch (error) {
    const reason = asImgmgrError(error);
    if (reason.code === 'INTERRUPTED') {
      if (image.properties['imgmgr_state'] === 'importing') await discardImage(context, task, image.id);
      throw error;
    }
    context.emit({
      type: 'warning',
      code: 'import-fallback',
      cloud: context.store.cloud,
      definition: definition.name,
      image: image.id,
      message: `image ${image.id} cannot be gone on with (${reason.message}), it is imported again`,
    });
    await discardImage(context, task, image.id);
    return acquireImage(context, {...task, ...(release.listed.id === image.id && {reuse: image})});
  }
}

/** The image when the cloud is through with it and it is in every demanded store. */
async function completed(context: AcquireContext, task: AcquireTask & {readonly image: Image}): Promise<Image> {
  const {image} = task;
  const wait = {
    ...waitBase(context, task),
    id: image.id,
    bytes: image.size ?? undefined,
    deadlineMs: context.surroundings.monotonic() + context.options.importTimeoutMs,
  };
  const hasBytes = image.status === 'active' || image.status === 'deactivated';
  const there = hasBytes && !isLocked(image) ? image : await waitForImport({...wait, stores: []});
  const missing = there.stores.length === 0 ? [] : wait.stores.filter((name) => !there.stores.includes(name));
  if (missing.length === 0) return there;
  await copySurely(context.store, there.id, missing);
  return waitForImport({...wait, phase: 'copying'});
}

interface Attempt {
  readonly context: AcquireContext;
  readonly task: AcquireTask;
  readonly probe: SourceProbe;
  /** As many as the image will have, where known. */
  readonly bytes: number | undefined;
  readonly deadlineMs: number;
  readonly methods: readonly ImportMethod[];
}

async function tryMethods(attempt: Attempt): Promise<Acquired> {
  const {context, task, deadlineMs} = attempt;
  const ways = attempt.methods.flatMap((method) =>
    method === 'web-download' ? Array<ImportMethod>(context.options.stuckRetry + 1).fill(method) : [method],
  );
  const fallbacks: string[] = [];
  let [method, ...others] = ways;
  while (method !== undefined) {
    const isPatient = method !== 'web-download' || others.length === 0;
    const limits = isPatient ? {deadlineMs} : withTimeLeft(context, deadlineMs);
    try {
      const acquired = await tryMethod(attempt, method, limits);
      return {...acquired, detail: [acquired.detail, ...fallbacks].join(', ')};
    } catch (error) {
      const reason = asImgmgrError(error);
      if (!context.imports.isRefusal(reason) && !mayTryAnother(reason, method)) throw error;
      const [next, ...rest]: readonly ImportMethod[] = await context.imports.usable(others, attempt.probe.size);
      if (next === undefined) throw error;
      fallbacks.push(`after ${method} failed (${reason.message})`);
      context.emit({
        type: 'warning',
        code: 'import-fallback',
        cloud: context.store.cloud,
        definition: task.definition.name,
        message: `${task.definition.name} ${task.release.version}: ${method} failed (${reason.message}), trying ${next}`,
      });
      method = next;
      others = rest;
    }
  }
  throw new ImgmgrError('INTERNAL', 'no import method was left to try');
}

interface Limits {
  readonly deadlineMs: number;
  readonly stuckMs?: number;
}

/** Half of the time is for what comes next (the peer reserves as much), and what has not begun after a minute is stuck. */
function withTimeLeft({surroundings}: AcquireContext, deadlineMs: number): Limits {
  return {deadlineMs: (surroundings.monotonic() + deadlineMs) / 2, stuckMs: 60_000};
}

async function tryMethod(
  {context, task, probe, bytes}: Attempt,
  method: ImportMethod,
  limits: Limits,
): Promise<Acquired> {
  const pending = method === 'web-download' && !context.options.policy.wait;
  const staging = stagingOf(context, task.definition);
  const record = await makeRecord(context, task, probe, pending);
  let marks: Readonly<Record<string, string>> | undefined;
  try {
    const stores = context.options.policy.stores ?? task.definition.stores ?? [];
    if (method === 'web-download')
      await context.imports.watch(
        record.id,
        context.store.importFromUrl({id: record.id, url: probe.url, ...(stores.length > 0 && {stores})}),
      );
    else marks = await streamBytes({context, task, record, method, stores, deadlineMs: limits.deadlineMs});
    if (pending) return {image: record, pending: true, detail: 'method web-download, left to the cloud (--no-wait)'};
    const image = await waitForImport({...waitBase(context, task), id: record.id, bytes, ...limits});
    prove(image, task.release, method);
    return {
      image,
      pending: false,
      ...(marks && {marks}),
      detail: [
        `method ${method}`,
        `disk_format ${image.diskFormat ?? 'unknown'}`,
        ...(image.stores.length > 0 ? [`stores ${image.stores.join(',')}`] : []),
        ...(staging ? [describeStaging(task.definition.format, staging)] : []),
      ].join(', '),
    };
  } catch (error) {
    await discardImage(context, task, record.id);
    throw error;
  }
}

/**
 * The bytes are the demanded ones: Glance's own hash tells for what it fetched itself; streamed bytes were proven on the way,
 * and may be unpacked or converted by now.
 */
function prove(image: Image, release: Release, method: ImportMethod): void {
  const {digest} = release;
  if (!digest || method !== 'web-download') return;
  if (image.osHashAlgo === digest.algorithm && image.osHashValue === digest.hex) return;
  const found = image.osHashAlgo === null ? 'no hash' : `${image.osHashAlgo}:${image.osHashValue ?? ''}`;
  throw new ImgmgrError(
    'DIGEST_MISMATCH',
    `image ${image.id} has ${found}, the definition demands ${formatDigest(digest)}`,
    {
      place: formatPlace(release.listed.place),
      hint: 'the source serves other bytes, or the cloud converts or unpacks what it fetches',
    },
  );
}

function checkQuota({store}: AcquireContext, bytes: number | undefined, quota: ImageQuota): void {
  if (quota.imagesLeft !== undefined && quota.imagesLeft < 1)
    throw new ImgmgrError('QUOTA', `the image quota of ${store.cloud} is used up`, {
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
  throw new ImgmgrError('QUOTA', `${store.cloud} has room for ${quota.bytesLeft} bytes, the image needs ${bytes}`, {
    hint: 'delete images or raise the quota image_size_total',
  });
}

function waitBase(context: AcquireContext, {definition, release}: AcquireTask) {
  const {store, surroundings, emit, signal, options} = context;
  return {
    store,
    surroundings,
    emit,
    signal,
    definition: definition.name,
    version: release.version,
    stores: options.policy.stores ?? definition.stores ?? [],
    phase: 'importing' as const,
  };
}
