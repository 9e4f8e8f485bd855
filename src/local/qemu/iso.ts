import {ImgmgrError} from '../../errors.ts';

/** What goes on a small read-only volume. */
export interface Volume {
  /** At most 16 characters, the case is kept (`config-2`, `cidata`). */
  readonly label: string;
  /** Text by path (`openstack/latest/meta_data.json`). */
  readonly files: Readonly<Record<string, string>>;
  readonly made: Date;
}

const SECTOR = 2048;
/** Two descriptors and their end follow 16 empty sectors; then the path tables of both trees, each in both byte orders. */
const TABLES_AT = 19;
const FOLDERS_AT = TABLES_AT + 4;

interface Folder {
  /** Without slashes; empty for the root. */
  readonly name: string;
  readonly parent: number;
  readonly folders: number[];
  readonly files: {readonly name: string; readonly bytes: Buffer; sector: number}[];
}

/** How names are written: as bytes (ECMA-119), or as UCS-2 (Joliet, which Linux and Windows prefer). */
interface Tree {
  readonly encode: (text: string) => Buffer;
  readonly space: Buffer;
  readonly type: 1 | 2;
  readonly escape: string;
  readonly tablesAt: number;
  readonly foldersAt: number;
}

/**
 * An ISO 9660 volume with Joliet names, as genisoimage -J writes a config drive for Nova: long lower-case names in both trees,
 * the label in both descriptors. INTERNAL for what does not fit (a folder or path table over 2048 bytes).
 */
export function makeIso(volume: Volume): Buffer {
  if (volume.label.length > 16) throw new ImgmgrError('INTERNAL', `the label '${volume.label}' is too long`);
  const folders = arrange(volume.files);
  const joliet: Tree = {
    encode: (text) => Buffer.from(text, 'utf16le').swap16(),
    space: Buffer.from([0, 0x20]),
    type: 2,
    escape: '%/E',
    tablesAt: TABLES_AT + 2,
    foldersAt: FOLDERS_AT + folders.length,
  };
  const plain: Tree = {
    encode: (text) => Buffer.from(text, 'latin1'),
    space: Buffer.from(' '),
    type: 1,
    escape: '',
    tablesAt: TABLES_AT,
    foldersAt: FOLDERS_AT,
  };
  let end = FOLDERS_AT + 2 * folders.length;
  for (const file of folders.flatMap(({files}) => files)) {
    file.sector = end;
    end += Math.ceil(file.bytes.length / SECTOR);
  }
  const image = Buffer.alloc(end * SECTOR);
  const put = (sector: number, bytes: Buffer): void => void bytes.copy(image, sector * SECTOR);
  [plain, joliet].forEach((tree, index) => {
    const tables = [pathTable(folders, tree, 'little'), pathTable(folders, tree, 'big')].map(inOneSector);
    put(16 + index, descriptor({volume, tree, end, tableBytes: tables[0]?.length ?? 0}));
    tables.forEach((table, order) => put(tree.tablesAt + order, table));
    folders.forEach((folder, at) =>
      put(tree.foldersAt + at, inOneSector(listing({folders, folder, at, tree, volume}))),
    );
  });
  put(18, Buffer.from('\xffCD001\x01', 'latin1'));
  for (const {sector, bytes} of folders.flatMap(({files}) => files)) put(sector, bytes);
  return image;
}

/** The folders of all paths, parents before children, breadth first as path tables want them. */
function arrange(files: Volume['files']): Folder[] {
  const folders: Folder[] = [{name: '', parent: 0, folders: [], files: []}];
  const paths = Object.keys(files).map((path) => path.split('/'));
  const depth = Math.max(...paths.map(({length}) => length));
  const numbers = new Map([['', 0]]);
  for (let level = 1; level < depth; level++) {
    const keys = new Set(paths.filter(({length}) => length > level).map((path) => path.slice(0, level).join('/')));
    for (const key of [...keys].sort()) {
      const parent = numbers.get(key.slice(0, Math.max(key.lastIndexOf('/'), 0))) ?? 0;
      numbers.set(key, folders.length);
      folders[parent]?.folders.push(folders.length);
      folders.push({name: key.slice(key.lastIndexOf('/') + 1), parent, folders: [], files: []});
    }
  }
  for (const [path, text] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const folder = folders[numbers.get(path.slice(0, Math.max(path.lastIndexOf('/'), 0))) ?? 0];
    folder?.files.push({name: path.slice(path.lastIndexOf('/') + 1), bytes: Buffer.from(text), sector: 0});
  }
  return folders;
}

