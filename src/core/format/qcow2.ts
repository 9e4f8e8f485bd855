import type {Finding, FormatInspector, FormatProblem} from './inspection.ts';
import {refuse, sizeProblems, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';

const DATA_FILE = 1 << 2;
/** Dirty, corrupt, data file, compression type; what lies above (extended L2 entries, too) current Glance refuses. */
const KNOWN_FEATURES = 0b1111;
const COMPRESSION = 1 << 3;
/** Behind the fields that every header of version 3 has. */
const COMPRESSION_AT = 104;
const ZSTD = 1;
const STEP = 64 * 1024;
const MAX_EXTENSIONS = 32;
/** Of the disk at an earlier time, in the same file. QEMU takes 65536, and lists them in a text of many megabytes. */
const MAX_SNAPSHOTS = 256;

/** Header extensions by their type; what is not listed is refused. */
const EXTENSIONS: ReadonlyMap<number, FormatProblem | undefined> = new Map([
  // The format of a backing file; without such a file nobody reads it.
  [0xe2792aca, undefined],
  // Names of features, for messages.
  [0x6803f857, undefined],
  // Dirty bitmaps.
  [0x23852875, undefined],
  [0x0537be77, {id: 'Encrypted', message: 'is qcow2 with an encryption header'}],
  [0x44415441, {id: 'DataFile', message: 'is qcow2 that names an external data file'}],
]);

/**
 * QEMU's qcow2, versions 2 and 3 (https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst). Refused is what
 * reads other files of the host (CVE-2015-5163, CVE-2024-32498), what is encrypted, and what current Glance refuses.
 */
export const qcow2: FormatInspector = {
  name: 'qcow2',
  reach: 8,
  matches: (head) => head.is(0, [0x51, 0x46, 0x49, 0xfb]),
  inspect(head) {
    const version = head.u32be(4);
    if (version === 1) return refuse('Version', 'is qcow version 1, which no cloud takes; convert it to qcow2');
    if (version !== 2 && version !== 3) return refuse('Version', `is qcow2 of the unknown version ${version}`);
    const length = version === 2 ? 72 : 112;
    if (!head.has(0, length)) return unfinished(head, length);
    const fields = headerProblems(head, version);
    const virtualSize = head.u64be(24);
    // What is wrong already does not get better with more bytes.
    if (fields.length > 0) return {virtualSize, problems: fields};
    const extensions = inspectExtensions(head, version === 2 ? 72 : head.u32be(100));
    return {...extensions, virtualSize};
  },
};

function headerProblems(head: Prefix, version: 2 | 3): readonly FormatProblem[] {
  const problems: FormatProblem[] = [];
  if (head.u64be(8) !== 0) problems.push({id: 'BackingFile', message: 'is qcow2 with a backing file'});
  const method = head.u32be(32);
  if (method !== 0) problems.push({id: 'Encrypted', message: `is encrypted qcow2 (method ${method})`});
  if (version === 3) {
    const low = head.u32be(76);
    if ((low & DATA_FILE) !== 0) problems.push({id: 'DataFile', message: 'is qcow2 with an external data file'});
    if (head.u32be(72) !== 0 || (low & ~KNOWN_FEATURES) !== 0)
      problems.push({
        id: 'UnknownFeatures',
        message: `is qcow2 with incompatible features that Glance refuses (${features(head.u32be(72), low)})`,
      });
    problems.push(...compressionProblems(head, low));
    const length = head.u32be(100);
    if (length !== 104 && length !== 112)
      problems.push({id: 'UnknownFeatures', message: `is qcow2 with a header of ${length} bytes (known: 104, 112)`});
  }
  const bits = head.u32be(20);
  if (bits < 9 || bits > 21) problems.push({id: 'Descriptor', message: `is qcow2 with clusters of 2^${bits} bytes`});
  const snapshots = head.u32be(60);
  if (snapshots > MAX_SNAPSHOTS)
    problems.push({id: 'Descriptor', message: `is qcow2 with ${snapshots} snapshots (at most ${MAX_SNAPSHOTS})`});
  return [...problems, ...sizeProblems('qcow2', head.u64be(24))];
}

/** Zlib is said by no bit and no byte, zstd by both (validate_compression_type): what says it by one of them is read in two ways. */
function compressionProblems(head: Prefix, features: number): readonly FormatProblem[] {
  const type = head.u32be(100) > COMPRESSION_AT ? head.u8(COMPRESSION_AT) : 0;
  if (type === ((features & COMPRESSION) === 0 ? 0 : ZSTD)) return [];
  return [{id: 'UnknownFeatures', message: `is qcow2 whose header says two things about its compression (${type})`}];
}

/** Walks as QEMU does, to the type 0 or the end of the first cluster. */
function inspectExtensions(head: Prefix, start: number): Finding {
  const end = 2 ** head.u32be(20);
  let at = start;
  for (let seen = 0; at + 8 <= end; seen += 1) {
    if (!head.has(at, 8)) return unfinished(head, Math.min(end, Math.ceil((at + 8) / STEP) * STEP));
    const type = head.u32be(at);
    if (type === 0) return {problems: []};
    const name = `0x${type.toString(16).padStart(8, '0')}`;
    if (!EXTENSIONS.has(type)) return refuse('UnknownFeatures', `is qcow2 with the unknown header extension ${name}`);
    if (seen >= MAX_EXTENSIONS)
      return refuse('Descriptor', `is qcow2 with more than ${MAX_EXTENSIONS} header extensions`);
    const problem = EXTENSIONS.get(type);
    if (problem !== undefined) return {problems: [problem]};
    at += 8 + Math.ceil(head.u32be(at + 4) / 8) * 8;
    if (at > end) return refuse('Descriptor', `is qcow2 whose header extension ${name} leads out of its header`);
  }
  return {problems: []};
}

function features(high: number, low: number): string {
  return `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
}
