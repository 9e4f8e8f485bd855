import {prefixOf} from './prefix.ts';
import type {Prefix} from './prefix.ts';

/** What starts a guest from an image. */
export type Firmware = 'bios' | 'uefi';

/** One partition; bytes. */
export interface Partition {
  readonly number: number;
  /** GPT: the GUID of its type; MBR: the byte, `0x83`. */
  readonly type: string;
  /** What the type means, where it is known. */
  readonly meaning?: string;
  readonly start: number;
  readonly size: number;
}

/** What the first bytes of a disk say of how it is divided, and what can start it. */
export interface Layout {
  readonly table: 'gpt' | 'mbr' | 'none';
  readonly partitions: readonly Partition[];
  readonly firmware: readonly Firmware[];
  /** Glance's word, where the type of a partition is that of one processor alone. */
  readonly architecture?: string;
  /** What of the table could not be read. */
  readonly damage?: string;
}

/** Bytes from the start of a disk that {@link readLayout} reads: the table of 128 entries behind its header. */
export const LAYOUT_REACH = 34 * 512;

const SECTOR = 512;
const MOST_ENTRIES = 128;
const ESP = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const MBR_TYPES: Readonly<Record<number, string>> = {
  0x07: 'NTFS or exFAT',
  0x0b: 'FAT32',
  0x0c: 'FAT32',
  0x0e: 'FAT16',
  0x82: 'Linux swap',
  0x83: 'Linux',
  0x8e: 'Linux LVM',
  0xee: 'protective',
  0xef: 'EFI system',
};
const EFI_SYSTEM = 0xef;
const PROTECTIVE = 0xee;

/** Meanings by the GUID of the type, and the processor where there is one (https://uapi-group.org/specifications/specs/discoverable_partitions_specification/). */
const GPT_TYPES: ReadonlyMap<string, readonly [meaning: string, architecture?: string]> = new Map([
  [ESP, ['EFI system']],
  ['21686148-6449-6E6F-744E-656564454649', ['BIOS boot']],
  ['9E1A2D38-C612-4316-AA26-8B49521E5A8B', ['PowerPC PReP boot']],
  ['BC13C2FF-59E6-4262-A352-B275FD6F7172', ['Linux extended boot']],
  ['0FC63DAF-8483-4772-8E79-3D69D8477DE4', ['Linux']],
  ['0657FD6D-A4AB-43C4-84E5-0933C84B4F4F', ['Linux swap']],
  ['E6D6D379-F507-44C2-A23C-238F2A3DF928', ['Linux LVM']],
  ['EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', ['Microsoft basic data']],
  ['E3C9E316-0B5C-4DB8-817D-F92DF00215AE', ['Microsoft reserved']],
  ['4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709', ['Linux root', 'x86_64']],
  ['44479540-F297-41B2-9AF7-D131D5F0458A', ['Linux root', 'i686']],
  ['B921B045-1DF0-41C3-AF44-4C6F280D3FAE', ['Linux root', 'aarch64']],
  ['69DAD710-2CE4-4E3C-B16C-21A1D49ABED3', ['Linux root', 'armv7l']],
  ['72EC70A6-CF74-40E6-BD49-4BDA08E8F224', ['Linux root', 'riscv64']],
  ['C31C45E6-3F39-412E-80FB-4809C4980599', ['Linux root', 'ppc64le']],
  ['5EEAD9A9-FE09-4A1E-A1D7-520D00531306', ['Linux root', 's390x']],
  ['8484680C-9521-48C6-9C11-B0720656F69E', ['Linux /usr', 'x86_64']],
  ['B0E01050-EE5F-4390-949A-9101B17104E9', ['Linux /usr', 'aarch64']],
]);

