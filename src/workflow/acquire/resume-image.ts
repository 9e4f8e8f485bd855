import {neededConversion} from '../../core/conversion.ts';
import type {Image} from '../../core/image/image.ts';
import {SOURCE_FACT} from '../../core/image/record.ts';
import {formatObjectReference, parseObjectReference} from '../../core/object-reference.ts';
import {originOfFile, originOfStream} from '../../core/origin-text.ts';
import {demandedId} from '../../core/release/release.ts';
import {asImgmgrError} from '../../errors.ts';
import {copySurely, isLocked} from '../sure-writes.ts';
import {acquireImage} from './acquire-image.ts';
import {completeUploadedBuild} from './complete-build.ts';
import {verifyDigest} from './digests.ts';
import {discardImage} from './make-record.ts';
import type {AcquireContext, AcquireTask, Acquired} from './types.ts';
import {importWait, waitForImport} from './wait-for-import.ts';

/** An image that another run or `--no-wait` left behind. */
export type ResumeTask = AcquireTask & {readonly image: Image};

/** Goes on with an image that is under way or complete; when that fails, it is removed and made anew. */
export async function resumeImage(context: AcquireContext, task: ResumeTask): Promise<Acquired> {
  const {image, release, definition} = task;
  await task.permitted;
  try {
    const there = await completed(context, task);
    // With a demanded id and a digest it can only have been uploaded (see chooseMethods), and compared on the way.
    if (demandedId(release) === undefined) verifyDigest(there, release);
    const converts = neededConversion(definition.format, context.options.policy.convert) !== undefined;
    const marks = await completeUploadedBuild(context, {...task, image: there, converts});
    return {
      image: there,
      pending: false,
      marks: {...knownOrigin(context, task), ...marks},
      detail: 'gone on with, nothing was imported again',
    };
  } catch (error) {
    const reason = asImgmgrError(error);
    if (reason.code === 'INTERRUPTED') {
      if (image.properties['imgmgr_state'] === 'importing') await discardImage(context, task, image.id);
      throw error;
    }
    context.emit({
      type: 'warning',
      code: 'import-restarted',
      cloud: context.store.cloud,
      definition: definition.name,
      image: image.id,
      message: `image ${image.id} cannot be gone on with (${reason.message}), it is imported again`,
    });
    await discardImage(context, task, image.id);
    return acquireImage(context, {...task, ...(demandedId(release) === image.id && {reuse: image})});
  }
}

/**
 * What an undisturbed run records of where the bytes came from, as far as it follows from the address: of a file its name alone, no folder of
 * this host. Which manifest a container image had is known to the one who read it.
 */
function knownOrigin({store}: AcquireContext, {release, artifact}: AcquireTask): Readonly<Record<string, string>> {
  const url = release.listed?.url;
  if (artifact !== undefined || url === undefined) return {};
  const object = parseObjectReference(url);
  if (object) {
    const cloud = object.kind === 'image' ? object.cloud : undefined;
    return {[SOURCE_FACT]: formatObjectReference(object, cloud ?? store.cloud)};
  }
  const stream = originOfStream(url);
  if (stream !== undefined) return {[SOURCE_FACT]: stream};
  if (!url.startsWith('file:')) return {};
  const path = url.startsWith('file:/') ? decodeURIComponent(new URL(url).pathname) : url.slice('file:'.length);
  return {[SOURCE_FACT]: originOfFile(path)};
}

/** The image when the cloud is through with it and it is in every demanded store. */
async function completed(context: AcquireContext, task: ResumeTask): Promise<Image> {
  const {image} = task;
  const wait = {
    ...importWait(context, task),
    id: image.id,
    bytes: image.size ?? undefined,
    deadlineMs: context.runtime.monotonic() + context.options.importTimeoutMs,
  };
  const hasBytes = image.status === 'active' || image.status === 'deactivated';
  const there = hasBytes && !isLocked(image) ? image : await waitForImport({...wait, stores: []});
  const missing = there.stores.length === 0 ? [] : wait.stores.filter((name) => !there.stores.includes(name));
  if (missing.length === 0) return there;
  await copySurely(context, {id: there.id, stores: missing, deadlineMs: wait.deadlineMs});
  return waitForImport({...wait, phase: 'copying'});
}
