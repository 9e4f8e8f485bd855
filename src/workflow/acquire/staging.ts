import type {SourceProbe} from '../../ports/image-source.ts';
import type {Conversion} from '../../core/conversion.ts';
import {describeConversion, describeJudging, needsBothGuards, neededConversion} from '../../core/conversion.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {ImgmgrError} from '../../errors.ts';
import type {AcquireContext, Staging} from './types.ts';

/** How bytes in the definition's format come through a copy on this host; undefined where they go on while they stream. */
export function stagingOf(
  {options, converter}: Pick<AcquireContext, 'options' | 'converter'>,
  {format}: Pick<Definition, 'format'>,
): Staging | undefined {
  const conversion = neededConversion(format, options.policy.convert);
  if (!conversion && !needsBothGuards(format)) return undefined;
  if (!converter)
    throw new ImgmgrError(
      'INTERNAL',
      `${conversion ? 'a conversion is wanted' : 'an image is to be judged'}, but nothing was prepared for it`,
    );
  return {converter, ...(conversion && {conversion})};
}

/** `converted from qcow2 to raw`, `judged by qemu-img as vmdk`. */
export function describeStaging(format: string, {conversion}: Staging): string {
  return conversion ? describeConversion(format, conversion) : describeJudging(format);
}

/** Why no cloud can fetch such bytes by itself. */
export function stagingObstacle(format: string, staging: Staging): string {
  return staging.conversion
    ? `it is ${describeStaging(format, staging)} on its way (--convert)`
    : `it is ${format}, which qemu-img judges on this host before a cloud gets it`;
}

/** Bytes that the image will have, where that is known before: of a conversion to raw the whole disk, to qcow2 nothing. */
export function expectedBytes(probe: SourceProbe, conversion: Conversion | undefined): number | undefined {
  if (!conversion) return probe.size;
  return conversion.to === 'raw' ? probe.virtualSize : undefined;
}

/** Room for the source as it is served, before anything is made; a file of this host that is converted is not copied. */
export async function requireRoom({conversion, converter}: Staging, probe: SourceProbe): Promise<void> {
  const isCopied = !conversion || probe.compressed || !probe.url.startsWith('file:');
  if (isCopied && probe.size !== undefined) await converter.requireRoom(probe.size);
}