/** Reads the partition table in the first bytes of a disk ({@link LAYOUT_REACH} of them, or fewer); never throws. */
export function readLayout(start: Uint8Array): Layout {
  const head = prefixOf(start, false);
  if (!head.is(510, [0x55, 0xaa])) return NOTHING;
  const entries = mbrEntries(head);
  // Code stands in front of the signature of the disk, at byte 440; a boot sector of FAT has code, too, and no entries.
  const bios: readonly Firmware[] = entries.length > 0 && /[^\0]/.test(head.text(0, 440)) ? ['bios'] : [];
  if (entries.length === 0) return NOTHING;
  if (entries.some(({type}) => type === word(PROTECTIVE))) return gptLayout(head, bios);
  const isEfi = entries.some(({type}) => type === word(EFI_SYSTEM));
  return {table: 'mbr', partitions: entries, firmware: [...bios, ...(isEfi ? (['uefi'] as const) : [])]};
}

const NOTHING: Layout = {table: 'none', partitions: [], firmware: []};

function mbrEntries(head: Prefix): readonly Partition[] {
  return [0, 1, 2, 3].flatMap((index) => {
    const at = 446 + index * 16;
    const type = head.u8(at + 4);
    if (type === 0) return [];
    const meaning = MBR_TYPES[type];
    return [
      {
        number: index + 1,
        type: word(type),
        ...(meaning !== undefined && {meaning}),
        start: head.u32le(at + 8) * SECTOR,
        size: head.u32le(at + 12) * SECTOR,
      },
    ];
  });
}

function word(type: number): string {
  return `0x${type.toString(16).padStart(2, '0')}`;
}

function gptLayout(head: Prefix, bios: readonly Firmware[]): Layout {
  // Disks with sectors of 4096 bytes have the header there.
  const sector = [SECTOR, 4096].find((size) => head.is(size, 'EFI PART'));
  if (sector === undefined)
    return {table: 'gpt', partitions: [], firmware: bios, damage: 'its header is not behind the protective MBR'};
  const [at, count, size] = [head.u64le(sector + 72) * sector, head.u32le(sector + 80), head.u32le(sector + 84)];
  if (at !== 2 * sector || size !== 128)
    return {table: 'gpt', partitions: [], firmware: bios, damage: 'its entries are not at their usual place'};
  const partitions = Array.from({length: Math.min(count, MOST_ENTRIES)}, (_, index) => index).flatMap((index) =>
    gptEntry(head, {at: at + index * size, number: index + 1, sector}),
  );
  const uefi: readonly Firmware[] = partitions.some(({type}) => type === ESP) ? ['uefi'] : [];
  const processors = new Set(partitions.flatMap(({type}) => GPT_TYPES.get(type)?.[1] ?? []));
  const [architecture] = processors.size === 1 ? processors : [];
  const isCut = !head.has(at, Math.min(count, MOST_ENTRIES) * size);
  return {
    table: 'gpt',
    partitions,
    firmware: [...bios, ...uefi],
    ...(architecture !== undefined && {architecture}),
    ...(isCut && {damage: 'its entries go further than what was read'}),
  };
}

function gptEntry(
  head: Prefix,
  {at, number, sector}: {readonly at: number; readonly number: number; readonly sector: number},
): readonly Partition[] {
  if (!head.has(at, 128)) return [];
  const type = guidAt(head, at);
  if (/^[0-]*$/.test(type)) return [];
  const [first, last] = [head.u64le(at + 32), head.u64le(at + 40)];
  const meaning = GPT_TYPES.get(type)?.[0];
  const size = Math.max(0, last - first + 1) * sector;
  return [{number, type, ...(meaning !== undefined && {meaning}), start: first * sector, size}];
}

/** Microsoft's order: the first three groups little endian, the rest as written. */
function guidAt(head: Prefix, at: number): string {
  const hex = (from: number, to: number): string =>
    Array.from({length: to - from}, (_, index) =>
      (head.u8(at + from + index) & 0xff).toString(16).padStart(2, '0'),
    ).join('');
  const turned = (from: number, to: number): string => (hex(from, to).match(/../g) ?? []).reverse().join('');
  return [turned(0, 4), turned(4, 6), turned(6, 8), hex(8, 10), hex(10, 16)].join('-').toUpperCase();
}
