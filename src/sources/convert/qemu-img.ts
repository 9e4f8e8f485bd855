import type {Conversion} from '../../core/conversion.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Exec} from '../../exec.ts';
import type {Room} from './room.ts';
import {diskFull} from './room.ts';

/** A disk that lies in a folder of ours. */
export interface Disk {
  /** Absolute, a name of our own: qemu-img takes a name like `json:{…}` for options. */
  readonly path: string;
  /** Glance's disk_format. */
  readonly format: string;
  /** As messages name it. */
  readonly show: string;
}

/** What qemu-img says about a disk; bytes. */
export interface DiskInfo {
  readonly virtualSize: number;
  readonly actualSize: number;
  /** Another file that it would read. */
  readonly needs?: string;
}

/** What one conversion takes place with. */
export interface ToolContext {
  readonly exec: Exec;
  /** Where it runs; nothing of anybody else is in it. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

const GIB = 1024 ** 3;
/** Against images that are made to use up memory or time (CVE-2015-5162): what Glance, Nova and Cinder allow a look. */
const LOOK = {addressSpace: GIB, cpuSeconds: 60};
/**
 * A conversion reads every byte, so its time follows from the size, and only the deadline ends it; its threads take address space on
 * hosts with many cores.
 */
const WORK = {addressSpace: 4 * GIB};

/** QEMU's name of a disk_format, where it is another one. */
const DRIVERS: Readonly<Record<string, string>> = {vhd: 'vpc'};

/** UNSUPPORTED where qemu-img is not installed. */
export async function requireQemuImg(exec: Exec): Promise<void> {
  await exec.run('qemu-img', ['--version']);
}

/** Asks qemu-img what it takes the disk for; what it builds upon is only told, not opened. */
export async function diskInfo(context: ToolContext, disk: Disk): Promise<DiskInfo> {
  const answer = await look(context, disk, ['info', '-f', driver(disk.format), '--output=json', disk.path]);
  const virtualSize = answer['virtual-size'];
  const actualSize = answer['actual-size'];
  if (typeof virtualSize !== 'number' || typeof actualSize !== 'number') throw unreadable(disk, 'no size');
  const needs = answer['backing-filename'] ?? dataFile(answer['format-specific']);
  return {virtualSize, actualSize, ...(typeof needs === 'string' && {needs})};
}

/** Refuses a disk whose tables are broken or lead behind the end of the file: a conversion would take zeros for what is missing. */
export async function checkDisk(context: ToolContext, disk: Disk): Promise<void> {
  const args = ['check', '-f', driver(disk.format), '--output=json', disk.path];
  const {exitCode, stdout, stderr} = await limited(context, LOOK, args);
  // 3: space is lost, data is not; 63: the format has no tables that could be checked.
  if ([0, 3, 63].includes(exitCode)) return;
  if (exitCode > 128) throw tooCostly(disk, 'check');
  const corruptions = /"corruptions": (\d+)/.exec(stdout)?.[1];
  throw new ImgmgrError(
    'FORMAT_REFUSED',
    `${disk.show} is a damaged ${disk.format}: ${corruptions === undefined ? lastLine(stderr, disk) : `${corruptions} errors in its tables`}`,
    {hint: 'it is cut off or was changed; fetch it by hand and look at it with qemu-img check'},
  );
}

/** Bytes that the content takes as qcow2, which no sparse or compressed form exceeds. */
export async function measureDisk(context: ToolContext, disk: Disk): Promise<number> {
  const args = ['measure', '-f', driver(disk.format), '-O', 'qcow2', '--output=json', disk.path];
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
    readonly progress: (percent: number) => void;
  },
): Promise<void> {
  const {to: format, compress} = to.conversion;
  const args = ['convert', '-p', '-S', '4k', '-f', driver(disk.format), '-O', format, ...(compress ? ['-c'] : [])];
  const {exitCode, stderr} = await limited(context, WORK, [...args, disk.path, to.path], percents(to.progress));
  if (exitCode === 0) return;
  if (/No space left on device|Disk quota exceeded|File too large/.test(stderr)) throw diskFull(to.room);
  if (exitCode > 128)
    throw new ImgmgrError('ENVIRONMENT', `qemu-img was ended by a signal while it converted ${disk.show}`, {
      hint: `it may use ${WORK.addressSpace / GIB} GiB of memory; see with dmesg whether this host ran out of it`,
    });
  throw new ImgmgrError(
    'FORMAT_REFUSED',
    `${disk.show} cannot be converted from ${disk.format} to ${format}: ${lastLine(stderr, disk)}`,
    {hint: 'it is damaged; fetch it by hand and look at it with qemu-img check'},
  );
}

async function look(
  context: ToolContext,
  disk: Disk,
  args: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const {exitCode, stdout, stderr} = await limited(context, LOOK, args);
  if (exitCode > 128) throw tooCostly(disk, args[0] ?? '');
  if (exitCode !== 0) throw unreadable(disk, lastLine(stderr, disk));
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch (cause) {
    throw new ImgmgrError('INTERNAL', `qemu-img ${args[0] ?? ''} gave no JSON`, {cause});
  }
}

/** Runs qemu-img within limits; it ends with this process, even where this one is killed. */
async function limited(
  {exec, folder, signal}: ToolContext,
  {addressSpace, cpuSeconds}: {readonly addressSpace: number; readonly cpuSeconds?: number},
  args: readonly string[],
  log?: (text: string) => void,
): ReturnType<Exec['run']> {
  const limits = [`--as=${addressSpace}`, ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}`])];
  return exec.run('setpriv', ['--pdeathsig', 'KILL', 'prlimit', ...limits, 'qemu-img', ...args], {
    cwd: folder,
    signal,
    ...(log && {log}),
  });
}

/** `-p` prints `    (45.34/100%)`, each ended by a carriage return. */
function percents(told: (percent: number) => void): (text: string) => void {
  let pending = '';
  return (text) => {
    pending = (pending + text).slice(-200);
    const last = [...pending.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1);
    if (last === undefined) return;
    pending = pending.slice(last.index + last[0].length);
    told(Number(last[1]));
  };
}

function driver(format: string): string {
  return DRIVERS[format] ?? format;
}

function dataFile(specific: unknown): unknown {
  const text = JSON.stringify(specific ?? {});
  return /"data-file(?:-raw)?":\s*"/.test(text) ? 'a data file' : undefined;
}

function unreadable({show, format}: Disk, why: string): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} cannot be read as ${format}: ${why}`, {
    hint: 'it is damaged; fetch it by hand and look at it with qemu-img info',
  });
}

function tooCostly({show}: Disk, what: string): ImgmgrError {
  return new ImgmgrError(
    'FORMAT_REFUSED',
    `${show} needs more than ${LOOK.addressSpace / GIB} GiB of memory or ${LOOK.cpuSeconds} s for qemu-img ${what}`,
    {hint: 'no honest image does; do not trust where it came from before you know why'},
  );
}

/** The last thing that it said, without our names for the files. */
function lastLine(stderr: string, {path, show}: Disk): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line.replace(/^qemu-img: /, '').replaceAll(path, show) || 'no reason told';
}
