import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import type {RealRegistry} from './registry.ts';
import {digestIn, makeLayout, push, startRegistry} from './registry.ts';

const IMGMGR = new URL('../../dist/bin/imgmgr.js', import.meta.url).pathname;
const PASSWORD = 'correct-horse-battery';
const disk = (data: number): Buffer => makeQcow2({virtualBytes: 64 * 2 ** 20, dataBytes: data});

let folder = '';
let open: RealRegistry | undefined;
let closed: RealRegistry | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-registry-'));
  const [one, other] = [join(folder, 'open'), join(folder, 'closed')];
  await Promise.all([mkdir(one), mkdir(other)]);
  [open, closed] = await Promise.all([startRegistry(one), startRegistry(other, PASSWORD)]);
});
afterAll(async () => {
  await Promise.all([open?.stop(), closed?.stop()]);
  await rm(folder, {recursive: true, force: true});
});

/** The folder of a layer with these files. */
async function layer(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(path, file, '..'), {recursive: true});
    await writeFile(join(path, file), content);
  }
  return path;
}

interface Imported {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** What `show` says that the bytes were read from. */
  readonly origin: string | undefined;
  /** What the cloud has, byte by byte. */
  readonly stored: readonly Buffer[];
}

async function importFrom(
  reference: string,
  env: Readonly<Record<string, string>> = {},
  ...more: readonly string[]
): Promise<Imported> {
  const home = await mkdtemp(join(folder, 'home-'));
  const local = join(home, 'local');
  const own = {HOME: home, XDG_STATE_HOME: join(home, 'state'), IMGMGR_LOCAL: local};
  const flags = ['--cloud', 'local', '--disk-format', 'qcow2', '--name', 'X', '--no-verify', ...more];
  const {exitCode, stdout, stderr} = await execa(IMGMGR, ['import', `oci://${reference}`, ...flags], {
    env: {...own, ...env},
    reject: false,
  });
  const shown = await execa(IMGMGR, ['show', 'X', '--cloud', 'local', '--json'], {env: own, reject: false});
  const origin = /"origin":"([^"]*)"/.exec(shown.stdout)?.[1];
  const files = exitCode === 0 ? await readdir(local, {recursive: true, withFileTypes: true}) : [];
  const large = await Promise.all(
    files.filter((file) => file.isFile()).map(async (file) => readFile(join(file.parentPath, file.name))),
  );
  return {
    exitCode,
    stdout,
    stderr,
    origin,
    stored: large.filter((content) => content.subarray(0, 4).toString('latin1') === 'QFI\xfb'),
  };
}

const hostOf = (registry: RealRegistry | undefined): string => registry?.host ?? '';

it.each(['gzip', 'zstd'])(
  'what skopeo pushes to a registry, compressed with %s, is imported byte by byte',
  async (format) => {
    const content = disk(2_000_000);
    const base = await layer(`base-${format}`, {'etc/os-release': 'ID=x', 'disk/old.qcow2': disk(100_000)});
    const top = await layer(`top-${format}`, {'disk/.wh.old.qcow2': '', 'disk/new.qcow2': content});
    const layout = join(folder, `layout-${format}`);
    await makeLayout(layout, [{architecture: 'amd64', layers: [base, top]}]);
    await push(layout, `${hostOf(open)}/team/disk:${format}`, '--dest-compress-format', format);
    const {exitCode, stored, stderr} = await importFrom(`${hostOf(open)}/team/disk:${format}`);
    expect([exitCode, stderr.includes('Error')]).toEqual([0, false]);
    expect(stored.map((found) => found.equals(content))).toEqual([true]);
  },
);

it('the image of the processor is chosen, and a tag is the digest that the registry has for it', async () => {
  const contents = {amd64: disk(500_000), arm64: disk(700_000)};
  const images = await Promise.all(
    (['amd64', 'arm64'] as const).map(async (architecture) => ({
      architecture,
      layers: [await layer(architecture, {'disk/x.qcow2': contents[architecture]})],
    })),
  );
  const layout = join(folder, 'layout-index');
  await makeLayout(layout, images);
  await push(layout, `${hostOf(open)}/team/many:1`, '--all');
  const digest = await digestIn(join(folder, 'open'), 'team/many', '1');
  const reference = `${hostOf(open)}/team/many:1`;
  const byTag = await importFrom(reference);
  expect(byTag.exitCode).toBe(1);
  expect(byTag.stderr).toContain('has several images (amd64, arm64)');
  const {stored, origin} = await importFrom(reference, {}, '--property', 'architecture=aarch64');
  expect(stored.map((found) => found.equals(contents.arm64))).toEqual([true]);
  expect(origin).toBe(`oci://${reference}@${digest}`);
});

it('a registry that demands a password gets it from the file that skopeo login wrote', async () => {
  const layout = join(folder, 'layout-closed');
  await makeLayout(layout, [
    {architecture: 'amd64', layers: [await layer('closed-disk', {'disk/x.qcow2': disk(300_000)})]},
  ]);
  const auth = join(folder, 'auth.json');
  const login = [
    'login',
    '--authfile',
    auth,
    '--tls-verify=false',
    '--username',
    'me',
    '--password-stdin',
    hostOf(closed),
  ];
  await execa('skopeo', login, {input: PASSWORD});
  await push(layout, `${hostOf(closed)}/team/disk:1`, '--authfile', auth);
  const without = await importFrom(`${hostOf(closed)}/team/disk:1`);
  expect(without.exitCode).toBe(1);
  expect(without.stderr).toContain('refuses to hand out the image');
  const {exitCode, stored, stdout, stderr} = await importFrom(`${hostOf(closed)}/team/disk:1`, {
    REGISTRY_AUTH_FILE: auth,
  });
  expect([exitCode, stored.length]).toEqual([0, 1]);
  expect(stdout + stderr).not.toContain(PASSWORD);
});
