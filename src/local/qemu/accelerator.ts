import {access, constants, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {asImgmgrError} from '../../errors.ts';
import type {Exec} from '../../exec.ts';
import {hasCode} from '../../host/fs-error.ts';

/** What the probing needs. */
export interface Probe {
  readonly exec: Exec;
  /** An empty folder of ours. */
  readonly folder: string;
  /** Default /dev/kvm. */
  readonly device?: string;
  readonly limitMs?: number;
}

const LIMIT_MS = 5000;
const EXIT_CODE = 0x2a;

/** `kvm` only where a machine really runs under it, see {@link whyNoKvm}. */
export async function findAccelerator(probe: Probe): Promise<'kvm' | 'tcg'> {
  return (await whyNoKvm(probe)) === undefined ? 'kvm' : 'tcg';
}

/**
 * Why no machine runs under KVM here; undefined where one does: a boot sector has to reach QEMU's debug exit within 5 s. A readable
 * /dev/kvm says little: in many virtual machines it is there and guests stand still.
 */
export async function whyNoKvm({
  exec,
  folder,
  device = '/dev/kvm',
  limitMs = LIMIT_MS,
}: Probe): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
  } catch (error) {
    const isThere = !hasCode(error, 'ENOENT', 'ENOTDIR');
    return isThere ? `this user may not use ${device}` : `there is no ${device}`;
  }
  try {
    await writeFile(join(folder, 'probe.img'), bootSector(), {mode: 0o600});
    const {exitCode} = await exec.run(
      'qemu-system-x86_64',
      [
        ...['-accel', 'kvm', '-cpu', 'host', '-m', '16M', '-nodefaults', '-display', 'none', '-no-reboot'],
        ...['-device', 'isa-debug-exit,iobase=0x501,iosize=1'],
        ...['-drive', 'file=probe.img,format=raw,if=ide'],
      ],
      {cwd: folder, timeoutMs: limitMs, graceMs: 500},
    );
    return exitCode === (EXIT_CODE << 1) + 1
      ? undefined
      : `a machine of one boot sector did not come to its end (QEMU: exit ${exitCode})`;
  } catch (error) {
    const {code, message} = asImgmgrError(error);
    return code === 'TIMEOUT' ? `a machine of one boot sector stood still for ${limitMs / 1000} s` : message;
  }
}

/** mov al, 0x2a; mov dx, 0x501; out dx, al; then halt for good. QEMU ends with twice the byte and one. */
export function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xfa, 0xb0, EXIT_CODE, 0xba, 0x01, 0x05, 0xee, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
