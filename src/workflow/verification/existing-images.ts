import type {Counts} from '../../core/counts.ts';
import type {Definition} from '../../core/definition/definition.ts';
import type {Image} from '../../core/image/image.ts';
import {isNewerSchema} from '../../core/image/record.ts';
import type {OwnImage} from '../../core/release/release.ts';
import {MANAGED_TAG, readStamp} from '../../core/image/stamp.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {logInTo} from '../log-in.ts';
import {newerFormat} from '../run/newer-format.ts';
import {pool} from '../pool.ts';
import type {CloudResult} from '../run/outcome-of.ts';
import type {CloudRun} from '../types.ts';
import type {VerificationParts} from './types.ts';

/** A run of `verify` on one cloud. */
export interface VerifyRun extends CloudRun {
  readonly verification: VerificationParts;
  /** Ids or names; empty: the current images of the definitions. */
  readonly targets: readonly string[];
  /** Images that are in no store (local files); verified besides. */
  readonly loose: readonly Image[];
}

/** What the work on one image came to; `failed`: an error that other events have reported already. */
export type ImageResult = {readonly counts: Partial<Counts>} | {readonly failed: ImgmgrError};

/**
 * Works on each image, at most `jobs` at a time. What is thrown about one of them (NEWER_FORMAT among it) is its own failure, and is
 * reported here; the interruption of the run is thrown.
 */
export async function workOnImages(
  run: VerifyRun,
  {images, result}: {readonly images: readonly Image[]; readonly result: CloudResult},
  work: (image: Image) => Promise<ImageResult>,
): Promise<void> {
  const {ports, emit, options, signal} = run;
  await pool(options.jobs, images, async (image) => {
    signal.throwIfAborted();
    try {
      if (readStamp(image) && isNewerSchema(image)) throw newerFormat(image, nameOf(image));
      const done = await work(image);
      if ('failed' in done) result.fail(done.failed);
      else result.imageCounts.add(done.counts);
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asImgmgrError(thrown);
      result.fail(error);
      emit({type: 'definition-failed', cloud: ports.store.cloud, definition: nameOf(image), image: image.id, error});
    }
  });
}

/** How events name the definition of an image: its own, else the image. */
export function nameOf(image: Image): string {
  return readStamp(image)?.definition ?? image.name ?? image.id;
}

/**
 * The images that a run of `verify` works on: the named ones, else the current images of the definitions and those that `alsoWanted`
 * asks for; `fail` hears of names that do not lead to one image.
 */
export async function chooseImages(
  run: VerifyRun,
  fail: (error: ImgmgrError) => void,
  alsoWanted: (own: OwnImage, definition: Definition) => boolean = () => false,
): Promise<readonly Image[]> {
  const {ports, targets, loose, definitions, emit, options} = run;
  const {store} = ports;
  if (loose.length > 0 && targets.length === 0) return loose;
  const account = await logInTo(store, emit);
  if (targets.length === 0) {
    const selected = definitions.filter(({enabled}) => enabled || options.policy.force);
    const own = (await store.listTagged(MANAGED_TAG)).filter((image) => {
      const stamp = readStamp(image);
      const definition = selected.find(({name}) => name === stamp?.definition);
      if (image.owner !== account.projectId || !stamp || !definition) return false;
      return stamp.state === 'current' || alsoWanted({image, stamp}, definition);
    });
    // Where nothing was selected, that was said already.
    if (own.length === 0 && selected.length > 0)
      emit({
        type: 'warning',
        code: 'nothing-to-verify',
        cloud: store.cloud,
        message: `${store.cloud}: no selected definition has a current image: nothing to do`,
      });
    return own;
  }
  const found: Image[] = [...loose];
  for (const target of targets) {
    const images = await find(run, target);
    if (images.length === 1) found.push(...images);
    else fail(notOne(run, target, images));
  }
  return found;
}

async function find({ports}: VerifyRun, target: string): Promise<readonly Image[]> {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(target)) {
    const image = await ports.store.get(target);
    if (image) return [image];
  }
  const named = await ports.store.listNamed([target]);
  const shown = named.filter(({osHidden}) => !osHidden);
  return shown.length > 0 ? shown : named;
}

function notOne({ports, emit}: VerifyRun, target: string, images: readonly Image[]): ImgmgrError {
  const {cloud} = ports.store;
  const error =
    images.length === 0
      ? new ImgmgrError('NOT_FOUND', `there is no image "${target}" on ${cloud}`, {
          hint: 'give the id or the whole name; a local file needs its path, like ./disk.qcow2',
        })
      : new ImgmgrError('USAGE', `${images.length} images on ${cloud} are called "${target}"`, {
          hint: `give the id: ${images.map(({id}) => id).join(', ')}`,
        });
  emit({type: 'definition-failed', cloud, definition: target, error});
  return error;
}
