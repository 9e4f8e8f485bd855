import type {Diagnosis} from '../core/doctor.ts';
import {doubtful, shortcoming, well} from '../core/doctor.ts';
import {asImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Check} from '../ports/doctor.ts';

/** Whether this host can unpack, judge and convert what sources give. */
export function sourceChecks(exec: Exec): readonly Check[] {
  return [
    {id: 'unpack', look: () => unpack(exec)},
    {id: 'qemu-img', look: () => qemuImg(exec)},
  ];
}

const UNPACKERS = ['xz', 'bzip2', 'zstd'];

async function unpack(exec: Exec): Promise<Diagnosis> {
  const found = await Promise.all(
    UNPACKERS.map(async (tool) => {
      try {
        await exec.run(tool, ['--version'], {timeoutMs: 10_000});
        return undefined;
      } catch (error) {
        return {tool, error: asImgmgrError(error)};
      }
    }),
  );
  const missing = found.flatMap((one) => one ?? []);
  if (missing.length === 0) return well(`sources are unpacked with gzip, ${UNPACKERS.join(', ')}`);
  return doubtful(`missing: ${missing.map(({tool}) => tool).join(', ')}`, {
    reason: 'sources that are compressed with them cannot be read',
    remedy: missing.flatMap(({error}) => error.hint ?? []).join('; '),
  });
}

async function qemuImg(exec: Exec): Promise<Diagnosis> {
  try {
    const {stdout} = await exec.run('qemu-img', ['--version'], {timeoutMs: 10_000});
    return well(stdout.split('\n')[0]?.trim() ?? 'qemu-img');
  } catch (error) {
    if (asImgmgrError(error).code !== 'UNSUPPORTED') throw error;
    return shortcoming(
      error,
      'VMDK, VDI, VHD and VHDX cannot be judged, nothing can be converted or built, and --cloud local boots nothing',
    );
  }
}
