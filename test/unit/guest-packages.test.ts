import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterEach, beforeEach, expect, it} from 'vitest';

const PACKAGES = join(import.meta.dirname, '../../examples/tiny-guest/packages.sh');

/** Stands in for apt-cache, apt-get and dpkg; writes down each call of the first two. */
const PROGRAMS: Readonly<Record<string, string>> = {
  uname: 'echo x86_64',
  'apt-cache': 'echo apt-cache >>"$CALLS"; echo "  Depends: linux-image-6-cloud-amd64"',
  'apt-get':
    'echo apt-get >>"$CALLS"; while [ "$1" != download ]; do shift; done; shift; [ "$1" != --print-uris ] || shift; for name; do echo "\'http://mirror/$name\' ${name}_1_amd64.deb 1 x"; done',
  dpkg: 'mkdir -p "$3"; touch "$3/${2##*/}"',
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-packages-'));
  await mkdir(join(folder, 'bin'));
  for (const [name, text] of Object.entries(PROGRAMS))
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, {mode: 0o755});
  await mkdir(join(folder, 'cache', 'packages'), {recursive: true});
});
afterEach(() => rm(folder, {recursive: true, force: true}));

/** What apt was asked for by one build with these packages, and the kernel and the packages that the build then has. */
async function fetched(...names: readonly string[]) {
  const calls = join(folder, 'calls');
  await writeFile(calls, '');
  const all = ['linux-image-6-cloud-amd64', 'busybox-static', 'mtools', 'syslinux', 'syslinux-common', ...names];
  for (const name of all) await writeFile(join(folder, 'cache', 'packages', `${name}_1_amd64.deb`), 'there already');
  const script = `. "$0"; fetch_packages "$@"; echo "$kernel"; ls "$tree"`;
  const env = {PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, CALLS: calls};
  const {stdout} = await execa('bash', ['-euc', script, PACKAGES, join(folder, 'cache'), ...names], {env});
  const [kernel, ...packages] = stdout.split('\n');
  return {asked: (await readFile(calls, 'utf8')).split('\n').filter(Boolean), kernel, packages: packages.length};
}

it('apt is asked once for the same packages, lists and settings, and again for other packages', async () => {
  const kernel = '6-cloud-amd64';
  expect(await fetched('cpio')).toEqual({asked: ['apt-cache', 'apt-get'], kernel, packages: 6});
  expect(await fetched('cpio')).toEqual({asked: [], kernel, packages: 6});
  expect(await fetched('cpio', 'dash')).toEqual({asked: ['apt-cache', 'apt-get'], kernel, packages: 7});
  const kept = (await readdir(join(folder, 'cache'))).filter((name) => name.startsWith('apt-'));
  expect(kept).toHaveLength(1);
});
