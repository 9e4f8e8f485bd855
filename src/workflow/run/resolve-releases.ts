import type {SizeLimits} from '../../core/limits.ts';
import type {DigestLocation, ImageSource} from '../../ports/image-source.ts';
import {folderOf} from '../../core/definition/definition.ts';
import type {Definition, Version} from '../../core/definition/definition.ts';
import type {Digest} from '../../core/release/digest.ts';
import type {FileDigests} from '../../core/release/release.ts';
import type {OwnImage, Release} from '../../core/release/release.ts';
import {findImage} from '../../core/release/find-image.ts';
import {latestRelease, releaseOf} from '../../core/release/release.ts';
import {dayOfChange} from '../../core/time-text.ts';

/** A listed version whose digest, where it stands upstream, was read. */
export interface ReadVersion {
  readonly listed: Version;
  readonly digest?: Digest;
  /** Of a local file of the command line without a demanded digest: reads and hashes it, once however often it is asked. */
  readonly file?: () => Promise<FileDigests>;
}

/** Reads the digests that stand upstream (`checksums_url`, `checksum_url`); needs no cloud. Throws DIGEST_*, SOURCE_*. */
export async function readDigests(
  definition: Definition,
  run: Pick<LabelContext, 'source' | 'baseDir' | 'signal'>,
): Promise<ReadVersion[]> {
  const {source, signal} = run;
  const baseDir = folderOf(definition, run);
  return Promise.all(
    definition.versions.map(async (listed) => {
      const place = digestLocation(listed);
      if (listed.checksum) return {listed, digest: listed.checksum};
      return place ? {listed, digest: await source.findDigest({...place, baseDir}, signal)} : {listed};
    }),
  );
}

/** What labels a `latest` version. */
export interface LabelContext {
  readonly definition: Definition;
  readonly images: readonly OwnImage[];
  readonly source: ImageSource;
  readonly baseDir: string;
  readonly now: Date;
  readonly limits: SizeLimits;
  readonly signal: AbortSignal;
}

/**
 * The releases. A `latest` one is labelled as the image that has its digest already, else by the upstream's Last-Modified as
 * YYYYMMDD (as the peer does), else, and where that lies in the future, by today's date.
 */
export async function labelReleases(versions: readonly ReadVersion[], context: LabelContext): Promise<Release[]> {
  return Promise.all(
    versions.map(async ({listed, digest, file}) => {
      if (listed.version !== 'latest') {
        const isThere = file && context.images.some(({stamp}) => stamp.version === listed.version);
        const read = isThere ? await file() : undefined;
        return {...releaseOf(listed), ...(digest && {digest}), ...(read && {file: read})};
      }
      const known = findImage(latestRelease(listed, 'latest', digest), context.images);
      return latestRelease(listed, known ? known.stamp.version : await upstreamDate(listed, context), digest);
    }),
  );
}

async function upstreamDate(
  listed: Version,
  {source, baseDir, now, limits, signal, definition}: LabelContext,
): Promise<string> {
  const urls = listed.mirrorUrl === undefined ? [listed.url] : [listed.mirrorUrl, listed.url];
  const probe = await source.probe({urls, baseDir, format: definition.format, limits, signal});
  return dayOfChange(probe.lastModified, now).replaceAll('-', '');
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
