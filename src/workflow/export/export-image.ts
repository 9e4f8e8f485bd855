import type {Emit} from '../../core/events.ts';
import type {Exported} from '../../core/exported.ts';
import type {Image} from '../../core/image/image.ts';
import {readStamp} from '../../core/image/stamp.ts';
import {formatDigest} from '../../core/release/digest.ts';
import {heldDigests} from '../../core/release/same-bytes.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageStore} from '../../ports/image-store.ts';
import type {OpenTarget} from '../../ports/image-target.ts';
import type {Runtime} from '../types.ts';

/** What an export is carried out with. */
export interface ExportContext {
  readonly store: ImageStore;
  readonly target: OpenTarget;
  readonly runtime: Pick<Runtime, 'monotonic'>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Between two reports of progress; milliseconds. */
const REPORT_MS = 250;
/** All of the reading; the cloud's own limits end what stands still. Milliseconds. */
const LIMIT_MS = 24 * 3_600_000;

/**
 * Writes the bytes of a live image to a place outside of the cloud, compared with the digests that the cloud has of them. NOT_FOUND for an
 * image without bytes; it writes nothing to the cloud.
 */
export async function exportImage(image: Image, context: ExportContext): Promise<Exported> {
  const {store, target, runtime, emit, signal} = context;
  requireBytes(image, store.cloud);
  const stamp = readStamp(image);
  const about = {
    cloud: store.cloud,
    definition: stamp?.definition ?? image.name ?? image.id,
    image: image.id,
    ...(stamp && {version: stamp.version}),
  };
  const digests = strongest(image);
  if (digests.length === 0)
    emit({
      type: 'warning',
      code: 'export-not-compared',
      ...{cloud: about.cloud, definition: about.definition, image: image.id},
      message: `${about.definition}: ${store.cloud} has no digest of image ${image.id}, so nothing says whether the bytes are as they were`,
    });
  const startMs = runtime.monotonic();
  let reportedMs = startMs;
  const seen = (bytes: number): void => {
    const nowMs = runtime.monotonic();
    if (nowMs - reportedMs < REPORT_MS) return;
    reportedMs = nowMs;
    const total = image.size === null ? {} : {total: image.size};
    const times = {elapsedMs: nowMs - startMs, limitMs: LIMIT_MS};
    emit({type: 'progress', ...about, version: stamp?.version ?? '', phase: 'fetching', bytes, ...total, ...times});
  };
  const written = await target.write({
    show: `image ${image.id} on ${store.cloud}`,
    ...(image.size !== null && {size: image.size}),
    digests,
    format: image.diskFormat ?? 'raw',
    architecture: architectureOf(image, about, emit),
    createdAt: image.createdAt,
    read: () => store.download(image.id, signal),
    seen,
  });
  const {target: place, bytes, manifest} = written;
  const found = written.digests.map(formatDigest);
  return {type: 'exported', ...about, target: place, bytes, digests: found, ...(manifest !== undefined && {manifest})};
}

/** The multihash; without one the md5 of old images. */
function strongest(image: Image): ReturnType<typeof heldDigests> {
  const all = heldDigests({image});
  const strong = all.filter(({algorithm}) => algorithm !== 'md5');
  return strong.length > 0 ? strong : all;
}

function architectureOf(
  image: Image,
  about: {readonly cloud: string; readonly definition: string},
  emit: Emit,
): string {
  const named = image.properties['architecture'] ?? image.properties['hw_architecture'];
  if (named !== undefined && named !== '') return named;
  emit({
    type: 'decision',
    ...about,
    message: 'it has no property architecture: a container image of it is one for x86_64',
  });
  return 'x86_64';
}

function requireBytes({id, status, size, properties}: Image, cloud: string): void {
  const refuse = (why: string, hint: string): ImgmgrError =>
    new ImgmgrError('NOT_FOUND', `image ${id} on ${cloud} ${why}`, {hint});
  if (status === 'deactivated')
    throw refuse(
      'is deactivated, so its bytes are not handed out',
      'reactivate it first: openstack image set --activate ID',
    );
  if (status !== 'active')
    throw refuse(`has no bytes: it is ${status}`, 'wait until it is active, or name another image');
  if (size !== 0) return;
  const isVolume = properties['block_device_mapping'] !== undefined;
  throw isVolume
    ? refuse(
        'has no bytes: it stands for snapshots of volumes',
        'import the volume first: imgmgr import volume:ID, then export that image',
      )
    : refuse('has no bytes', 'imgmgr verify --deep reads what the cloud has of it');
}
