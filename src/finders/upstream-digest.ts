import type {Version} from '../core/definition/definition.ts';
import {folderOf} from '../core/definition/definition.ts';
import type {Digest} from '../core/release/digest.ts';
import type {DigestLocation, ImageSource} from '../ports/image-source.ts';
import type {FindRequest} from '../ports/release-finder.ts';

/** The digest that a version is demanded to have: its own, else the one of `checksums_url` or `checksum_url`. DIGEST_*, SOURCE_*. */
export async function upstreamDigest(
  request: FindRequest,
  listed: Version,
  source: ImageSource,
): Promise<Digest | undefined> {
  const place = digestLocation(listed);
  if (listed.checksum || !place) return listed.checksum;
  return source.findDigest({...place, baseDir: folderOf(request.definition, request)}, request.signal);
}

function digestLocation({checksumsUrl, checksumUrl, url}: Version): DigestLocation | undefined {
  if (checksumsUrl !== undefined) return {kind: 'list', url: checksumsUrl, path: pathOf(url)};
  return checksumUrl === undefined ? undefined : {kind: 'bare', url: checksumUrl};
}

/** The path of a URL as it is written; a relative `file:` is nothing but a path. */
function pathOf(url: string): string {
  if (/^file:(?!\/)/i.test(url)) return url.slice('file:'.length);
  return URL.canParse(url) ? new URL(url).pathname : url;
}
