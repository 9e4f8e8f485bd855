import {isDoubtful} from '../../core/format/disk-formats.ts';
import type {FormatProblem} from '../../core/format/inspection.ts';
import type {Digest} from '../../core/release/digest.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageConverter} from '../../ports/image-converter.ts';
import type {InspectRequest} from '../../ports/image-inspector.ts';
import type {ImageSource, OpenedSource, SourceFacts} from '../../ports/image-source.ts';
import {drain} from '../convert/spool.ts';
import type {Opening, WindowContext} from './open-window.ts';

/** What all of an image is read with. */
export interface WholeContext extends WindowContext {
  readonly source: Pick<ImageSource, 'open'>;
  readonly converter: Pick<ImageConverter, 'judge'>;
}

/** What only all of the bytes show. */
export interface WholeImage extends Partial<Pick<SourceFacts, 'servedBytes' | 'givenBytes' | 'virtualSize'>> {
  readonly digests: readonly Digest[];
  readonly problems: readonly {readonly id: FormatProblem['id'] | 'Refused'; readonly message: string}[];
  readonly unknown: readonly string[];
}

/**
 * Reads all of an image where that is asked for, and in any case a file of this host whose format has a second guard: qemu-img judges a
 * private copy of it. Undefined where neither is so.
 */
export async function readWhole(
  {source, converter}: WholeContext,
  {request, opened, format}: {readonly request: InspectRequest; readonly opened: Opening; readonly format: string},
): Promise<WholeImage | undefined> {
  const isHere = request.url.startsWith('file:') && opened.wrappers.length === 0;
  const hasGuard = isDoubtful(format);
  if (!request.whole && !(isHere && hasGuard))
    return hasGuard ? {digests: [], problems: [], unknown: [GUARD]} : undefined;
  const open = (signal: AbortSignal): Promise<OpenedSource> =>
    source.open({
      urls: [request.url],
      baseDir: '/',
      format,
      limits: request.limits,
      signal,
      wantSha512: request.whole,
      ...(request.architecture !== undefined && {architecture: request.architecture}),
    });
  try {
    const judged = {from: format, limits: request.limits, limitMs: request.limitMs, signal: request.signal};
    const image = await (hasGuard ? converter.judge(open, judged) : open(request.signal));
    // A judged copy was read to its end already.
    if (!hasGuard) await drain(image.bytes, () => undefined);
    image.bytes.destroy();
    const {servedBytes, givenBytes, virtualSize, digests} = image.facts();
    return {
      ...{servedBytes, givenBytes, digests, problems: [], unknown: []},
      ...(virtualSize !== undefined && {virtualSize}),
    };
  } catch (error) {
    return refusedWith(error);
  }
}

const GUARD = 'what qemu-img says of it: --whole has it judge a copy';

/** What is wrong with the image is an answer; what keeps it from being read is none. */
function refusedWith(error: unknown): WholeImage {
  if (!(error instanceof ImgmgrError) || error.code !== 'FORMAT_REFUSED') throw error;
  return {digests: [], problems: [{id: 'Refused', message: error.message}], unknown: []};
}
