import {ImgmgrError} from '../../errors.ts';
import type {Digest, DigestAlgorithm} from './digest.ts';
import {formatDigest, sameDigest} from './digest.ts';
import type {DigestEntry} from './digest-list.ts';
import {parseBareDigests, parseDigestList} from './digest-list.ts';

/** A published text and where it was read, for messages. */
export interface DigestText {
  readonly text: string;
  readonly url: string;
}

const STRENGTH: readonly DigestAlgorithm[] = ['sha512', 'sha384', 'sha256', 'sha1', 'md5'];
const LONGEST_SHOWN = 60;

/**
 * The digest of exactly that file in a list (notations: {@link parseDigestList}). `path` is the path of the image's URL, percent-encoded
 * as there, or a bare name; its last part must be listed, and of several entries the one whose folders agree with it best counts.
 * Several algorithms: the strongest. DIGEST_UNKNOWN when it is not there, or listed twice with different values; SOURCE_REFUSED for a web page.
 */
export function findInList(list: DigestText, path: string): Digest {
  refuseWebPage(list);
  const entries = parseDigestList(list.text);
  const decoded = partsOf(decode(path));
  const found = bestFits(entries, decoded);
  const fileName = decoded.at(-1) ?? '';
  const matching = found.length > 0 ? found : bestFits(entries, partsOf(path));
  const digest = strongest(matching, (first, other) => listedTwice(list, fileName, [first, other]));
  if (digest !== undefined) return digest;
  throw new ImgmgrError('DIGEST_UNKNOWN', `no digest of "${fileName}" in ${list.url}${listed(entries, fileName)}`, {
    hint: hintFor(list, entries),
  });
}

/**
 * The one digest of a file that holds nothing else (`hex`, `algo:hex`, or lines of a list that name one file, of which the strongest
 * algorithm counts). Errors as {@link findInList}.
 */
export function findBare(file: DigestText): Digest {
  refuseWebPage(file);
  const {digests, firstLine} = parseBareDigests(file.text);
  const several = (): ImgmgrError =>
    new ImgmgrError('DIGEST_UNKNOWN', `${file.url} holds ${digests.length} digests of different files`, {
      hint: 'give it as checksums_url, where the file name decides',
    });
  const [first] = digests;
  if (first === undefined)
    throw new ImgmgrError(
      'DIGEST_UNKNOWN',
      `no digest in ${file.url}: it starts with "${firstLine.slice(0, LONGEST_SHOWN)}"`,
      {hint: 'checksum_url is for a file with one digest; a list with file names belongs into checksums_url'},
    );
  const names = new Set(digests.map(({name}) => (name === undefined ? undefined : partsOf(name).at(-1))));
  if (names.size > 1 && digests.some(({digest}) => !sameDigest(digest, first.digest))) throw several();
  return strongest(digests, several) ?? first.digest;
}

/** The digest of the strongest algorithm; throws what `conflict` makes of two different values of it. */
function strongest<Entry extends {readonly digest: Digest}>(
  entries: readonly Entry[],
  conflict: (first: Entry, other: Entry) => ImgmgrError,
): Digest | undefined {
  for (const algorithm of STRENGTH) {
    const same = entries.filter(({digest}) => digest.algorithm === algorithm);
    const [first] = same;
    if (first === undefined) continue;
    const other = same.find(({digest}) => !sameDigest(digest, first.digest));
    if (other !== undefined) throw conflict(first, other);
    return first.digest;
  }
  return undefined;
}

/** The entries of that file whose folders agree best with the wanted path, counted from its end. */
function bestFits(entries: readonly DigestEntry[], wanted: readonly string[]): readonly DigestEntry[] {
  let best = 1;
  let fits: DigestEntry[] = [];
  for (const entry of entries) {
    const fit = fitOf(partsOf(entry.name), wanted);
    if (fit < best) continue;
    if (fit > best) fits = [];
    best = fit;
    fits.push(entry);
  }
  return fits;
}

/** 0 for another file, else twice the number of parts that agree from the end, and 1 more when the entry has no other part. */
function fitOf(parts: readonly string[], wanted: readonly string[]): number {
  let common = 0;
  while (common < parts.length && common < wanted.length && parts.at(-1 - common) === wanted.at(-1 - common))
    common += 1;
  return common === 0 ? 0 : 2 * common + Number(common === parts.length);
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
}

/** Percent-decoded; as it is where that cannot be decoded. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function listedTwice(list: DigestText, fileName: string, entries: readonly DigestEntry[]): ImgmgrError {
  const shown = entries.map(({name, digest}) => `${formatDigest(digest)} (${shorten(name)})`).join(' and ');
  return new ImgmgrError('DIGEST_UNKNOWN', `${list.url} lists "${fileName}" twice, as ${shown}`, {
    hint: 'the path of url decides between folders of a list, and none of these agrees with it better; use a list in which the file occurs once, or give the version its checksum',
  });
}

function listed(entries: readonly DigestEntry[], fileName: string): string {
  const names = [...new Set(entries.map(({name}) => partsOf(name).at(-1) ?? ''))];
  if (names.length === 0) return '; it lists nothing';
  const near = nearest(names, fileName).map(shorten).join(', ');
  return names.length === 1 ? `; it lists only ${near}` : `; the nearest of ${names.length} listed: ${near}`;
}

/** The three names that share the longest beginning with what was looked for. */
function nearest(names: readonly string[], fileName: string): readonly string[] {
  return names
    .map((name) => ({name, common: commonStart(name, fileName)}))
    .sort((a, b) => b.common - a.common)
    .slice(0, 3)
    .map(({name}) => name);
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}

/** What helps depends on whether the list is of many files, of one, or a bare digest. */
function hintFor(list: DigestText, entries: readonly DigestEntry[]): string {
  const files = new Set(entries.map(({name}) => name)).size;
  if (files > 1) return 'check the file name at the end of url, and that checksums_url belongs to the same release';
  if (files === 1)
    return 'if this file belongs to the image under another name, give it as checksum_url: there the name does not count';
  return parseBareDigests(list.text).digests.length > 0
    ? 'it holds a digest without a file name: give it as checksum_url'
    : 'check that checksums_url leads to a list of digests';
}

function refuseWebPage({text, url}: DigestText): void {
  if (!/^\ufeff?\s*(<!doctype|<html|<\?xml)/i.test(text)) return;
  throw new ImgmgrError('SOURCE_REFUSED', `${url} sent a web page instead of digests`, {
    hint: 'open the address in a browser: a login page, a moved file or a directory listing are the usual reasons',
  });
}

function shorten(name: string): string {
  return name.length > 2 * LONGEST_SHOWN ? `${name.slice(0, 2 * LONGEST_SHOWN)}…` : name;
}
