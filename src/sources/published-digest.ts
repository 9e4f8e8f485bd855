import type {DigestLocation} from '../ports/image-source.ts';
import {findBare, findInList} from '../core/release/checksum.ts';
import type {Digest} from '../core/release/digest.ts';
import {ImgmgrError} from '../errors.ts';
import {showUrl} from './show-url.ts';
import type {SourceKind} from './served.ts';

const LIMIT_MS = 30_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** Reads one published digest; a list of more than 4 MiB, or one that takes longer than 30 s, is refused. */
export async function readPublishedDigest(
  kind: SourceKind,
  place: DigestLocation,
  signal?: AbortSignal,
): Promise<Digest> {
  const deadline = AbortSignal.timeout(LIMIT_MS);
  const show = showUrl(place.url);
  try {
    const text = await readText(kind, place, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
    return place.kind === 'list' ? findInList({text, url: show}, place.path) : findBare({text, url: show});
  } catch (error) {
    if (!deadline.aborted || signal?.aborted === true) throw error;
    throw new ImgmgrError('SOURCE_UNAVAILABLE', `${show} took longer than ${LIMIT_MS / 1000} s`, {cause: error});
  }
}

async function readText(kind: SourceKind, {url, baseDir}: DigestLocation, signal: AbortSignal): Promise<string> {
  const served = await kind.read({url, baseDir: baseDir ?? '/', digestDemanded: false, signal});
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of served.chunks) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES)
      throw new ImgmgrError(
        'SOURCE_REFUSED',
        `${showUrl(url)} is no list of digests: it is larger than ${MAX_BYTES / 1024 / 1024} MiB`,
        {
          hint: 'checksums_url and checksum_url must point to the list, not to the image',
        },
      );
  }
  return Buffer.concat(chunks).toString('utf8');
}
