import type {ImageConverter} from '../cloud/image-converter.ts';
import type {SourceProbe} from '../cloud/image-source.ts';
import type {Conversion} from '../core/conversion.ts';
import {describeConversion, neededConversion} from '../core/conversion.ts';
import type {Definition} from '../core/definition.ts';
import {ImgmgrError} from '../errors.ts';
import type {RunOptions} from './types.ts';

/** What decides whether bytes are converted. */
export interface ConversionContext {
  readonly options: Pick<RunOptions, 'policy'>;
  readonly converter?: ImageConverter;
}

/** How bytes in the definition's format are converted, and by whom; undefined where they go as they are. */
export function conversionOf(
  {options, converter}: ConversionContext,
  {format}: Pick<Definition, 'format'>,
): {readonly conversion: Conversion; readonly converter: ImageConverter} | undefined {
  const conversion = neededConversion(format, options.policy.convert);
  if (!conversion) return undefined;
  if (!converter) throw new ImgmgrError('INTERNAL', 'a conversion is wanted, but nothing was prepared for it');
  return {conversion, converter};
}

/** Part of the sentence that tells how an image was made; nothing where it was not converted. */
export function describeConverting(
  context: ConversionContext,
  {definition}: {readonly definition: Pick<Definition, 'format'>},
): readonly string[] {
  const converting = conversionOf(context, definition);
  return converting ? [describeConversion(definition.format, converting.conversion)] : [];
}

/** Bytes that the image will have, where that can be told before: of a conversion to raw the whole disk, to qcow2 nothing. */
export function expectedBytes(probe: SourceProbe, conversion: Conversion | undefined): number | undefined {
  if (!conversion) return probe.size;
  return conversion.to === 'raw' ? probe.virtualSize : undefined;
}

/** Room for the source as it is served, before anything is made; a file of this host is not copied. */
export async function requireRoom(converter: ImageConverter, probe: SourceProbe): Promise<void> {
  const isCopied = probe.compressed || !probe.url.startsWith('file:');
  if (isCopied && probe.size !== undefined) await converter.requireRoom(probe.size);
}
