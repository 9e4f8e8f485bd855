import {namesNoFile} from '../../core/format/disk-formats.ts';
import type {Exec} from '../../exec.ts';
import type {Confinement} from '../../host/confine.ts';
import {ImgmgrError} from '../../errors.ts';

/** A disk that lies in a folder of ours. */
export interface Disk {
  /** Absolute, a name of our own: qemu-img takes a name like `json:{…}` for options. */
  readonly path: string;
  /** Glance's disk_format. */
  readonly format: string;
  /** As messages name it. */
  readonly show: string;
}

/** What qemu-img is called with. */
export interface ToolContext {
  readonly exec: Exec;
  /** Where it runs; nothing of anybody else is in it. */
  readonly folder: string;
  /** The file of the disk, behind all links. */
  readonly file: string;
  readonly confinement: Confinement;
  readonly signal: AbortSignal;
}

/** One call of qemu-img. */
export interface ToolCall {
  readonly args: readonly string[];
  readonly memoryBytes: number;
  readonly cpuSeconds?: number;
  /** The file that it writes, which exists, and bytes that it may have. */
  readonly output?: {readonly path: string; readonly bytes: number};
  readonly log?: (text: string) => void;
}

const GIB = 1024 ** 3;
/** Against images that are made to use up memory or time (CVE-2015-5162): what Glance, Nova and Cinder allow a look. */
const LOOK = {memoryBytes: GIB, cpuSeconds: 60};

/** UNSUPPORTED where qemu-img is not installed. */
export async function requireQemuImg(exec: Exec): Promise<void> {
  await exec.run('qemu-img', ['--version']);
}

/** Where no tool can be kept from other files, only what names none in any reading is opened: else UNSUPPORTED. */
export function requireConfined({kind}: Confinement, {show, format}: Pick<Disk, 'show' | 'format'>): void {
  if (kind !== 'none' || namesNoFile(format)) return;
  throw new ImgmgrError(
    'UNSUPPORTED',
    `${show} is ${format}, which qemu-img is not given here, since nothing on this host can keep it from other files`,
    {
      hint: 'use a kernel with Landlock (5.13 or newer, "landlock" in /sys/kernel/security/lsm), or install bubblewrap (Debian: apt install bubblewrap)',
    },
  );
}

/** Runs qemu-img without access to other files and within limits; it ends with this process, even where this one is killed. */
export async function runQemuImg(context: ToolContext, call: ToolCall): ReturnType<Exec['run']> {
  const {exec, folder, file, confinement, signal} = context;
  const {memoryBytes, cpuSeconds, output, log} = call;
  const {command, args} = confinement.wrap({
    command: 'qemu-img',
    args: call.args,
    read: [folder, file],
    write: output === undefined ? [] : [output.path],
    limits: {memoryBytes, outputBytes: output?.bytes ?? 1, ...(cpuSeconds !== undefined && {cpuSeconds})},
  });
  return exec.run('setpriv', ['--pdeathsig', 'KILL', command, ...args], {cwd: folder, signal, ...(log && {log})});
}

/** Has qemu-img look at the disk; gives its exit code and what it wrote. FORMAT_REFUSED where it needs more than a look may. */
export async function runLook(context: ToolContext, disk: Disk, args: readonly string[]): ReturnType<Exec['run']> {
  const ran = await runQemuImg(context, {args, ...LOOK});
  if (ran.exitCode > 128) throw tooCostly(disk, args[0] ?? '');
  return ran;
}

/** Its answer in JSON; FORMAT_REFUSED where it cannot read the disk. */
export async function look(
  context: ToolContext,
  disk: Disk,
  args: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const {exitCode, stdout, stderr} = await runLook(context, disk, args);
  if (exitCode !== 0) throw unreadable(disk, lastLine(stderr, disk));
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    // Of a long answer only the end was kept.
    throw unreadable(disk, `qemu-img ${args[0] ?? ''} describes it in more than 16 MiB, or not in JSON`);
  }
}

/** The error of a disk that qemu-img does not understand. */
export function unreadable({show, format}: Disk, why: string): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} cannot be read as ${format}: ${why}`, {
    hint: 'it is damaged; fetch it by hand and look at it with qemu-img info',
  });
}

/** The last thing that it said, without our names for the files. */
export function lastLine(stderr: string, {path, show}: Disk): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line.replace(/^qemu-img: /, '').replaceAll(path, show) || 'no reason given';
}

function tooCostly({show}: Disk, what: string): ImgmgrError {
  return new ImgmgrError(
    'FORMAT_REFUSED',
    `${show} needs more than ${LOOK.memoryBytes / GIB} GiB of memory or ${LOOK.cpuSeconds} s for qemu-img ${what}`,
    {hint: 'no honest image does; do not trust where it came from before you know why'},
  );
}
