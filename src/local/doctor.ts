import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Diagnosis} from '../core/doctor.ts';
import {doubtful, shortcoming, untried, well} from '../core/doctor.ts';
import {asImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Check} from '../ports/doctor.ts';
import {whyNoKvm} from './qemu/accelerator.ts';

/** Whether guests of the cloud `local` can run here, and how fast. `device` is KVM's, by default /dev/kvm. */
export function qemuChecks({exec, device}: {readonly exec: Exec; readonly device?: string}): readonly Check[] {
  return [
    {id: 'qemu', look: () => version(exec)},
    {id: 'kvm', look: () => kvm({exec, ...(device !== undefined && {device})})},
  ];
}

const NEEDED = 'images cannot be tested on this host (--cloud local, verify FILE)';

async function version(exec: Exec): Promise<Diagnosis> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  try {
    const {stdout} = await exec.run(`qemu-system-${machine}`, ['--version'], {timeoutMs: 10_000});
    return well(stdout.split('\n', 1).join('').trim());
  } catch (error) {
    if (asImgmgrError(error).code !== 'UNSUPPORTED') throw error;
    return shortcoming(error, NEEDED);
  }
}

async function kvm({exec, device}: {readonly exec: Exec; readonly device?: string}): Promise<Diagnosis> {
  const slow = 'guests on this host are emulated, which takes many times as long';
  if (process.arch !== 'x64')
    return doubtful('KVM is used for x86_64 alone', {
      reason: slow,
      remedy: 'test images in a cloud (--verify-cloud NAME)',
    });
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-doctor-'));
  try {
    if ((await version(exec)).health !== 'ok')
      return untried('whether KVM works is not known', {reason: 'QEMU is not installed'});
    const why = await whyNoKvm({exec, folder, ...(device !== undefined && {device})});
    if (why === undefined) return well('a machine boots under KVM');
    return doubtful(`KVM does not work here: ${why}`, {
      reason: slow,
      remedy:
        'add this user to the group kvm, or turn virtualization on (in a virtual machine: nested); tests on a cloud do not need it',
    });
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}
