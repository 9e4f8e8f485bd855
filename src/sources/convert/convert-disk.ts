import type {ConvertedFile} from '../../cloud/image-converter.ts';
import type {Conversion} from '../../core/conversion.ts';
import {ImgmgrError} from '../../errors.ts';
import {inspectFile, judgeFile} from '../inspect-file.ts';
import type {Disk, ToolContext} from './qemu-img.ts';
import {checkDisk, convertDisk, diskInfo, measureDisk} from './qemu-img.ts';
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
  await judgeFile(disk.path, {...disk, maxVirtualBytes: job.maxVirtualBytes});
  const virtualSize = await requireSame(job);
  await checkDisk(tool, disk);
  await requireRoom(room, await neededRoom(job));
  await convertDisk(tool, disk, {
    path: target,
    conversion,
    room,
    progress: (percent) => job.progress(Math.round((virtualSize * percent) / 100), virtualSize),
  });
  return {size: await requireResult(job, virtualSize), virtualSize};
}

/** Programs that disagree about what a file is are how other files of a host leak into an image. */
async function requireSame({tool, disk, maxVirtualBytes}: DiskJob): Promise<number> {
  const {needs, virtualSize} = await diskInfo(tool, disk);
  if (needs !== undefined)
    throw new ImgmgrError('FORMAT_REFUSED', `${disk.show} builds on another file (${needs})`, {
      hint: 'flatten it: qemu-img convert -O qcow2 IN OUT',
    });
  if (virtualSize > maxVirtualBytes)
    throw new ImgmgrError(
      'FORMAT_REFUSED',
      `${disk.show} claims a disk of ${virtualSize} bytes, more than the limit of ${maxVirtualBytes}`,
      {hint: 'shrink the disk, or raise the limit if this size is meant'},
    );
  return virtualSize;
}

/** qemu-img takes a VHDX for full to its end; none of its blocks is compressed, so its file bounds it. */
async function neededRoom({tool, disk}: DiskJob): Promise<number> {
  const measured = await measureDisk(tool, disk);
  return disk.format === 'vhdx' ? Math.min(measured, (await diskInfo(tool, disk)).actualSize) : measured;
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
