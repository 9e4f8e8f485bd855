import {spawnSync} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createExec} from '../../../../src/exec.ts';
import {bootSector, findAccelerator} from '../../../../src/local/qemu/accelerator.ts';
import {fakeTools, hasQemu} from './tools.ts';

const withQemu = hasQemu('the probe of KVM in a real QEMU');

describe('the choice of KVM', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imgmgr-kvm-'));
  });
  afterEach(() => rm(folder, {recursive: true, force: true}));

  async function choice(script: string, limitMs = 5000): Promise<string> {
    const path = await fakeTools(folder, {'qemu-system-x86_64': script});
    const scratch = join(folder, 'scratch');
    await mkdir(scratch);
    const device = join(folder, 'kvm');
    await writeFile(device, '');
    const exec = createExec({PATH: `${path}:${process.env['PATH'] ?? ''}`});
    return findAccelerator({exec, folder: scratch, device, limitMs});
  }

  it('is made where the boot sector reaches the debug exit', async () => {
    expect(await choice('[ -s probe.img ] && exit 85')).toBe('kvm');
  });

  it.each([
    ['QEMU refuses it', 'exit 1'],
    ['the guest ends otherwise', 'exit 0'],
  ])('is not made where %s', async (_what, script) => {
    expect(await choice(script)).toBe('tcg');
  });

  it('is not made where the guest stands still, and that is known within the limit', async () => {
    const startMs = performance.now();
    expect(await choice('sleep 60', 300)).toBe('tcg');
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  it('is not made where there is no device, or it may not be opened', async () => {
    const exec = createExec({PATH: await fakeTools(folder, {'qemu-system-x86_64': 'exit 85'})});
    expect(await findAccelerator({exec, folder, device: join(folder, 'none')})).toBe('tcg');
  });

  it.skipIf(!withQemu)('rests on a boot sector that does what it should', async () => {
    await writeFile(join(folder, 'probe.img'), bootSector());
    const args = ['-accel', 'tcg', '-m', '16M', '-nodefaults', '-display', 'none', '-no-reboot'];
    const exit = ['-device', 'isa-debug-exit,iobase=0x501,iosize=1', '-drive', 'file=probe.img,format=raw,if=ide'];
    const {status} = spawnSync('qemu-system-x86_64', [...args, ...exit], {cwd: folder, timeout: 15_000});
    expect(status).toBe(85);
  });
});
