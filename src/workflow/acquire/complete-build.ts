import {formatDigest} from '../../core/release/digest.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import type {AcquireContext, AcquireTask} from './types.ts';
import {byteSource} from './byte-source.ts';
import {artifactHere} from './make-build.ts';

/** Fills the digest of a build's file (hexadecimal sha512) into its manifest; gives what the image shall say of the build. */
export async function completeBuild(
  {builder}: AcquireContext,
  {artifact, definition}: AcquireTask,
  sha512: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const format = artifact?.files.find((file) => file.format === definition.format)?.format;
  if (!artifact || !builder || sha512 === undefined || format === undefined) return {};
  const {manifestSha256, patchlevel} = await builder.complete(artifact, {format, sha512});
  return {
    imgmgr_manifest: `sha256:${manifestSha256}`,
    // What the definition says of it counts.
    ...(patchlevel !== undefined && !('patchlevel' in definition.meta) && {patchlevel}),
  };
}

/**
 * An image that another run has uploaded, of a build whose file is still here: reads the file once more, compares its digest with
 * Glance's hash (DIGEST_MISMATCH), and gives what the image shall say of the build. Nothing where the file is not here; no
 * comparison where the bytes were converted on their way, or where Glance hashes with another algorithm.
 */
export async function completeUploadedBuild(
  context: AcquireContext,
  task: AcquireTask & {readonly image: Image; readonly converts: boolean},
): Promise<Readonly<Record<string, string>>> {
  const artifact = context.builder && (await artifactHere(context.builder, task));
  if (!artifact) return {};
  const {image, converts} = task;
  const opened = await byteSource(context, {...task, artifact, wantSha512: true}).open({});
  await new Promise((resolve, reject) => opened.bytes.once('end', resolve).once('error', reject).resume());
  const digest = opened.facts().digests.find(({algorithm}) => algorithm === 'sha512');
  const {osHashAlgo, osHashValue} = image;
  if (digest && osHashAlgo === 'sha512' && osHashValue !== digest.hex && !converts)
    throw new ImgmgrError(
      'DIGEST_MISMATCH',
      `image ${image.id} has sha512:${osHashValue ?? ''}, the build ${artifact.version} is ${formatDigest(digest)}`,
      {hint: 'the upload was cut off, or the file was changed since'},
    );
  return completeBuild(context, {...task, artifact}, digest?.hex);
}
