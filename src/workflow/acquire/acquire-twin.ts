import type {Image} from '../../core/image/image.ts';
import {remembered} from '../../core/image/record.ts';
import type {Release} from '../../core/release/release.ts';
import {readStamp} from '../../core/image/stamp.ts';
import type {ErrorCode} from '../../errors.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {acquireImage} from './acquire-image.ts';
import type {AcquireContext, AcquireTask, Acquired} from './types.ts';
import {discardImage} from './make-record.ts';

/** The source does not have the bytes any more, or cannot be asked. */
const WITHOUT_BYTES: ReadonlySet<ErrorCode> = new Set([
  'SOURCE_REFUSED',
  'SOURCE_UNAVAILABLE',
  'DIGEST_MISMATCH',
  'FORMAT_REFUSED',
]);

/**
 * Another candidate of the same bytes as a live image: from the source where a demanded digest proves them, else from the store
 * itself, where its own hash of both does.
 */
export async function acquireTwin(
  context: AcquireContext,
  task: AcquireTask & {readonly twin: Image},
): Promise<Acquired> {
  const {definition, release, twin} = task;
  if (release.digest === undefined) return fromStore(context, task);
  try {
    return await acquireImage(context, task);
  } catch (error) {
    const reason = asImgmgrError(error);
    if (!WITHOUT_BYTES.has(reason.code)) throw error;
    context.emit({
      type: 'warning',
      code: 'bytes-from-store',
      cloud: context.store.cloud,
      definition: definition.name,
      image: twin.id,
      message: `${definition.name} ${release.version}: the source does not give the bytes again (${reason.message}), taking those of image ${twin.id}`,
    });
    return fromStore(context, task);
  }
}

async function fromStore(context: AcquireContext, task: AcquireTask & {readonly twin: Image}): Promise<Acquired> {
  const {twin, definition} = task;
  const format = twin.diskFormat ?? definition.format;
  const acquired = await acquireImage(context, {
    ...task,
    stored: twin,
    release: withDigestOf(twin, task.release),
    definition: {...definition, format},
  });
  if (!isSame(twin, acquired.image)) {
    await discardImage(context, task, acquired.image.id);
    throw new ImgmgrError(
      'DIGEST_MISMATCH',
      `image ${acquired.image.id} was copied from image ${twin.id}, but has other bytes: ${hashOf(acquired.image)} instead of ${hashOf(twin)}`,
      {hint: 'run again; if it stays so, the store behind the cloud has damaged one of them'},
    );
  }
  return {
    ...acquired,
    marks: {...acquired.marks, ...marksOf(twin)},
    detail: `${acquired.detail}, bytes of image ${twin.id}`,
  };
}

/** The bytes are those of the twin: what is demanded now was not compared with them. */
function withDigestOf(twin: Image, release: Release): Release {
  const known = readStamp(twin)?.digest;
  if (known) return {...release, digest: known};
  const {digest, ...others} = release;
  return digest ? others : release;
}

/** What is known of the twin's bytes holds for the copy. */
function marksOf(twin: Image): Readonly<Record<string, string>> {
  const names = ['imgmgr_bytes', 'imgmgr_digests'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = remembered(twin, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A cloud that converts what it is given keeps other bytes of the same disk; then the copy proves nothing, and its boot does. */
function isSame(twin: Image, copy: Image): boolean {
  if (twin.osHashAlgo === null || twin.osHashAlgo !== copy.osHashAlgo || twin.diskFormat !== copy.diskFormat)
    return true;
  return twin.osHashValue === copy.osHashValue;
}

function hashOf({osHashAlgo, osHashValue}: Image): string {
  return `${osHashAlgo ?? 'no hash'}:${osHashValue ?? ''}`;
}
