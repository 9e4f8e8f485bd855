import type {ImageSource, OpenedSource, SourceProbe, SourceRequest} from '../cloud/image-source.ts';
import type {ImageQuota, ImageStore, ImportMethod, StoreOffer} from '../cloud/image-store.ts';
import type {Definition} from '../core/definition.ts';
import {formatDigest} from '../core/digest.ts';
import type {Emit} from '../core/events.ts';
import {candidate} from '../core/form.ts';
import type {Image, NewImage} from '../core/image.ts';
import type {Release} from '../core/release.ts';
import {ImgmgrError, asImgmgrError, formatPlace} from '../errors.ts';
import {chooseMethods} from './choose-method.ts';
import {createSurely} from './lease-keeper.ts';
import type {RunOptions, Surroundings} from './types.ts';
import {waitForImport} from './wait-for-import.ts';

/** Everything that the making of images on one cloud shares. */
export interface AcquireContext {
  readonly run: string;
  readonly store: ImageStore;
  readonly source: ImageSource;
  readonly options: RunOptions;
  readonly baseDir: string;
  readonly surroundings: Surroundings;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** The algorithm this Glance hashes with. */
  readonly glanceAlgorithm: string;
  readonly adHoc: boolean;
  /** What is left of the image quota, asked once per run. */
  readonly quota: () => Promise<ImageQuota>;
  /** What the store offers, asked once per run. */
  readonly offer: () => Promise<StoreOffer>;
}

/** One image to be made. */
export interface AcquireTask {
  readonly definition: Definition;
  readonly release: Release;
  /** An empty record with the demanded id. */
  readonly reuse?: Image;
  /** Rejects where nothing may be made; awaited before anybody is asked for a byte. */
  readonly permitted?: Promise<void>;
}

/** A made image: proven, complete, private; or handed to the cloud (`pending`). */
export interface Acquired {
  readonly image: Image;
  readonly pending: boolean;
  /** How it got there, one sentence. */
  readonly detail: string;
}

