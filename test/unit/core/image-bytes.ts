/** Builders of the smallest bytes that each format is recognised by; every field can be bent. */

export function bytes(
  length: number,
  parts: Readonly<Record<number, string | readonly number[] | Buffer>> = {},
): Buffer {
  const buffer = Buffer.alloc(length);
  for (const [offset, part] of Object.entries(parts))
    (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)).copy(buffer, Number(offset));
  return buffer;
}

export function u32be(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

export function u64be(value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer;
}

export function u32le(value: number): Buffer {
  return u32be(value).reverse();
}

export function u64le(value: number | bigint): Buffer {
  return u64be(value).reverse();
}

export interface Qcow2Fields {
  readonly version?: number;
  readonly backing?: number;
  readonly size?: number | bigint;
  readonly crypt?: number;
  readonly features?: number | bigint;
  readonly length?: number;
  readonly clusterBits?: number;
  readonly headerLength?: number;
  /** The byte behind the fields that every header has; makes a header of 112 bytes. */
  readonly compression?: number;
  /** Header extensions behind the header: type and content. */
  readonly extensions?: readonly (readonly [number, string])[];
}

export function qcow2(fields: Qcow2Fields = {}): Buffer {
  const headerLength = fields.headerLength ?? (fields.compression === undefined ? 104 : 112);
  return bytes(fields.length ?? 64 * 1024, {
    0: [0x51, 0x46, 0x49, 0xfb],
    4: u32be(fields.version ?? 3),
    8: u64be(fields.backing ?? 0),
    20: u32be(fields.clusterBits ?? 16),
    24: u64be(fields.size ?? 1024 ** 3),
    32: u32be(fields.crypt ?? 0),
    ...(fields.version === 2 ? {} : {72: u64be(fields.features ?? 0), 100: u32be(headerLength)}),
    ...(fields.compression !== undefined && {104: [fields.compression]}),
    [fields.version === 2 ? 72 : headerLength]: Buffer.concat(
      (fields.extensions ?? []).map(([type, content]) => {
        const padded = bytes(Math.ceil(content.length / 8) * 8, {0: content});
        return Buffer.concat([u32be(type), u32be(content.length), padded]);
      }),
    ),
  });
}

const DESCRIPTOR =
  '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="TYPE"\nRW 2048 SPARSE "EXTENT"\nddb.adapterType = "ide"\n';

export interface VmdkFields {
  readonly type?: string;
  readonly extent?: string;
  readonly descriptor?: string;
  readonly version?: number;
  readonly place?: number;
  readonly footer?: boolean;
  readonly length?: number;
  readonly capacity?: number;
  /** Sectors that the header gives to the descriptor. */
  readonly sectors?: number;
  /** Default: as the type demands. */
  readonly compression?: number;
}

function vmdkHeader(fields: VmdkFields, atEnd: boolean): Buffer {
  return bytes(512, {
    0: 'KDMV',
    4: u32le(fields.version ?? 1),
    12: u64le(fields.capacity ?? 2048),
    20: u64le(128),
    28: u64le(fields.place ?? 1),
    36: u64le(fields.sectors ?? 20),
    44: u32le(512),
    56: atEnd ? u64le(0xffffffffffffffffn) : u64le(26),
    73: [0x0a, 0x20, 0x0d, 0x0a],
    77: [fields.compression ?? (fields.type === 'streamOptimized' ? 1 : 0)],
  });
}

export function vmdk(fields: VmdkFields = {}): Buffer {
  const text =
    fields.descriptor ??
    DESCRIPTOR.replace('TYPE', fields.type ?? 'monolithicSparse').replace('EXTENT', fields.extent ?? 'disk.vmdk');
  const file = bytes(fields.length ?? 64 * 1024, {0: vmdkHeader(fields, fields.footer === true), 512: text});
  if (fields.footer !== true) return file;
  const marker = bytes(512, {12: u32le(3)});
  return Buffer.concat([file, marker, vmdkHeader(fields, false), bytes(512)]);
}

export function vdi(type = 1, size = 5 * 1024 ** 3): Buffer {
  return bytes(4096, {
    0: '<<< Oracle VM VirtualBox Disk Image >>>\n',
    0x40: [0x7f, 0x10, 0xda, 0xbe],
    0x44: u32le(0x00010001),
    0x4c: u32le(type),
    0x170: u64le(size),
  });
}

function vhdFooter(type: number, size: number): Buffer {
  return bytes(512, {
    0: 'conectix',
    16: u64be(type === 2 ? -1n & 0xffffffffffffffffn : 512),
    28: 'win ',
    48: u64be(size),
    60: u32be(type),
  });
}

export function vhd(type = 3, size = 6 * 1024 ** 3): Buffer {
  return bytes(4096, {0: vhdFooter(type, size), 512: 'cxsparse'});
}

export function fixedVhd(): Buffer {
  return Buffer.concat([bytes(64 * 1024), vhdFooter(2, 64 * 1024)]);
}

const METADATA = Buffer.from('06a27c8b90479a4bb8fe575f050f886e', 'hex');
const VIRTUAL_DISK_SIZE = Buffer.from('2442a52f1bcd7648b2115dbed83bf4b8', 'hex');
const LOGICAL_SECTOR_SIZE = Buffer.from('1dbf41816fa90947ba47f233a8faab5f', 'hex');
export const FILE_PARAMETERS = Buffer.from('3767a1ca36fa434db3b633f0aa44e76b', 'hex');
const PARENT_LOCATOR = Buffer.from('2d5fd3a80bb34d45abf7d3d84834ab0c', 'hex');

export interface VhdxFields {
  readonly regions?: number;
  readonly signature?: string;
  readonly metadataAt?: number;
  readonly size?: number;
  readonly parent?: boolean;
  /** Flags of the file parameters. */
  readonly flags?: number;
  /** The GUID of the first metadata item. */
  readonly item?: Buffer;
  /** The GUID of a log that waits. */
  readonly log?: boolean;
}

export function vhdx(fields: VhdxFields = {}): Buffer {
  const table = 192 * 1024;
  const start = fields.metadataAt ?? 1024 * 1024;
  const reachable = Math.min(start, 2 * 1024 * 1024);
  return bytes(reachable + 128 * 1024, {
    0: 'vhdxfile',
    [64 * 1024]: 'head',
    [64 * 1024 + 48]: fields.log === true ? [1] : [],
    [table]: fields.signature ?? 'regi',
    [table + 8]: u32le(fields.regions ?? 1),
    [table + 16]: METADATA,
    [table + 32]: u64le(start),
    [reachable]: 'metadata',
    [reachable + 10]: [3, 0],
    [reachable + 32]: fields.parent === true ? PARENT_LOCATOR : (fields.item ?? LOGICAL_SECTOR_SIZE),
    [reachable + 64]: VIRTUAL_DISK_SIZE,
    [reachable + 80]: u32le(64 * 1024),
    [reachable + 96]: FILE_PARAMETERS,
    [reachable + 112]: u32le(64 * 1024 + 8),
    [reachable + 64 * 1024 + 12]: u32le(fields.flags ?? 0),
    [reachable + 64 * 1024]: u64le(fields.size ?? 7 * 1024 ** 3),
  });
}

export function iso(magic = 'CD001'): Buffer {
  return bytes(64 * 1024, {0x8000: [1], 0x8001: magic, 0x8050: u32le(32), 0x8080: [0, 8]});
}

export type PartitionEntry = readonly [flag: number, type: number, startSector: number];

export function disk(entries: readonly PartitionEntry[], length = 64 * 1024): Buffer {
  const parts: Record<number, Buffer | readonly number[]> = {510: [0x55, 0xaa]};
  for (const [index, [flag, type, start]] of entries.entries())
    parts[446 + index * 16] = Buffer.concat([
      Buffer.from([flag, 0, 2, 0, type, 0xff, 0xff, 0xff]),
      u32le(start),
      u32le(100),
    ]);
  return bytes(length, parts);
}

export const gptDisk = (): Buffer => disk([[0, 0xee, 1]]);
export const mbrDisk = (): Buffer => disk([[0x80, 0x83, 2048]]);

/** Lays one file's bytes over another's, where they are not zero. */
export function overlay(base: Buffer, top: Buffer): Buffer {
  const mixed = Buffer.from(base);
  for (const [index, byte] of top.entries()) if (byte !== 0 && index < mixed.length) mixed[index] = byte;
  return mixed;
}
