/** What is known of one disk format. */
interface FormatFacts {
  readonly holds: 'disk' | 'disc' | 'kernel' | 'machine';
  /** QEMU's name of it; absent where QEMU opens none. */
  readonly driver?: string;
  /** It names other files in a text, or programs read it in more than one way. */
  readonly doubtful?: true;
  /** No content identifies it: what is not recognised passes under its name. */
  readonly opaque?: true;
  /** Builds and conversions can end in it. */
  readonly written?: true;
  /** Definitions cannot say it; the command line can. */
  readonly onlyByFlag?: true;
  /** Endings of file names that show it, in small letters, without the dot. */
  readonly endings?: readonly string[];
}

/** All disk formats, by Glance's name of each, which is also that of definitions and flags; in the order in which they are listed. */
const FORMATS = {
  aki: {holds: 'kernel', opaque: true},
  ari: {holds: 'kernel', opaque: true},
  ami: {holds: 'machine', opaque: true},
  raw: {holds: 'disk', driver: 'raw', written: true, endings: ['raw']},
  iso: {holds: 'disc', driver: 'raw', endings: ['iso']},
  vhd: {holds: 'disk', driver: 'vpc', doubtful: true, opaque: true, endings: ['vhd']},
  vdi: {holds: 'disk', driver: 'vdi', doubtful: true, endings: ['vdi']},
  // Cloud images that are called .img are qcow2; a raw one is refused by its content.
  qcow2: {holds: 'disk', driver: 'qcow2', written: true, endings: ['qcow2', 'img']},
  vmdk: {holds: 'disk', driver: 'vmdk', doubtful: true, endings: ['vmdk']},
  vhdx: {holds: 'disk', driver: 'vhdx', doubtful: true, onlyByFlag: true, endings: ['vhdx']},
  ploop: {holds: 'machine', opaque: true, onlyByFlag: true},
} as const satisfies Readonly<Record<string, FormatFacts>>;

/** Glance's name of a disk format. */
export type DiskFormat = keyof typeof FORMATS;

const BY_NAME: ReadonlyMap<string, FormatFacts> = new Map(Object.entries(FORMATS));
const NAMES = Object.keys(FORMATS) as readonly DiskFormat[];

/** The formats that builds and conversions can end in. */
export type WrittenFormat = {
  [Name in DiskFormat]: (typeof FORMATS)[Name] extends {readonly written: true} ? Name : never;
}[DiskFormat];

/** Every format, as flags take them. */
export const DISK_FORMATS = NAMES;

/** The formats that definitions can say. */
export const DEFINITION_FORMATS = namesWhere(({onlyByFlag}) => onlyByFlag !== true);

/** The formats that QEMU can open, those that cannot name another file first. */
export const QEMU_FORMATS: readonly string[] = [
  ...namesWhere(({driver, doubtful}) => driver !== undefined && doubtful !== true),
  ...namesWhere(({driver, doubtful}) => driver !== undefined && doubtful === true),
];

/** QEMU's name of a format; of what is no disk format, the word itself. */
export function driverOf(format: string): string {
  return BY_NAME.get(format)?.driver ?? format;
}

/** True for a disk, which can be written in another format. */
export function isDisk(format: string): boolean {
  return BY_NAME.get(format)?.holds === 'disk';
}

/** True for a kernel or a ramdisk. */
export function isKernel(format: string): boolean {
  return BY_NAME.get(format)?.holds === 'kernel';
}

/** True for formats that name other files in a text, or that programs read in more than one way. */
export function isDoubtful(format: string): boolean {
  return BY_NAME.get(format)?.doubtful === true;
}

/** True where QEMU opens the format, and it names no other file in any reading. */
export function namesNoFile(format: string): boolean {
  return BY_NAME.get(format)?.driver !== undefined && !isDoubtful(format);
}

/** True for formats that no content identifies: what is not recognised passes under their names. */
export function isOpaque(format: string): boolean {
  return BY_NAME.get(format)?.opaque === true;
}

/** The format that the ending of a file's name shows, and the name without it; undefined where it shows none. */
export function readEnding(fileName: string): {readonly format: DiskFormat; readonly stem: string} | undefined {
  const dot = fileName.lastIndexOf('.');
  const ending = fileName.slice(dot + 1).toLowerCase();
  const [format] = dot < 0 ? [] : namesWhere(({endings}) => endings?.includes(ending) === true);
  return format && {format, stem: fileName.slice(0, dot)};
}

function namesWhere(fits: (facts: FormatFacts) => boolean): readonly DiskFormat[] {
  return NAMES.filter((name) => fits(FORMATS[name]));
}
