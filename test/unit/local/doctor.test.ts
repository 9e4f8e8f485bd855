import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import type {Exec} from '../../../src/exec.ts';
import {qemuChecks} from '../../../src/local/doctor.ts';

/** What QEMU ends with when the boot sector has reached its end. */
const BOOTED = 0x55;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-kvm-'));
});
afterEach(async () => rm(folder, {recursive: true, force: true}));

/** A QEMU that has a version, and ends a machine so. */
function qemu(end: number | ImgmgrError): Pick<Exec, 'run'> {
  return {
    run: (_, args) => {
      if (args.includes('--version')) return Promise.resolve({exitCode: 0, stdout: 'QEMU 7.2\nmore', stderr: ''});
      return typeof end === 'number' ? Promise.resolve({exitCode: end, stdout: '', stderr: ''}) : Promise.reject(end);
    },
  };
}

async function look(id: 'qemu' | 'kvm', exec: Pick<Exec, 'run'>, device = join(folder, 'kvm')) {
  const check = qemuChecks({exec: exec as Exec, device}).find((each) => each.id === id);
  return check?.look();
}

const left = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('imgmgr-doctor-'));

it('KVM works where a machine boots under it, and the folder of the look goes again', async () => {
  await writeFile(join(folder, 'kvm'), '');
  const before = await left();
  expect(await look('kvm', qemu(BOOTED))).toEqual({health: 'ok', fact: 'a machine boots under KVM'});
  expect((await left()).filter((name) => !before.includes(name))).toEqual([]);
});

it.each([
  ['a machine that ends otherwise', 1, 'did not come to its end (QEMU: exit 1)'],
  ['one that stands still', new ImgmgrError('TIMEOUT', 'took too long'), 'stood still for 5 s'],
  ['a QEMU that does not start', new ImgmgrError('UNSUPPORTED', 'no such machine'), 'no such machine'],
])('KVM does not work for %s', async (_, end, why) => {
  await writeFile(join(folder, 'kvm'), '');
  const found = await look('kvm', qemu(end));
  expect(found?.health).toBe('warn');
  expect(found?.fact).toContain(why);
});

it('KVM does not work without its device', async () => {
  const device = join(folder, 'none');
  expect(await look('kvm', qemu(BOOTED), device)).toMatchObject({
    health: 'warn',
    fact: `KVM does not work here: there is no ${device}`,
  });
});

it('without QEMU nothing is known of KVM', async () => {
  const missing: Pick<Exec, 'run'> = {
    run: () => Promise.reject(new ImgmgrError('UNSUPPORTED', 'qemu is not installed', {hint: 'apt install qemu'})),
  };
  expect(await look('kvm', missing)).toMatchObject({health: 'untried'});
  expect(await look('qemu', missing)).toMatchObject({health: 'warn', remedy: 'apt install qemu'});
});

it('the version of QEMU is shown', async () => {
  expect(await look('qemu', qemu(BOOTED))).toEqual({health: 'ok', fact: 'QEMU 7.2'});
});
