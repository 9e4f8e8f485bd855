import {execFileSync} from 'node:child_process';
import {mkdtemp, open, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest} from './guests.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const withQemu = hasQemu('that a VMDK is converted for its boot');
let folder = '';
let guest: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-vmdk-'));
  if (!withQemu) return;
  guest = await buildGuest({guest: 'tiny-root-guest', out: join(folder, 'guest.qcow2')});
});
afterAll(() => rm(folder, {recursive: true, force: true}));

/** The first bytes of what the test servers are given besides their own disk, until the run ends. */
async function bootedMagic(local: string, running: Promise<unknown>): Promise<string> {
  const ended = running.then(
    () => true,
    () => true,
  );
  for (let magic = ''; ;) {
    for (const server of await readdir(join(local, 'servers')).catch(() => [])) {
      const file = await open(join(local, 'servers', server, 'image.qcow2')).catch(() => undefined);
      if (file === undefined) continue;
      magic = (await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString('latin1');
      await file.close();
    }
    if (magic.length === 4 && !magic.startsWith('\0')) return magic;
    if (await Promise.race([ended, sleep(50, false)])) return magic;
  }
}

interface Line {
  readonly type: string;
  readonly detail?: string;
  readonly verdict?: {readonly kind: string; readonly cause: string};
}

describe.skipIf(!withQemu)('a VMDK that comes to the cloud local', () => {
  it('S1: passes both guards, is booted as a qcow2 that was written anew, and stays what it is', async (context) => {
    if (guest === undefined) return context.skip('there is no guest to boot');
    const disk = join(folder, 'guest.vmdk');
    const streamed = ['-O', 'vmdk', '-o', 'subformat=streamOptimized'];
    execFileSync('qemu-img', ['convert', '-f', 'qcow2', ...streamed, guest, disk]);
    const local = join(folder, 'local');
    const about = [
      '--property',
      'architecture=x86_64',
      '--property',
      'os_distro=debian',
      '--property',
      'os_version=12',
    ];
    const running = execa(
      process.execPath,
      [
        join(ROOT, 'dist/bin/imgmgr.js'),
        ...['import', disk, '--cloud', 'local', '--name', 'Tiny', ...about, '--verify', '--deadline', '12m', '--json'],
      ],
      {reject: false, env: {IMGMGR_LOCAL: local, IMGMGR_BUILD_DIR: join(folder, 'work'), XDG_STATE_HOME: folder}},
    );
    const magic = await bootedMagic(local, running);
    const ran = await running;
    const lines = ran.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
    expect([ran.exitCode, magic], `${ran.stdout}\n${ran.stderr}`).toEqual([0, 'QFI\u00fb']);
    expect(lines.find(({type}) => type === 'verdict')?.verdict).toMatchObject({kind: 'pass', cause: 'passed'});
    expect(lines.some(({detail}) => detail?.includes('judged by qemu-img as vmdk') === true)).toBe(true);
    const [id = ''] = await readdir(join(local, 'images'));
    const record = JSON.parse(await readFile(join(local, 'images', id, 'image.json'), 'utf8')) as object;
    expect(record).toMatchObject({name: 'Tiny', disk_format: 'vmdk', status: 'active'});
    expect((await readFile(join(local, 'images', id, 'data'))).equals(await readFile(disk))).toBe(true);
    expect([await readdir(join(local, 'servers')), await readdir(join(folder, 'work'))]).toEqual([[], []]);
  });
});
