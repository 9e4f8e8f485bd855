import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {findFirmware} from '../../../../src/local/qemu/firmware.ts';
import {refused} from '../../ports/image-store-contract.ts';

it('UEFI is the first place with both code and variables, else the package to install is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-firmware-'));
  try {
    const place = (name: string) => ({code: join(folder, `${name}.code`), variables: join(folder, `${name}.vars`)});
    const places = [place('a'), place('b')];
    await writeFile(place('a').code, '');
    for (const [architecture, name] of [
      ['x86_64', 'ovmf'],
      ['aarch64', 'qemu-efi-aarch64'],
    ] as const) {
      const {hint} = await refused('UNSUPPORTED', () => findFirmware(architecture, places));
      expect(hint).toContain(`apt install ${name}`);
    }
    await writeFile(place('b').code, '');
    await writeFile(place('b').variables, '');
    expect(await findFirmware('x86_64', places)).toEqual(place('b'));
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
});
