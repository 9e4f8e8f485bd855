import {open} from 'node:fs/promises';
import {driverOf} from '../../core/format/disk-formats.ts';
import type {Conversion} from '../../core/conversion.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Disk, ToolContext} from './qemu-run.ts';
import {lastLine, look, runLook, runQemuImg, unreadable} from './qemu-run.ts';
import type {Room} from './room.ts';
import {diskFull} from './room.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/**
 * A conversion reads every byte, so its time follows from the size, and only the deadline ends it; its threads take address space on
 * hosts with many cores.
 */
const WORK_MEMORY = 4 * GIB;

/** Refuses a disk whose tables are broken or lead behind the end of the file: a conversion would take zeros for what is missing. */
export async function checkDisk(context: ToolContext, disk: Disk): Promise<void> {
  const args = ['check', '-f', driverOf(disk.format), '--output=json', disk.path];
  const {exitCode, stdout, stderr} = await runLook(context, disk, args);
  // 3: space is lost, data is not; 63: the format has no tables that could be checked.
  if ([0, 3, 63].includes(exitCode)) return;
  const corruptions = /"corruptions": (\d+)/.exec(stdout)?.[1];
  throw new ImgmgrError(
    'FORMAT_REFUSED',
    `${disk.show} is a damaged ${disk.format}: ${corruptions === undefined ? lastLine(stderr, disk) : `${corruptions} errors in its tables`}`,
    {hint: 'it is cut off or was changed; fetch it by hand and look at it with qemu-img check'},
  );
}

/** Bytes that the content takes as qcow2, which no sparse or compressed form exceeds. */
export async function measureDisk(context: ToolContext, disk: Disk): Promise<number> {
  const args = ['measure', '-f', driverOf(disk.format), '-O', 'qcow2', '--output=json', disk.path];
  const {required} = await look(context, disk, args);
  if (typeof required !== 'number') throw unreadable(disk, 'no size');
  return required;
}

/** Writes the disk in another format into a new file. `progress` hears percents, which never fall. */
export async function convertDisk(
  context: ToolContext,
  disk: Disk,
  to: {
    readonly path: string;
    readonly conversion: Conversion;
    readonly room: Room;
    /** Bytes of the disk. */
    readonly virtualSize: number;
    readonly progress: (percent: number) => void;
  },
): Promise<void> {
  const {to: format, compress} = to.conversion;
  const args = ['convert', '-p', '-S', '4k', '-f', driverOf(disk.format), '-O', format, ...(compress ? ['-c'] : [])];
  // It is given this file, and not the folder, to write; one that is there is somebody else's.
  await (await open(to.path, 'wx', 0o600)).close();
  const {exitCode, stderr} = await runQemuImg(context, {
    args: [...args, disk.path, to.path],
    memoryBytes: WORK_MEMORY,
    output: {path: to.path, bytes: largestResult(to.virtualSize)},
    log: percents(to.progress),
  });
  if (exitCode === 0) return;
  if (/No space left on device|Disk quota exceeded|File too large/.test(stderr)) throw diskFull(to.room);
  if (exitCode > 128)
    throw new ImgmgrError('ENVIRONMENT', `qemu-img was ended by a signal while it converted ${disk.show}`, {
      hint: `it may use ${WORK_MEMORY / GIB} GiB of memory; see with dmesg whether this host ran out of it`,
    });
  throw new ImgmgrError(
    'FORMAT_REFUSED',
    `${disk.show} cannot be converted from ${disk.format} to ${format}: ${lastLine(stderr, disk)}`,
    {hint: 'it is damaged; fetch it by hand and look at it with qemu-img check'},
  );
}

/** The disk and, in a qcow2, its tables, of which 64 KiB stand for 512 MiB twice. */
function largestResult(virtualSize: number): number {
  return Math.ceil(virtualSize * 1.01) + 64 * MIB;
}

/** Reads what `-p` prints, `    (45.34/100%)`, each ended by a carriage return; `onPercent` hears the newest of each piece. */
export function percents(onPercent: (percent: number) => void): (text: string) => void {
  let pending = '';
  return (text) => {
    pending = (pending + text).slice(-200);
    const last = [...pending.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1);
    if (last === undefined) return;
    pending = pending.slice(last.index + last[0].length);
    onPercent(Number(last[1]));
  };
}
