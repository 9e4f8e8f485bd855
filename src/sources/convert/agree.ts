import {driverOf} from '../../core/format/disk-formats.ts';
import {ImgmgrError} from '../../errors.ts';
import type {JudgedFile} from '../inspect-file.ts';
import type {Disk, ToolContext} from './qemu-run.ts';
import {look, requireConfined} from './qemu-run.ts';

/** What both guards say about a disk; bytes. */
export interface AgreedDisk {
  readonly virtualSize: number;
  /** What the file takes of the host's disk. */
  readonly actualSize: number;
}

const SECTOR = 512;
/** Names of other files in the answers of qemu-img, whatever their values. */
const REFERENCES = ['backing-filename', 'full-backing-filename', 'backing-image', 'data-file'];
const VMDK_TYPES = ['monolithicSparse', 'streamOptimized'];

/**
 * The second guard: asks qemu-img what it takes the file for, and compares with our own inspection. FORMAT_REFUSED where format, size
 * or type differ, or where qemu-img sees a second file; UNSUPPORTED where it may not be asked ({@link requireConfined}).
 */
export async function requireAgreement(context: ToolContext, disk: Disk, judged: JudgedFile): Promise<AgreedDisk> {
  requireConfined(context.confinement, disk);
  const expected = expectedOf(disk, judged);
  // Without -f it finds the format by itself, which is the better second opinion; where nothing confines it, the format is given.
  const given = expected.given || context.confinement.kind === 'none' ? ['-f', expected.driver] : [];
  const answer = await look(context, disk, ['info', ...given, '--output=json', disk.path]);
  const faults = disagreements(answer, {...expected, path: disk.path});
  if (faults.length > 0)
    throw new ImgmgrError('FORMAT_REFUSED', `${disk.show} ${faults.join(', and ')}`, {
      hint: 'programs that disagree about a disk are how other files leak into images; do not trust where it came from before you know why',
    });
  const actual = answer['actual-size'];
  return {virtualSize: expected.virtualSize, actualSize: typeof actual === 'number' ? actual : judged.size};
}

interface Expected {
  readonly driver: string;
  readonly virtualSize: number;
  /** Its format shows only at its end, where qemu-img does not look by itself. */
  readonly given: boolean;
}

function expectedOf({format}: Disk, {inspection, fixedVhd, size}: JudgedFile): Expected {
  if (fixedVhd !== undefined) return {driver: driverOf('vhd'), virtualSize: fixedVhd, given: true};
  const driver = driverOf(inspection.format);
  const isRaw = driver === 'raw' || driverOf(format) === 'raw';
  // QEMU counts whole sectors.
  const rounded = Math.ceil(size / SECTOR) * SECTOR;
  return {driver: isRaw ? 'raw' : driver, virtualSize: isRaw ? rounded : (inspection.virtualSize ?? 0), given: false};
}

function disagreements(
  answer: Readonly<Record<string, unknown>>,
  {driver, virtualSize, path}: Expected & {readonly path: string},
): readonly string[] {
  const faults: string[] = [];
  if (answer['format'] !== driver) faults.push(`is ${driver} to imgmgr, but ${text(answer['format'])} to qemu-img`);
  if (answer['virtual-size'] !== virtualSize)
    faults.push(`has ${virtualSize} bytes to imgmgr, but ${text(answer['virtual-size'])} to qemu-img`);
  const others = [...valuesOf(answer)].filter(
    ([key, value]) => REFERENCES.includes(key) || (key === 'filename' && value !== path),
  );
  if (others.length > 0) faults.push(`builds on another file to qemu-img (${text(others[0]?.[1])})`);
  const isEncrypted = [...valuesOf(answer)].some(
    ([key, value]) => (key === 'encrypted' && value !== false) || key === 'encrypt',
  );
  if (isEncrypted) faults.push('is encrypted to qemu-img');
  return driver === 'vmdk' ? [...faults, ...vmdkFaults(answer)] : faults;
}

function vmdkFaults(answer: Readonly<Record<string, unknown>>): readonly string[] {
  const values = [...valuesOf(answer)];
  const type = values.find(([key]) => key === 'create-type')?.[1];
  const extents = values.find(([key]) => key === 'extents')?.[1];
  return [
    ...(typeof type === 'string' && VMDK_TYPES.includes(type)
      ? []
      : [`is a VMDK of the type ${text(type)} to qemu-img`]),
    ...(Array.isArray(extents) && extents.length === 1 ? [] : ['has not one extent to qemu-img']),
  ];
}

/** All keys and values, however deep. */
function* valuesOf(value: unknown): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [key, inner];
    yield* valuesOf(inner);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 80) : 'nothing';
}