interface Listing {
  readonly folders: readonly Folder[];
  readonly folder: Folder;
  readonly at: number;
  readonly tree: Tree;
  readonly volume: Volume;
}

/** The records of one folder: itself, its parent, then its entries by name. */
function listing({folders, folder, at, tree, volume: {made}}: Listing): Buffer {
  const sub = (name: Buffer, number: number): Buffer =>
    record({name, sector: tree.foldersAt + number, bytes: SECTOR, folder: true, made});
  const entries = [
    ...folder.folders.map((number) => ({key: folders[number]?.name ?? '', number, file: undefined})),
    ...folder.files.map((file) => ({key: file.name, number: 0, file})),
  ].sort((a, b) => (a.key < b.key ? -1 : 1));
  return Buffer.concat([
    sub(Buffer.from([0]), at),
    sub(Buffer.from([1]), folder.parent),
    ...entries.map(({key, number, file}) =>
      file === undefined
        ? sub(tree.encode(key), number)
        : record({name: tree.encode(key), sector: file.sector, bytes: file.bytes.length, folder: false, made}),
    ),
  ]);
}

interface DirectoryRecord {
  readonly name: Buffer;
  readonly sector: number;
  readonly bytes: number;
  readonly folder: boolean;
  readonly made: Date;
}

/** ECMA-119, 9.1. */
function record({name, sector, bytes, folder, made}: DirectoryRecord): Buffer {
  const record = Buffer.alloc(33 + name.length + ((name.length + 1) % 2));
  record[0] = record.length;
  both32(sector).copy(record, 2);
  both32(bytes).copy(record, 10);
  record.set(
    [
      made.getUTCFullYear() - 1900,
      made.getUTCMonth() + 1,
      made.getUTCDate(),
      made.getUTCHours(),
      made.getUTCMinutes(),
      made.getUTCSeconds(),
    ],
    18,
  );
  record[25] = folder ? 2 : 0;
  both16(1).copy(record, 28);
  record[32] = name.length;
  name.copy(record, 33);
  return record;
}

/** ECMA-119, 9.4; folders are counted from 1. */
function pathTable(folders: readonly Folder[], tree: Tree, order: 'little' | 'big'): Buffer {
  return Buffer.concat(
    folders.map(({name, parent}, at) => {
      const id = at === 0 ? Buffer.from([0]) : tree.encode(name);
      const entry = Buffer.alloc(8 + id.length + (id.length % 2));
      entry[0] = id.length;
      if (order === 'little') entry.writeUInt32LE(tree.foldersAt + at, 2);
      else entry.writeUInt32BE(tree.foldersAt + at, 2);
      if (order === 'little') entry.writeUInt16LE(parent + 1, 6);
      else entry.writeUInt16BE(parent + 1, 6);
      id.copy(entry, 8);
      return entry;
    }),
  );
}

/** ECMA-119, 8.4 and 8.5. */
function descriptor(of: {volume: Volume; tree: Tree; end: number; tableBytes: number}): Buffer {
  const {volume, tree, end, tableBytes} = of;
  const sector = Buffer.alloc(SECTOR);
  const text = (value: string, from: number, length: number): void => {
    sector.fill(tree.space, from, from + length - (length % tree.space.length));
    tree.encode(value).copy(sector, from);
  };
  sector[0] = tree.type;
  sector.write('CD001\x01', 1, 'latin1');
  text('', 8, 32);
  text(volume.label, 40, 32);
  both32(end).copy(sector, 80);
  sector.write(tree.escape, 88, 'latin1');
  for (const at of [120, 124]) both16(1).copy(sector, at);
  both16(SECTOR).copy(sector, 128);
  both32(tableBytes).copy(sector, 132);
  sector.writeUInt32LE(tree.tablesAt, 140);
  sector.writeUInt32BE(tree.tablesAt + 1, 148);
  record({name: Buffer.from([0]), sector: tree.foldersAt, bytes: SECTOR, folder: true, made: volume.made}).copy(
    sector,
    156,
  );
  for (const at of [190, 318, 446, 574]) text('', at, 128);
  for (const at of [702, 739, 776]) text('', at, 37);
  const time = `${volume.made.toISOString().replace(/\D/g, '').slice(0, 14)}00`;
  for (const at of [813, 830]) sector.write(time, at, 'latin1');
  for (const at of [847, 864]) sector.write('0'.repeat(16), at, 'latin1');
  sector[881] = 1;
  return sector;
}

function inOneSector(bytes: Buffer): Buffer {
  if (bytes.length > SECTOR) throw new ImgmgrError('INTERNAL', `${bytes.length} bytes of names do not fit a folder`);
  return bytes;
}

function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}

function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}
