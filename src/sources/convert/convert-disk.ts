import type {ConvertedFile} from '../../ports/image-converter.ts';
import type {Conversion} from '../../core/conversion.ts';
import {raiseHint} from '../../core/limits.ts';
import {ImgmgrError} from '../../errors.ts';
import {inspectFile, judgeFile} from '../inspect-file.ts';
import type {AgreedDisk} from './agree.ts';
import {requireAgreement} from './agree.ts';
import {checkDisk, convertDisk, measureDisk} from './qemu-img.ts';
import type {Disk, ToolContext} from './qemu-run.ts';
import type {Room} from './room.ts';
import {requireRoom} from './room.ts';

/** One disk on its way into another format; both files bear names of our own. */
export interface DiskJob {
  readonly tool: ToolContext;
  readonly disk: Disk;
  readonly target: string;
  readonly conversion: Conversion;
  readonly room: Room;
  readonly maxVirtualBytes: number;
  /** Bytes of the disk, and how many it has. */
  readonly progress: (bytes: number, total: number) => void;
}

/**
 * Judges the disk before qemu-img opens it, asks qemu-img whether it sees the same, converts, and judges what came of it:
 * FORMAT_REFUSED, DISK_FULL. Gives sizes in bytes.
 */
export async function convertJudged(job: DiskJob): Promise<ConvertedFile> {
  const {tool, disk, target, conversion, room} = job;
  const {virtualSize, actualSize} = await requireSound(job);
  await checkDisk(tool, disk);
  const measured = await measureDisk(tool, disk);
  // qemu-img takes a VHDX for full to its end; none of its blocks is compressed, so its file bounds it.
  await requireRoom(room, disk.format === 'vhdx' ? Math.min(measured, actualSize) : measured);
  await convertDisk(tool, disk, {
    ...{path: target, conversion, room, virtualSize},
    progress: (percent) => job.progress(Math.round((virtualSize * percent) / 100), virtualSize),
  });
  return {size: await requireResult(job, virtualSize), virtualSize};
}

/** Both guards: our own inspection, then qemu-img on the same file. FORMAT_REFUSED, UNSUPPORTED. */
export async function requireSound({
  tool,
  disk,
  maxVirtualBytes,
}: Pick<DiskJob, 'tool' | 'disk' | 'maxVirtualBytes'>): Promise<AgreedDisk> {
  const judged = await judgeFile(disk.path, {...disk, maxVirtualBytes});
  const agreed = await requireAgreement(tool, disk, judged);
  if (agreed.virtualSize > maxVirtualBytes)
    throw new ImgmgrError(
      'FORMAT_REFUSED',
      `${disk.show} claims a disk of ${agreed.virtualSize} bytes, more than the limit of ${maxVirtualBytes}`,
      {hint: `shrink the disk; ${raiseHint('virtual')}`},
    );
  return agreed;
}

/** What goes to the cloud is looked at once more, as Glance does: a disk may hold what makes its raw form another format. */
async function requireResult({target, conversion, disk}: DiskJob, virtualSize: number): Promise<number> {
  const {inspection, end, size} = await inspectFile(target);
  const {to} = conversion;
  const found = end.fixedVhd !== undefined ? 'vhd' : inspection.format;
  // An ISO with a partition table is also a disk, and boots as one.
  const isHybrid = to === 'raw' && found === 'iso' && inspection.partitioned;
  const faults = [
    ...inspection.problems.map(({message}) => message),
    ...(found === to || isHybrid ? [] : [`looks like ${found}`]),
    ...((to === 'raw' ? size : inspection.virtualSize) === virtualSize ? [] : ['has another size than before']),
  ];
  if (faults.length === 0) return size;
  throw new ImgmgrError('FORMAT_REFUSED', `${disk.show}, converted to ${to}, ${faults.join(', and ')}`, {
    hint: 'do not trust where it came from before you know why',
  });
}
