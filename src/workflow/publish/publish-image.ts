import type {Form} from '../../core/image/form.ts';
import {publishPatch} from '../../core/image/form.ts';
import type {Image} from '../../core/image/image.ts';
import {publicationProperties} from '../../core/image/publication.ts';
import {readStamp} from '../../core/image/stamp.ts';
import type {Digest} from '../../core/release/digest.ts';
import type {Release} from '../../core/release/release.ts';
import {compareBytes} from '../../core/release/same-bytes.ts';
import {minDiskRaised} from '../../core/warnings.ts';
import {readVerdict} from '../../core/verdict/record.ts';
import type {AcquireContext} from '../acquire/types.ts';
import {patchSurely} from '../sure-writes.ts';

/** An image that is to be seen in its form. */
export interface PublishTask {
  readonly definition: string;
  readonly release: Release;
  readonly live: Image;
  readonly as: 'current' | 'retired';
  readonly form: Form;
  /** Properties of the image's record that are known since it was made: its verdict, its manifest. */
  readonly known: Readonly<Record<string, string>>;
}

/** An image before and after its publication. */
export interface Publication {
  readonly before: Image;
  readonly after: Image;
}

/** Publishes by one PATCH; warns where more disk is demanded than the definition says, and where no VM was booted from the image. */
export async function publishImage(context: AcquireContext, task: PublishTask): Promise<Publication> {
  const {live, release, form, as, known} = task;
  const patch = publishPatch({
    live,
    form,
    state: as,
    run: context.run,
    ...digestToRecord(live, release),
    passed: {...known, ...(as === 'current' && publicationProperties(context.store.now()))},
  });
  const after = await patchSurely(context, live, patch);
  const about = {cloud: context.store.cloud, definition: task.definition, image: after.id};
  // The record may have been created with the larger size already, where the source gave it.
  if (after.minDisk > form.minDisk)
    context.emit({
      type: 'warning',
      ...about,
      ...minDiskRaised(after.name ?? after.id, {from: form.minDisk, to: after.minDisk}),
    });
  if (!context.options.silenceNotVerified && readVerdict(after)?.kind !== 'pass')
    context.emit({
      type: 'warning',
      code: 'not-verified',
      ...about,
      message: `${after.name ?? after.id} is published, but not verified: no VM was booted from it`,
      hint: '--no-verify silences this',
    });
  return {before: live, after};
}

/** The demanded digest, where the image has none on record and is known to have these bytes. */
function digestToRecord(image: Image, release: Release): {readonly digest?: Digest} {
  const stamp = readStamp(image);
  if (!release.digest || !stamp || stamp.digest) return {};
  return compareBytes({image, stamp}, release).kind === 'same' ? {digest: release.digest} : {};
}
