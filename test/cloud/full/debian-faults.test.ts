import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {expect, it, onTestFinished} from 'vitest';
import {imgmgr} from '../support/imgmgr.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HEALTHY = join(ROOT, '.cache/debian/debian-12.qcow2');

it(
  'a Debian image fails for each of six faults, and for nothing else, when its files are changed (a stage that fails leaves a traceback, too)',
  {timeout: 1_200_000},
  async () => {
    await execa(join(ROOT, 'test/cloud/debian/build'), {stdio: ['ignore', 'ignore', 'inherit']});
    const dir = await mkdtemp(join(tmpdir(), 'imgmgr-debian-'));
    onTestFinished(() => rm(dir, {recursive: true, force: true}));
    const file = join(dir, 'sabotaged.qcow2');
    await execa(join(ROOT, 'test/cloud/debian/sabotage'), [HEALTHY, file]);
    const properties = ['architecture=x86_64', 'os_distro=debian', 'os_version=12'].flatMap((pair) => [
      '--property',
      pair,
    ]);
    const env = {XDG_STATE_HOME: join(dir, 'qemu'), IMGMGR_LOCAL: join(dir, 'local')};
    const ran = await imgmgr(['verify', file, ...properties], env);
    const verdict = ran.lines.find(({type}) => type === 'verdict')?.verdict;
    expect([...(verdict?.failed ?? [])].sort()).toEqual(
      [
        'authorized-keys',
        'cloud-init-done',
        'cloud-init-traceback',
        'failed-units',
        'machine-id',
        'passwords',
        'ssh-host-keys',
      ].sort(),
    );
    expect(ran.code).toBe(5);
  },
);