/** Brings the bytes of a release into the store, private and fully described, and proves them. Cleans up when it fails. */
export async function acquireImage(context: AcquireContext, task: AcquireTask): Promise<Acquired> {
  const deadlineMs = context.surroundings.monotonic() + context.options.importTimeoutMs;
  const [quota, offer] = await Promise.all([context.quota(), context.offer(), task.permitted]);
  const probe = await context.source.probe(sourceRequest(context, task));
  checkQuota(context, probe, quota);
  const {methods, reason} = chooseMethods({
    ...task,
    probe,
    offer,
    glanceAlgorithm: context.glanceAlgorithm,
    options: context.options,
  });
  context.emit({
    type: 'decision',
    cloud: context.store.cloud,
    definition: task.definition.name,
    message: `${task.release.version}: ${methods[0] ?? ''}, because ${reason}`,
  });
  return tryMethods({context, task, probe, deadlineMs, methods});
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
    return {image: there, pending: false, detail: 'gone on with, nothing was imported again'};
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

/** Asks the cloud for copies, unless those are there or under way already: a killed run may have asked. */
export async function copySurely(store: ImageStore, id: string, stores: readonly string[]): Promise<void> {
  try {
    await store.copyToStores({id, stores});
  } catch (error) {
    if (!['CONFLICT', 'CLOUD_REFUSED'].includes(asImgmgrError(error).code)) throw error;
    const live = await store.get(id);
    const lacks = stores.some((name) => !live?.stores.includes(name));
    if (lacks && !(live && isLocked(live))) throw error;
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

/** Until its import task has ended, Glance may save the image as it read it earlier, and a PATCH would be lost. */
function isLocked(image: Image): boolean {
  return image.properties['os_glance_import_task'] !== undefined;
}

interface Attempt {
  readonly context: AcquireContext;
  readonly task: AcquireTask;
  readonly probe: SourceProbe;
  readonly deadlineMs: number;
  readonly methods: readonly ImportMethod[];
}

async function tryMethods(attempt: Attempt): Promise<Acquired> {
  const {context, task, deadlineMs} = attempt;
  const ways = attempt.methods.flatMap((method) =>
    method === 'web-download' ? Array<ImportMethod>(context.options.stuckRetry + 1).fill(method) : [method],
  );
  const fallbacks: string[] = [];
  for (const [index, method] of ways.entries()) {
    const next = ways[index + 1];
    const isPatient = method !== 'web-download' || next === undefined;
    const limits = isPatient ? {deadlineMs} : withTimeLeft(context, deadlineMs);
    try {
      const acquired = await tryMethod(attempt, method, limits);
      return {...acquired, detail: [acquired.detail, ...fallbacks].join(', ')};
    } catch (error) {
      const reason = asImgmgrError(error);
      if (next === undefined || !mayTryAnother(reason, method)) throw error;
      fallbacks.push(`after ${method} failed (${reason.message})`);
      context.emit({
        type: 'warning',
        code: 'import-fallback',
        cloud: context.store.cloud,
        definition: task.definition.name,
        message: `${task.definition.name} ${task.release.version}: ${method} failed (${reason.message}), trying ${next}`,
      });
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

/** Faults of the way, not of the bytes or of us: another way may work. A differing hash proves nothing when the cloud may convert. */
function mayTryAnother(reason: ImgmgrError, method: ImportMethod): boolean {
  if (reason.code === 'DIGEST_MISMATCH') return method === 'web-download';
  return ['IMPORT_FAILED', 'TIMEOUT', 'UNAVAILABLE', 'CLOUD_REFUSED', 'CONFLICT', 'PROTOCOL'].includes(reason.code);
}

async function tryMethod({context, task, probe}: Attempt, method: ImportMethod, limits: Limits): Promise<Acquired> {
  const pending = method === 'web-download' && !context.options.policy.wait;
  const record = await makeRecord(context, task, probe, pending);
  try {
    const stores = context.options.policy.stores ?? task.definition.stores ?? [];
    if (method === 'web-download')
      await context.store.importFromUrl({id: record.id, url: probe.url, ...(stores.length > 0 && {stores})});
    else await stream({context, task, record, method, stores, deadlineMs: limits.deadlineMs});
    if (pending) return {image: record, pending: true, detail: 'method web-download, left to the cloud (--no-wait)'};
    const image = await waitForImport({...waitBase(context, task), id: record.id, bytes: probe.size, ...limits});
    prove(image, task.release, method);
    return {
      image,
      pending: false,
      detail: `method ${method}, disk_format ${image.diskFormat ?? 'unknown'}${image.stores.length > 0 ? `, stores ${image.stores.join(',')}` : ''}`,
    };
  } catch (error) {
    await discardImage(context, task, record.id);
    throw error;
  }
}

async function makeRecord(
  context: AcquireContext,
  task: AcquireTask,
  probe: SourceProbe,
  pending: boolean,
): Promise<Image> {
  const spec = candidate(
    {...task, oldPurpose: context.options.policy.oldPurpose, adHoc: context.adHoc},
    context.run,
    probe.virtualSize,
  );
  const properties = {...spec.properties, ...(pending && {imgmgr_state: 'pending'})};
  if (task.reuse) return reuseRecord(context, task.reuse, {...spec, properties});
  return createSurely(context.store, {...spec, properties, id: spec.id ?? context.surroundings.uuid()});
}

/** A record with the demanded id that an earlier run left empty: it gets this run's description, and is waited for. */
async function reuseRecord(context: AcquireContext, left: Image, spec: NewImage): Promise<Image> {
  const {store, surroundings, signal} = context;
  for (let tries = 0; ; tries++) {
    const live = await store.get(left.id);
    if (!live) return createSurely(store, {...spec, id: left.id});
    if (live.status === 'queued')
      return store.update(live, {
        name: spec.name,
        osHidden: true,
        tags: spec.tags,
        set: spec.properties,
        ...(spec.minDisk !== undefined && {minDisk: spec.minDisk}),
        ...(spec.minRam !== undefined && {minRam: spec.minRam}),
      });
    if (tries === 30)
      throw new ImgmgrError('CONFLICT', `image ${left.id} is ${live.status} and does not become free`, {
        hint: 'the cloud is still working on it; run again later',
      });
    await surroundings.sleep(1000, signal);
  }
}

interface StreamTask {
  readonly context: AcquireContext;
  readonly task: AcquireTask;
  readonly record: Image;
  readonly method: ImportMethod;
  readonly stores: readonly string[];
  readonly deadlineMs: number;
}

async function stream({context, task, record, method, stores, deadlineMs}: StreamTask): Promise<void> {
  const opened = await context.source.open(sourceRequest(context, task));
  reportProgress({context, task, record, deadlineMs}, opened);
  const upload = {
    id: record.id,
    bytes: opened.bytes,
    signal: context.signal,
    ...(opened.size !== undefined && {size: opened.size}),
  };
  try {
    if (method === 'upload')
      await context.store.upload({...upload, ...(stores[0] !== undefined && {store: stores[0]})});
    else {
      await context.store.stage(upload);
      await context.store.importStaged({id: record.id, ...(stores.length > 0 && {stores})});
      return;
    }
  } finally {
    opened.bytes.destroy();
  }
  await copyToOthers(context, record, stores.slice(1));
}

/** A direct upload reaches one store; the others get a copy, before anybody can see the image. */
async function copyToOthers(context: AcquireContext, record: Image, stores: readonly string[]): Promise<void> {
  if (stores.length > 0) await context.store.copyToStores({id: record.id, stores});
}

function reportProgress(
  {context, task, record, deadlineMs}: Pick<StreamTask, 'context' | 'task' | 'record' | 'deadlineMs'>,
  opened: OpenedSource,
): void {
  const startMs = context.surroundings.monotonic();
  let bytes = 0;
  let toldMs = startMs;
  opened.bytes.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const nowMs = context.surroundings.monotonic();
    if (nowMs - toldMs < 250) return;
    toldMs = nowMs;
    context.emit({
      type: 'progress',
      cloud: context.store.cloud,
      definition: task.definition.name,
      version: task.release.version,
      image: record.id,
      phase: 'uploading',
      bytes,
      elapsedMs: nowMs - startMs,
      limitMs: deadlineMs - startMs,
      ...(opened.size !== undefined && {total: opened.size}),
    });
  });
  // Whoever takes the bytes reports the error; without a listener of its own it would end the process when it comes late.
  opened.bytes.on('error', () => undefined);
  // A listener for `data` would start the flow before the upload is there to take it.
  opened.bytes.pause();
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

/** Removes what a failed attempt left; a record with a demanded id stays, because Glance never hands the id out again. */
export async function discardImage(
  context: AcquireContext,
  {release, definition}: AcquireTask,
  id: string,
): Promise<void> {
  if (release.listed.id === id) return;
  try {
    await context.store.delete(id);
  } catch (error) {
    context.emit({
      type: 'warning',
      code: 'cleanup-failed',
      cloud: context.store.cloud,
      definition: definition.name,
      image: id,
      message: `the half-made image ${id} could not be deleted: ${asImgmgrError(error).message}`,
      hint: 'it is private and hidden; the next run removes it',
    });
  }
}

function checkQuota({store}: AcquireContext, probe: SourceProbe, quota: ImageQuota): void {
  if (quota.imagesLeft !== undefined && quota.imagesLeft < 1)
    throw new ImgmgrError('QUOTA', `the image quota of ${store.cloud} is used up`, {
      hint: 'delete images or raise the quota image_count_total',
    });
  if (quota.bytesLeft !== undefined && probe.size !== undefined && quota.bytesLeft < probe.size)
    throw new ImgmgrError(
      'QUOTA',
      `${store.cloud} has room for ${quota.bytesLeft} bytes, the image needs ${probe.size}`,
      {hint: 'delete images or raise the quota image_size_total'},
    );
}

function sourceRequest(context: AcquireContext, {definition, release}: AcquireTask): SourceRequest {
  const {listed, digest} = release;
  return {
    urls: listed.mirrorUrl === undefined ? [listed.url] : [listed.mirrorUrl, listed.url],
    baseDir: context.baseDir,
    format: definition.format,
    // Hashing costs more than sending; the demanded digest is what counts.
    wantSha512: false,
    signal: context.signal,
    ...(digest && {digest}),
  };
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
