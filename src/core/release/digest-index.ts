import type {Digest} from './digest.ts';
import {readDigest} from './digest.ts';

/** One file of an index with one of its digests. */
interface IndexEntry {
  readonly name: string;
  readonly digest: Digest;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Every file with a digest in a JSON document (Debian's image metadata, simplestreams, Fedora's releases.json, GitLab's and GitHub's
 * lists of files, Oracle's templates) or in the flat YAML of Garden Linux' build metadata; nothing for any other text.
 */
export function parseDigestIndex(text: string): readonly IndexEntry[] {
  const records = jsonRecords(text) ?? yamlRecords(text);
  return records.flatMap(entriesOf);
}

/** Keys whose value is a file's name, path or address. */
const NAME_KEYS: ReadonlySet<string> = new Set([
  'name',
  'path',
  'file_name',
  'filename',
  'link',
  'url',
  'image',
  'ref',
  's3_key',
]);
/** Keys whose value names its algorithm itself, `algo:value`. */
const DIGEST_KEYS: ReadonlySet<string> = new Set(['digest', 'checksum', 'cloud.debian.org/digest']);
/** Keys that name the algorithm: `sha256`, `sha256sum`, `file_sha256`. */
const ALGORITHM_KEY = /^(?:file_)?(md5|sha1|sha256|sha384|sha512)(?:sum)?$/;

function entriesOf(fields: Fields): IndexEntry[] {
  const names: string[] = [];
  const digests: Digest[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== 'string') continue;
    if (NAME_KEYS.has(key)) names.push(withoutQuery(value));
    const digest = digestOf(key, value);
    if (digest !== undefined) digests.push(digest);
  }
  return names.flatMap((name) => digests.map((digest) => ({name, digest})));
}

function digestOf(key: string, value: string): Digest | undefined {
  const algorithm = ALGORITHM_KEY.exec(key)?.[1];
  if (algorithm !== undefined) return readDigest(algorithm, value);
  const colon = value.indexOf(':');
  if (!DIGEST_KEYS.has(key) || colon < 0 || colon > 30) return undefined;
  return readDigest(value.slice(0, colon), value.slice(colon + 1));
}

function withoutQuery(name: string): string {
  return /^https?:\/\//i.test(name) ? (name.split(/[?#]/, 1)[0] ?? '') : name;
}

/** Every object of a JSON document, as deep as it stands there; undefined for what is none. */
function jsonRecords(text: string): Fields[] | undefined {
  if (!/^\ufeff?\s*[[{]/.test(text)) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
  const records: Fields[] = [];
  const waiting: unknown[] = [document];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (Array.isArray(node)) for (const item of node) waiting.push(item);
    else if (isFields(node)) {
      records.push(uploadOf(node) ?? node);
      for (const value of Object.values(node)) waiting.push(value);
    }
  }
  return records;
}

/** Debian keeps name and digest of an upload in two objects: https://cloud.debian.org/images/cloud/ (the .json beside each image). */
function uploadOf({kind, data, metadata}: Fields): Fields | undefined {
  if (kind !== 'Upload' || !isFields(data) || !isFields(metadata) || !isFields(metadata['annotations']))
    return undefined;
  return {ref: data['ref'], 'cloud.debian.org/digest': metadata['annotations']['cloud.debian.org/digest']};
}

function isFields(node: unknown): node is Fields {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}

const LONGEST_LINE = 8_400;

/**
 * The mappings of a flat YAML document, each as the neighbouring lines `key: value` of one column; `- ` begins a new one. It is no
 * YAML reader: quotes come off, and what spans lines is left out.
 */
function yamlRecords(text: string): Fields[] {
  const records: Record<string, string>[] = [];
  let column = -1;
  for (const line of text.split(/[\r\n]+/)) {
    const [, indent, dash, key, value] =
      line.length > LONGEST_LINE ? [] : (/^( *)(- +)?([A-Za-z][A-Za-z0-9_]*):\s+(\S.*)$/.exec(line) ?? []);
    if (indent === undefined || key === undefined || value === undefined) {
      if (line.trim() !== '') column = -1;
      continue;
    }
    const at = indent.length + (dash ?? '').length;
    if (dash !== undefined || at !== column) records.push({});
    column = at;
    const record = records.at(-1);
    if (record !== undefined) record[key] = unquote(value.trim());
  }
  return records;
}

function unquote(value: string): string {
  const quote = value[0];
  return value.length > 1 && (quote === "'" || quote === '"') && value.endsWith(quote) ? value.slice(1, -1) : value;
}
