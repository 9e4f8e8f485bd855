import {access, constants, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Exec} from '../../exec.ts';

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

/**
 * `kvm` only where a machine really runs under it: a boot sector has to reach QEMU's debug exit within 5 s. A readable /dev/kvm
 * says little: in many virtual machines it is there and guests stand still.
 */
export async function findAccelerator({
  exec,
  folder,
  device = '/dev/kvm',
  limitMs = LIMIT_MS,
}: Probe): Promise<'kvm' | 'tcg'> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
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
    return exitCode === (EXIT_CODE << 1) + 1 ? 'kvm' : 'tcg';
  } catch {
    return 'tcg';
  }
}

/** mov al, 0x2a; mov dx, 0x501; out dx, al; then halt for good. QEMU ends with twice the byte and one. */
export function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xfa, 0xb0, EXIT_CODE, 0xba, 0x01, 0x05, 0xee, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
