import type {Finding, FormatInspector} from './inspection.ts';
import {refuse, sizeProblems, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';

const HEADERS = [64 * 1024, 128 * 1024];
/** Of the log, within a header. */
const LOG_GUID = 48;
const REGIONS = 192 * 1024;
const TABLE = 64 * 1024;
const MAX_ENTRIES = 2047;
/** Metadata further behind is not waited for: nothing writes it there. */
const MAX_REACH = 16 * 1024 * 1024;

const BAT = '2DC27766-F623-4200-9D64-115E9BFD4A08';
const METADATA = '8B7CA206-4790-4B9A-B8FE-575F050F886E';
const VIRTUAL_DISK_SIZE = '2FA54224-CD1B-4876-B211-5DBED83BF4B8';
const FILE_PARAMETERS = 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B';
const HAS_PARENT = 2;
const PARENT_LOCATOR = 'A8D35F2D-B30B-454D-ABF7-D3D84834AB0C';
/** Every region and every item that Hyper-V and qemu-img write, each of them once ([MS-VHDX] 2.2.3.2, 2.6.2). */
const KNOWN_REGIONS = [BAT, METADATA];
const KNOWN_ITEMS = [
  FILE_PARAMETERS,
  VIRTUAL_DISK_SIZE,
  'BECA12AB-B2E6-4523-93EF-C309E000C746', // page 83 data
  '8141BF1D-A96F-4709-BA47-F233A8FAAB5F', // logical sector size
  'CDA348C7-445D-4471-9CC9-E9885251C556', // physical sector size
];

/** Hyper-V's VHDX; the size stands in a metadata table that a region table points to ([MS-VHDX] 2.2.3, 2.6). */
export const vhdx: FormatInspector = {
  name: 'vhdx',
  reach: 8,
  matches: (head) => head.is(0, 'vhdxfile'),
  inspect(head) {
    if (!head.has(REGIONS, TABLE)) return unfinished(head, REGIONS + TABLE);
    if (!head.is(REGIONS, 'regi')) return refuse('Region', 'is VHDX without a region table');
    if (HEADERS.some((header) => head.is(header, 'head') && !isZero(head, header + LOG_GUID)))
      return refuse('Region', 'is VHDX with a log that was not written back, so that programs read it differently');
    const count = head.u32le(REGIONS + 8);
    if (count > MAX_ENTRIES) return refuse('Region', `is VHDX with ${count} regions (at most ${MAX_ENTRIES})`);
    if (!isKnown(head, {start: REGIONS + 16, count, guids: KNOWN_REGIONS}))
      return refuse('Region', 'is VHDX with a region that nobody knows, or one twice');
    const entry = find(head, {start: REGIONS + 16, count, guid: METADATA});
    if (entry === undefined) return refuse('Region', 'is VHDX without a metadata region');
    return inspectMetadata(head, head.u64le(entry + 16));
  },
};

function inspectMetadata(head: Prefix, start: number): Finding {
  if (start + TABLE > MAX_REACH) return refuse('Region', `is VHDX with its metadata at byte ${start}, too far behind`);
  if (!head.has(start, TABLE)) return unfinished(head, start + TABLE);
  if (!head.is(start, 'metadata')) return refuse('Region', 'is VHDX with an invalid metadata region');
  const count = head.u16le(start + 10);
  if (count > MAX_ENTRIES) return refuse('Region', `is VHDX with ${count} metadata items (at most ${MAX_ENTRIES})`);
  if (find(head, {start: start + 32, count, guid: PARENT_LOCATOR}) !== undefined)
    return refuse('BackingFile', 'is a differencing VHDX, which builds on another file');
  if (!isKnown(head, {start: start + 32, count, guids: KNOWN_ITEMS}))
    return refuse('Region', 'is VHDX with a metadata item that nobody knows, or one twice');
  const entry = find(head, {start: start + 32, count, guid: VIRTUAL_DISK_SIZE});
  if (entry === undefined) return refuse('Region', 'is VHDX without a disk size');
  const item = start + head.u32le(entry + 16);
  if (item + 8 > MAX_REACH) return refuse('Region', 'is VHDX with its disk size too far behind');
  if (!head.has(item, 8)) return unfinished(head, item + 8);
  const parameters = find(head, {start: start + 32, count, guid: FILE_PARAMETERS});
  const flags = parameters === undefined ? 0 : start + head.u32le(parameters + 16) + 4;
  if (flags + 4 > MAX_REACH) return refuse('Region', 'is VHDX with its parameters too far behind');
  if (!head.has(flags, 4)) return unfinished(head, flags + 4);
  if (parameters !== undefined && (head.u32le(flags) & HAS_PARENT) !== 0)
    return refuse('BackingFile', 'is a differencing VHDX, which builds on another file');
  return {virtualSize: head.u64le(item), problems: sizeProblems('VHDX', head.u64le(item))};
}

function isZero(head: Prefix, guid: number): boolean {
  return head.text(guid, 16) === '\0'.repeat(16);
}

/** True where each entry has one of the GUIDs, and none has the GUID of another. */
function isKnown(
  head: Prefix,
  table: {readonly start: number; readonly count: number; readonly guids: readonly string[]},
): boolean {
  const found = Array.from({length: table.count}, (_, index) => head.text(table.start + index * 32, 16));
  const known = new Set(table.guids.map((guid) => String.fromCharCode(...guidBytes(guid))));
  return found.length <= known.size && new Set(found).size === found.length && found.every((guid) => known.has(guid));
}

/** Offset of the 32-byte entry with that GUID. */
function find(head: Prefix, table: {start: number; count: number; guid: string}): number | undefined {
  const wanted = guidBytes(table.guid);
  for (let index = 0; index < table.count; index += 1)
    if (head.is(table.start + index * 32, wanted)) return table.start + index * 32;
  return undefined;
}

/** Microsoft's order: the first three groups little endian, the rest as written. */
function guidBytes(guid: string): readonly number[] {
  return guid.split('-').flatMap((group, index) => {
    const bytes = (group.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    return index < 3 ? bytes.reverse() : bytes;
  });
}
