import {readdir, readFile} from 'node:fs/promises';
import {machine as machineName} from 'node:os';
import {delimiter, join} from 'node:path';
import type {Machine} from '../core/build/spec.ts';
import {DIB_ARCH} from '../core/build/spec.ts';
import type {Exec} from '../exec.ts';
import {freeBytes} from '../host/free-bytes.ts';
import {exists, isProgram} from '../host/look.ts';
import type {HostLook, Wants} from './requirements.ts';
import {ALL_TOOLS, judgeHost} from './requirements.ts';
import {needsStandIns} from './stand-ins.ts';

export interface Preflight {
  readonly exec: Exec;
  /** The PATH of the build. */
  readonly path: string;
  readonly workRoot: string;
  readonly wants: Wants;
}

/** Looks whether this host can build it before anything is made: throws UNSUPPORTED or DISK_FULL, with all reasons. Gives what it saw. */
export async function preflight({exec, path, workRoot, wants}: Preflight): Promise<HostLook> {
  const host = await lookAtHost({exec, path, workRoot});
  const fault = judgeHost(host, wants);
  if (fault !== undefined) throw fault;
  return host;
}

/** What {@link judgeHost} wants to know of this host; changes nothing but that modules of the kernel are loaded. */
export async function lookAtHost({exec, path, workRoot}: Omit<Preflight, 'wants'>): Promise<HostLook> {
  return {
    root: process.getuid?.() === 0,
    tools: await toolsOn(path),
    standIns: await needsStandIns(exec),
    loops: await exists('/dev/loop-control'),
    vfat: await hasVfat(exec),
    machine: machineName(),
    foreign: await foreignMachines(),
    workRoot,
    freeBytes: await freeBytes(workRoot),
  };
}

async function toolsOn(path: string): Promise<ReadonlySet<string>> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const found = new Set<string>();
  for (const name of ALL_TOOLS) for (const folder of folders) if (await isProgram(join(folder, name))) found.add(name);
  return found;
}

async function hasVfat(exec: Exec): Promise<boolean> {
  const isThere = async (): Promise<boolean> => /\bvfat$/m.test(await readFile('/proc/filesystems', 'utf8'));
  if (await isThere()) return true;
  try {
    await exec.run('modprobe', ['-q', 'vfat']);
  } catch {
    // Not installed, as in containers.
  }
  return isThere();
}

/** https://docs.kernel.org/admin-guide/binfmt-misc.html; `F`: the interpreter is held open, so it works inside a chroot as well. */
async function foreignMachines(): Promise<readonly Machine[]> {
  const folder = '/proc/sys/fs/binfmt_misc';
  const found: Machine[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const machine = (Object.keys(DIB_ARCH) as Machine[]).find((each) => name === `qemu-${each}`);
    if (machine === undefined) continue;
    const text = await readFile(join(folder, name), 'utf8');
    if (/^enabled$/m.test(text) && /^flags:.*F/m.test(text)) found.push(machine);
  }
  return found;
}
