import {ImgmgrError} from '../errors.ts';
import type {Digest, DigestAlgorithm} from './digest.ts';
import {digestFromHex, formatDigest, parseDigest, sameDigest} from './digest.ts';

/** One line of a digest list; `name` is as written there, path included. */
export interface DigestEntry {
  readonly name: string;
  readonly digest: Digest;
}

/** A published text and where it was read, for messages. */
export interface DigestText {
  readonly text: string;
  readonly url: string;
}

const STRENGTH: readonly DigestAlgorithm[] = ['sha512', 'sha384', 'sha256', 'sha1', 'md5'];

/**
 * The digest of exactly that file in a list of the GNU (`hex  name`, `hex *name`) or BSD (`SHA256 (name) = hex`) kind; folders in
 * front of a listed name do not count. Several algorithms: the strongest. DIGEST_UNKNOWN when it is not there, or listed twice
 * with different values; SOURCE_REFUSED for a web page.
 */
export function findInList(list: DigestText, fileName: string): Digest {
  refuseWebPage(list);
  const entries = parseDigestList(list.text);
  const matching = entries.filter(({name}) => baseName(name) === fileName);
  for (const algorithm of STRENGTH) {
    const digests = matching.map(({digest}) => digest).filter((digest) => digest.algorithm === algorithm);
    const [first] = digests;
    if (first === undefined) continue;
    const other = digests.find((digest) => !sameDigest(digest, first));
    if (other === undefined) return first;
    throw new ImgmgrError(
      'DIGEST_UNKNOWN',
      `${list.url} lists "${fileName}" twice, as ${brief(first)} and ${brief(other)}`,
      {
        hint: 'use a list in which every file name occurs once, or give the version its checksum',
      },
    );
  }
  throw new ImgmgrError('DIGEST_UNKNOWN', `no digest of "${fileName}" in ${list.url}${nearest(entries, fileName)}`, {
    hint: 'check the file name at the end of url, and that checksums_url belongs to the same release',
  });
}

/** The one digest of a file that holds nothing else (`hex`, `algo:hex`, or one line of a list). Errors as {@link findInList}. */
export function findBare(file: DigestText): Digest {
  refuseWebPage(file);
  const lines = contentLines(file.text);
  const digests = lines.map(bareDigest).filter((digest) => digest !== undefined);
  const [first] = digests;
  if (first === undefined)
    throw new ImgmgrError(
      'DIGEST_UNKNOWN',
      `no digest in ${file.url}: it starts with "${(lines[0] ?? '').slice(0, 60)}"`,
      {
        hint: 'checksum_url is for a file with one bare digest; a list with file names belongs into checksums_url',
      },
    );
  if (lines.length > 1 && digests.some((digest) => !sameDigest(digest, first)))
    throw new ImgmgrError('DIGEST_UNKNOWN', `${file.url} holds ${digests.length} digests, so that none is the one`, {
      hint: 'give it as checksums_url, where the file name decides',
    });
  return first;
}

/** Every entry of a digest list, in its order; comments, signatures and lines that are no entry are left out. */
export function parseDigestList(text: string): readonly DigestEntry[] {
  return contentLines(text)
    .map((line) => parseBsd(line) ?? parseGnu(line))
    .filter((entry) => entry !== undefined);
}

/** https://man.freebsd.org/cgi/man.cgi?md5(1), the form that coreutils' `--tag` writes, too. */
function parseBsd(line: string): DigestEntry | undefined {
  const match = /^(\\?)([A-Za-z0-9-]+)\s*\((.+)\)\s*=\s*([0-9a-fA-F]+)$/.exec(line);
  const [, escaped, algorithm, name, hex] = match ?? [];
  if (algorithm === undefined || name === undefined || hex === undefined) return undefined;
  const digest = parseDigest(`${algorithm.replaceAll('-', '')}:${hex}`);
  return digest === undefined ? undefined : {name: unescapeName(name, escaped), digest};
}

/** https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html; a leading backslash marks an escaped name. */
function parseGnu(line: string): DigestEntry | undefined {
  const [, escaped, hex, name] = /^(\\?)([0-9a-fA-F]{32,128})(?: [ *]|\s+\*?)(\S.*)$/.exec(line) ?? [];
  if (hex === undefined || name === undefined) return undefined;
  const digest = digestFromHex(hex);
  return digest === undefined ? undefined : {name: unescapeName(name, escaped), digest};
}

function unescapeName(name: string, escaped: string | undefined): string {
  if (escaped !== '\\') return name;
  return name.replaceAll(/\\([\\nr])/g, (_, char: string) => ({n: '\n', r: '\r'})[char] ?? '\\');
}

/** Lines that may hold a digest: no comments, none of the clothing of a PGP signature. */
function contentLines(text: string): readonly string[] {
  const lines: string[] = [];
  let inSignature = false;
  for (const raw of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    const line = raw.trim();
    if (line.startsWith('-----BEGIN PGP')) inSignature = !line.includes('SIGNED MESSAGE');
    else if (line.startsWith('-----END PGP')) inSignature = false;
    else if (!inSignature && line !== '' && !/^(#|;|Hash: |NotDashEscaped)/.test(line))
      lines.push(line.replace(/^- /, ''));
  }
  return lines;
}

function bareDigest(line: string): Digest | undefined {
  return parseDigest(line) ?? digestFromHex(line) ?? parseBsd(line)?.digest ?? parseGnu(line)?.digest;
}

function refuseWebPage({text, url}: DigestText): void {
  if (!/^\ufeff?\s*(<!doctype|<html|<\?xml)/i.test(text)) return;
  throw new ImgmgrError('SOURCE_REFUSED', `${url} sent a web page instead of digests`, {
    hint: 'open the address in a browser: a login page, a moved file or a directory listing are the usual reasons',
  });
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function brief(digest: Digest): string {
  return `${formatDigest(digest).slice(0, digest.algorithm.length + 13)}…`;
}

/** The three listed names that share the longest beginning with what was looked for. */
function nearest(entries: readonly DigestEntry[], fileName: string): string {
  if (entries.length === 0) return '; it lists nothing';
  const names = [...new Set(entries.map(({name}) => baseName(name)))];
  const near = names.toSorted((a, b) => commonStart(b, fileName) - commonStart(a, fileName)).slice(0, 3);
  return `; the nearest of ${names.length} listed: ${near.join(', ')}`;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
