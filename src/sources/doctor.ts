import type {Diagnosis} from '../core/doctor.ts';
import {doubtful, shortcoming, well} from '../core/doctor.ts';
import {asImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Check} from '../ports/doctor.ts';

/** Whether this host can unpack, judge and convert what sources give. */
export function sourceChecks(exec: Exec): readonly Check[] {
  return [
    {id: 'unpack', look: () => unpack(exec)},
    {id: 'convert', look: () => qemuImg(exec)},
  ];
}

/** Tools, by the Debian packages that have them. */
const UNPACKERS: Readonly<Record<string, string>> = {xz: 'xz-utils', bzip2: 'bzip2', zstd: 'zstd'};

async function unpack(exec: Exec): Promise<Diagnosis> {
  const tools = Object.keys(UNPACKERS);
  const runs = await Promise.allSettled(tools.map((tool) => exec.run(tool, ['--version'], {timeoutMs: 10_000})));
  const missing = tools.filter((_, index) => runs[index]?.status === 'rejected');
  if (missing.length === 0) return well(`sources are unpacked with gzip, ${tools.join(', ')}`);
  return doubtful(`missing: ${missing.join(', ')}`, {
    reason: 'sources that are compressed with them cannot be read',
    remedy: `install them (Debian: apt install ${missing.map((tool) => UNPACKERS[tool] ?? tool).join(' ')})`,
  });
}

async function qemuImg(exec: Exec): Promise<Diagnosis> {
  try {
    const {stdout} = await exec.run('qemu-img', ['--version'], {timeoutMs: 10_000});
    return well(stdout.split('\n', 1).join('').trim());
  } catch (error) {
    if (asImgmgrError(error).code !== 'UNSUPPORTED') throw error;
    return shortcoming(
      error,
      'VMDK, VDI, VHD and VHDX cannot be judged, nothing can be converted or built, and --cloud local boots nothing',
    );
  }
}
