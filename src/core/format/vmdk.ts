import type {Finding, FormatInspector, FormatProblem} from './inspection.ts';
import {refuse, sizeProblems, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';
import {isTextVmdk} from './text-vmdk.ts';
import {checkVmdkDescriptor} from './vmdk-descriptor.ts';

/** QEMU's own limit of a descriptor. */
const MAX_DESCRIPTOR = (1 << 20) - 1;
const FOOTER = 1536;
const SECTOR = 512;
/** Field offsets of the sparse header. */
const AT = {
  version: 4,
  capacity: 12,
  grain: 20,
  place: 28,
  length: 36,
  tables: 44,
  directory: 56,
  check: 73,
  compression: 77,
};
/** What FTP's text mode would change. */
const CHECK_BYTES = [0x0a, 0x20, 0x0d, 0x0a];

/**
 * VMware's VMDK. Only the two single-file kinds whose descriptor names no other file pass (CVE-2022-47951, CVE-2024-44082); stricter than
 * https://opendev.org/openstack/oslo.utils/src/branch/master/oslo_utils/imageutils/format_inspector.py, and as QEMU reads it:
 * - magic KDMV, capacity above 0: one extent, the file itself; names in the descriptor are not opened;
 * - magic KDMV, capacity 0: the descriptor's extents are opened, whatever they name: refused;
 * - a header whose grain directory is "at the end": the footer replaces the header, so it must repeat it;
 * - text: a descriptor whose extents are opened: refused.
 */
export const vmdk: FormatInspector = {
  name: 'vmdk',
  reach: 512,
  matches: (head) => head.is(0, 'KDMV') || head.is(0, 'COWD') || isTextVmdk(head),
  inspect(head) {
    if (head.is(0, 'COWD')) return refuse('Type', 'is an ESX VMDK extent (COWD), which no cloud takes');
    if (!head.is(0, 'KDMV')) return refuse('Descriptor', 'is a VMDK descriptor that names its data in other files');
    if (!head.has(0, SECTOR)) return unfinished(head, SECTOR);
    return inspectSparse(head);
  },
};

/** The last 1536 bytes of a VMDK whose header points to a footer must repeat that header; `size`: bytes of the whole file. */
export function checkVmdkFooter(head: Prefix, tail: Prefix, size: number): readonly FormatProblem[] {
  const problem = (message: string): readonly FormatProblem[] => [{id: 'Footer', message: `is VMDK ${message}`}];
  const start = tail.length - FOOTER;
  if (start < 0) return problem('without the footer that its header announces');
  // QEMU counts whole sectors, and so finds another footer.
  if (size % SECTOR !== 0) return problem('that ends within a sector, so that programs find different footers');
  if (tail.u64le(start) > 1 || tail.u32le(start + 8) !== 0 || tail.u32le(start + 12) !== 3 || !isZero(tail, start + 16))
    return problem('with an invalid footer marker');
  const end = start + 1024;
  if (tail.u64le(end) !== 0 || tail.u64le(end + 8) !== 0 || !isZero(tail, end + 16))
    return problem('with an invalid end marker');
  const footer = start + 512;
  // All but the places of the tables, which are known only at the end.
  const same = [[0, 48] as const, [AT.check, 6] as const].every(
    ([at, length]) => head.text(at, length) === tail.text(footer + at, length),
  );
  if (!same) return problem('whose footer disagrees with its header');
  return footerFollows(tail, footer) ? problem('whose footer announces another footer') : [];
}

function inspectSparse(head: Prefix): Finding {
  const version = head.u32le(AT.version);
  if (version < 1 || version > 3) return refuse('Version', `is VMDK of the unknown version ${version}`);
  const capacity = head.u64le(AT.capacity);
  if (capacity === 0) return refuse('Extent', 'is VMDK with the capacity 0, whose data is in the files that it names');
  if (head.u64le(AT.place) !== 1) return refuse('Descriptor', 'is VMDK whose descriptor is not at its usual place');
  const compression = head.u16le(AT.compression);
  if (compression > 1 || !head.is(AT.check, CHECK_BYTES) || head.u64le(AT.grain) === 0 || head.u32le(AT.tables) === 0)
    return refuse('Descriptor', 'is VMDK with an invalid header');
  const length = Math.min(head.u64le(AT.length) * SECTOR, MAX_DESCRIPTOR);
  if (!head.has(SECTOR, length)) return unfinished(head, SECTOR + length);
  const header = {capacity, grain: head.u64le(AT.grain), compressed: compression === 1};
  return {
    virtualSize: capacity * SECTOR,
    problems: [...sizeProblems('VMDK', capacity * SECTOR), ...checkVmdkDescriptor(head.text(SECTOR, length), header)],
    footer: footerFollows(head, 0),
  };
}

function footerFollows(header: Prefix, offset: number): boolean {
  return header.u32le(offset + AT.directory) === 0xffffffff && header.u32le(offset + AT.directory + 4) === 0xffffffff;
}

function isZero(bytes: Prefix, offset: number): boolean {
  return bytes.text(offset, 496) === '\0'.repeat(496);
}
