import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import type {RealRegistry} from './registry.ts';
import {digestIn, startRegistry} from './registry.ts';

const IMGMGR = new URL('../../dist/bin/imgmgr.js', import.meta.url).pathname;
const PASSWORD = 'correct-horse-battery';
const DISK = makeQcow2({virtualBytes: 64 * 2 ** 20, dataBytes: 5_000_000});

let folder = '';
let auth = '';
let registry: RealRegistry;
let env: Readonly<Record<string, string>> = {};

const imgmgr = async (...args: readonly string[]) => execa(IMGMGR, args, {env, reject: false});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-export-'));
  await mkdir(join(folder, 'registry'));
  registry = await startRegistry(join(folder, 'registry'), PASSWORD);
  auth = join(folder, 'auth.json');
  const login = ['login', '--authfile', auth, '--tls-verify=false', '--username', 'me', '--password-stdin'];
  await execa('skopeo', [...login, registry.host], {input: PASSWORD});
  const own = {HOME: folder, XDG_STATE_HOME: join(folder, 'state'), IMGMGR_LOCAL: join(folder, 'local')};
  env = {...own, REGISTRY_AUTH_FILE: auth};
  await writeFile(join(folder, 'disk.qcow2'), DISK);
  const flags = ['--cloud', 'local', '--name', 'X', '--no-verify', '--property', 'architecture=aarch64'];
  const {exitCode, stderr} = await imgmgr('import', join(folder, 'disk.qcow2'), ...flags);
  expect([exitCode, stderr.includes('ERROR')]).toEqual([0, false]);
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, {recursive: true, force: true});
});

it('what is exported to a registry is pulled by skopeo: one layer, which tar reads, with the disk of the user 107', async () => {
  const target = `${registry.host}/team/disk:1`;
  const {exitCode, stdout, stderr} = await imgmgr('export', 'X', `oci://${target}`, '--cloud', 'local');
  expect([exitCode, stderr.includes(PASSWORD)]).toEqual([0, false]);
  const digest = await digestIn(join(folder, 'registry'), 'team/disk', '1');
  expect(stdout).toBe(`oci://${target}@${digest}`);

  const pulled = join(folder, 'pulled');
  const access = ['--src-tls-verify=false', '--authfile', auth];
  await execa('skopeo', ['copy', '--insecure-policy', ...access, `docker://${target}`, `dir:${pulled}`]);
  const manifest = JSON.parse(await readFile(join(pulled, 'manifest.json'), 'utf8')) as {
    layers: {digest: string}[];
    config: {digest: string};
  };
  const file = (blob: {digest: string}): string => join(pulled, blob.digest.slice('sha256:'.length));
  const [layer = {digest: ''}] = manifest.layers;
  const {stdout: listed} = await execa('tar', ['-tvf', file(layer), '--numeric-owner']);
  expect(
    listed
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ').split(' ').slice(0, 3).join(' ') + ` ${line.split(' ').at(-1)}`),
  ).toEqual(['dr-xr-xr-x 107/107 0 disk/', `-r--r--r-- 107/107 ${DISK.length} disk/disk.qcow2`]);
  const {stdout: content} = await execa('tar', ['-xOf', file(layer), 'disk/disk.qcow2'], {encoding: 'buffer'});
  expect(Buffer.from(content).equals(DISK)).toBe(true);
  const config: unknown = JSON.parse(await readFile(file(manifest.config), 'utf8'));
  const diffId = `sha256:${createHash('sha256')
    .update(await readFile(file(layer)))
    .digest('hex')}`;
  expect(config).toMatchObject({architecture: 'arm64', os: 'linux', rootfs: {diff_ids: [diffId]}});
  const {stdout: inspected} = await execa('skopeo', [
    'inspect',
    '--tls-verify=false',
    '--authfile',
    auth,
    `docker://${target}`,
  ]);
  expect(JSON.parse(inspected)).toMatchObject({Digest: digest, Architecture: 'arm64', Os: 'linux'});
});

it('what is exported is imported again, byte by byte, and not sent a second time', async () => {
  const target = `oci://${registry.host}/team/again:1`;
  const first = await imgmgr('export', 'X', target, '--cloud', 'local');
  const second = await imgmgr('export', 'X', target, '--cloud', 'local', '--debug');
  expect([first.exitCode, second.exitCode, second.stdout]).toEqual([0, 0, first.stdout]);
  expect(second.stderr).not.toMatch(/ (?:POST|PATCH) /);
  const flags = [
    '--cloud',
    'local',
    '--name',
    'Again',
    '--no-verify',
    '--disk-format',
    'qcow2',
    '--property',
    'architecture=aarch64',
  ];
  expect((await imgmgr('import', target, ...flags)).exitCode).toBe(0);
  const {exitCode, stdout} = await imgmgr('export', 'Again', join(folder, 'again.qcow2'), '--cloud', 'local');
  expect([exitCode, stdout]).toEqual([0, join(folder, 'again.qcow2')]);
  expect((await readFile(join(folder, 'again.qcow2'))).equals(DISK)).toBe(true);
});

it('a registry that demands a login gets none without the file of logins, and no tag', async () => {
  const target = `oci://${registry.host}/team/closed:1`;
  const {exitCode, stderr} = await execa(IMGMGR, ['export', 'X', target, '--cloud', 'local'], {
    env: {...env, REGISTRY_AUTH_FILE: ''},
    reject: false,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('refuses to take the image');
  const repositories = await readdir(join(folder, 'registry/registry/docker/registry/v2/repositories/team'));
  expect(repositories).not.toContain('closed');
});
