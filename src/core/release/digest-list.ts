import type {Digest} from './digest.ts';
import {algorithmNamed, digestFromHex, readDigest} from './digest.ts';
import {parseDigestIndex} from './digest-index.ts';

/** One entry of a digest list; `name` is as written there, path included. */
export interface DigestEntry {
  readonly name: string;
  readonly digest: Digest;
}

/**
 * Longer lines are no entries, so that the work on a hostile list stays in proportion to its length: a path of 4096 bytes, each of
 * them escaped, behind the longest digest.
 */
const LONGEST_LINE = 8_400;
const LONGEST_HEADING = 80;

/**
 * Every entry of a digest list (GNU, BSD, sections, clearsigned, JSON, or the flat YAML of build metadata); comments, signatures and
 * what is no entry are left out. Digests of algorithms that are none of ours are left out, too, where a tag or a heading names them.
 */
export function parseDigestList(text: string): readonly DigestEntry[] {
  const entries: DigestEntry[] = [];
  for (const {line, foreign} of linesOf(text)) {
    const entry = parseBsd(line) ?? (foreign ? undefined : parseGnu(line));
    if (entry !== undefined) entries.push(entry);
  }
  return entries.length > 0 ? entries : parseDigestIndex(text);
}

/** What a file of bare digests holds: its digests with their names, where these stand there, and its first line for messages. */
export interface BareDigests {
  readonly digests: readonly {readonly name?: string; readonly digest: Digest}[];
  readonly firstLine: string;
}

/** Every digest of a file that holds nothing else (`hex`, `algo:hex`, or lines of a list). */
export function parseBareDigests(text: string): BareDigests {
  const digests: {name?: string; digest: Digest}[] = [];
  let firstLine: string | undefined;
  for (const {line, foreign} of linesOf(text)) {
    firstLine ??= line;
    const found = parseBsd(line) ?? (foreign ? undefined : (parseBare(line) ?? parseGnu(line)));
    if (found !== undefined) digests.push(found);
  }
  return {digests: digests.length > 0 ? digests : parseDigestIndex(text), firstLine: firstLine ?? ''};
}

function parseBare(line: string): {digest: Digest} | undefined {
  const [, algorithm, value] = /^([A-Za-z][A-Za-z0-9/_-]{0,30}):\s*(\S+)$/.exec(line) ?? [];
  const digest = algorithm === undefined || value === undefined ? digestFromHex(line) : readDigest(algorithm, value);
  return digest && {digest};
}

/** https://man.freebsd.org/cgi/man.cgi?md5(1), the form that coreutils' `--tag` (with `--base64`, too) and openssl write. */
function parseBsd(line: string): DigestEntry | undefined {
  const [head = '', escaped, algorithm] = /^(\\?)([A-Za-z][A-Za-z0-9/_-]{0,30})\s*\(/.exec(line) ?? [];
  const end = line.lastIndexOf(')');
  if (algorithm === undefined || end <= head.length) return undefined;
  const name = line.slice(head.length, end);
  const [, value] = /^\)\s*=\s*(\S+)$/.exec(line.slice(end)) ?? [];
  if (value === undefined) return undefined;
  const digest = readDigest(algorithm, value);
  return digest && {name: unescapeName(name, escaped), digest};
}

/** https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html; a leading backslash marks an escaped name. */
function parseGnu(line: string): DigestEntry | undefined {
  const [, escaped, algorithm, hex, name] =
    /^(\\?)(?:([A-Za-z][A-Za-z0-9/_-]{0,30}):)?([0-9a-fA-F]{32,128})(?: [ *]|\s+\*?)(\S.*)$/s.exec(line) ?? [];
  if (hex === undefined || name === undefined) return undefined;
  const digest = algorithm === undefined ? digestFromHex(hex) : readDigest(algorithm, hex);
  return digest && {name: unescapeName(name, escaped), digest};
}

function unescapeName(name: string, escaped: string | undefined): string {
  if (escaped !== '\\') return name;
  return name.replaceAll(/\\([\\nr])/g, (_, char: string) => ({n: '\n', r: '\r'})[char] ?? '\\');
}

interface ListLine {
  readonly line: string;
  /** True in a section whose heading names an algorithm that is none of ours: the length of a digest says nothing there. */
  readonly foreign: boolean;
}

/**
 * Lines that may hold a digest, in the sections that headings such as `# SHA512 HASH` make of a list. Of a clearsigned text these are
 * the lines of the signed message; the signature is not verified.
 */
function* linesOf(text: string): Generator<ListLine> {
  const message = signedMessage(text);
  let foreign = false;
  let inArmor = false;
  for (const raw of (message ?? text.replace(/^\ufeff/, '')).split(/[\r\n]+/)) {
    const line = (message === undefined ? raw : raw.replace(/^- /, '')).trim();
    if (raw.startsWith('-----BEGIN PGP')) inArmor = true;
    else if (raw.startsWith('-----END PGP')) inArmor = false;
    else if (!inArmor && line !== '' && line.length <= LONGEST_LINE) {
      foreign = isForeignHeading(line) ?? foreign;
      if (!/^[#;]/.test(line)) yield {line, foreign};
    }
  }
}

const BEGIN_SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';

/** What is signed in a clearsigned text, dash-escaped as there; undefined when nothing is: https://www.rfc-editor.org/rfc/rfc9580#section-7 */
function signedMessage(text: string): string | undefined {
  const pieces = `\n${text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')}`.split(`\n${BEGIN_SIGNED}`).slice(1);
  if (pieces.length === 0) return undefined;
  return pieces
    .map((piece) => {
      const begin = piece.search(/\n[ \t]*\n/);
      const end = piece.indexOf('\n-----BEGIN PGP', begin);
      return begin < 0 ? '' : piece.slice(begin, end < 0 ? undefined : end);
    })
    .join('\n');
}

/** Undefined for a line that is no heading. */
function isForeignHeading(line: string): boolean | undefined {
  if (line.length > LONGEST_HEADING) return undefined;
  const [, name] =
    /^[#;[\s]*([a-z][a-z0-9/_-]*?)[ _-]?(?:hash(?:es)?|sums?|digests?|checksums?)?[\]:]?$/i.exec(line) ?? [];
  if (name === undefined) return undefined;
  if (algorithmNamed(name) !== undefined) return false;
  return FOREIGN.test(name) ? true : undefined;
}

/** Algorithms whose digests are as long as some of ours, and others that stand beside ours in lists. */
const FOREIGN =
  /^(?:b[23]$|blake|sha-?3|sha-?224|sha-?512[/_t-]+2|sm3|md[24]$|whirlpool|rmd|ripemd|tiger|gost|streebog|shake|keccak|crc|xxh|skein)/i;
