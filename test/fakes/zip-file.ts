import {crc32, deflateRawSync} from 'node:zlib';

/** One file of a zip archive that a test makes; what is given in `local` or `central` is written in place of the truth. */
export interface Zipped {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly method?: number;
  /** In place of the packed content. */
  readonly packed?: Uint8Array;
  readonly local?: Partial<Said>;
  /** Written as a stream: its header has no sizes, they stand behind it. */
  readonly streamed?: Partial<Pick<Said, 'crc' | 'packed' | 'size'>>;
  readonly central?: Partial<Said> & {readonly offset?: number; readonly attributes?: number};
}

interface Said {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly name: string;
}

/** A zip archive of these files; `end` changes its last record, `listed` is how many of them the directory has. */
export function zipFile(
  files: readonly Zipped[],
  {
    listed = files.length,
    end,
    behind = Buffer.alloc(0),
  }: {listed?: number; end?: (record: Buffer) => void; behind?: Uint8Array} = {},
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const {name, content = '', method = 8, local = {}, central = {}} = file;
    const bytes = Buffer.from(content);
    const packed = Buffer.from(file.packed ?? (method === 8 ? deflateRawSync(bytes) : bytes));
    const truth = {flags: 0, method, crc: crc32(bytes), packed: packed.length, size: bytes.length, name};
    const flags = file.streamed ? {flags: 8} : {};
    const unsaid = file.streamed ? {crc: 0, packed: 0, size: 0} : {};
    const here = header({...truth, ...flags, ...unsaid, ...local}, 'local');
    const descriptor = file.streamed ? descriptorOf({...truth, ...file.streamed}) : Buffer.alloc(0);
    parts.push(here, packed, descriptor);
    directory.push(header({...truth, ...flags, ...central}, 'central', {offset, attributes: 0, ...central}));
    offset += here.length + packed.length + descriptor.length;
  }
  const kept = Buffer.concat(directory.slice(0, listed));
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(listed, 8);
  record.writeUInt16LE(listed, 10);
  record.writeUInt32LE(kept.length, 12);
  record.writeUInt32LE(offset, 16);
  end?.(record);
  return Buffer.concat([...parts, kept, record, behind]);
}

function descriptorOf({crc, packed, size}: Said): Buffer {
  const bytes = Buffer.alloc(16);
  for (const [at, value] of [0x08074b50, crc, packed, size].entries()) bytes.writeUInt32LE(value, at * 4);
  return bytes;
}

function header(
  {flags, method, crc, packed, size, name}: Said,
  kind: 'local' | 'central',
  {offset, attributes}: {readonly offset: number; readonly attributes: number} = {offset: 0, attributes: 0},
): Buffer {
  const bytes = Buffer.from(name);
  const head = Buffer.alloc(kind === 'local' ? 30 : 46);
  head.writeUInt32LE(kind === 'local' ? 0x04034b50 : 0x02014b50, 0);
  const at = kind === 'local' ? 4 : 6;
  if (kind === 'central') head.writeUInt16LE(0x0314, 4);
  head.writeUInt16LE(20, at);
  head.writeUInt16LE(flags, at + 2);
  head.writeUInt16LE(method, at + 4);
  head.writeUInt32LE(crc, at + 10);
  head.writeUInt32LE(packed, at + 14);
  head.writeUInt32LE(size, at + 18);
  head.writeUInt16LE(bytes.length, at + 22);
  if (kind === 'central') {
    head.writeUInt32LE(attributes, 38);
    head.writeUInt32LE(offset, 42);
  }
  return Buffer.concat([head, bytes]);
}
