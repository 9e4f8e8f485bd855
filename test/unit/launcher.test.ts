import {mkdir, readFile, readdir, symlink, writeFile} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import {useFolder} from './build/folder.ts';

const folder = useFolder();
const LAUNCHER = fileURLToPath(new URL('../../dist/bin/imgmgr.js', import.meta.url));

async function launch(launcher: string, nodeFolder: string, ...args: readonly string[]) {
  return execa(launcher, args, {env: {PATH: [nodeFolder, '/usr/bin', '/bin'].join(delimiter)}, extendEnv: false});
}

describe('the launcher that the build makes', () => {
  it('starts the node of the PATH with little room for new objects, and hands every argument on as it is', async () => {
    const tools = join(folder.path(), 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'node'), '#!/bin/sh\nprintf "[%s]" "$@"\n', {mode: 0o755});
    const {stdout} = await launch(LAUNCHER, tools, 'import', 'a b', '', '$HOME');
    expect(stdout).toBe(`[--max-semi-space-size=2][${LAUNCHER}][import][a b][][$HOME]`);
  });

  it.each([
    [['status', '--all'], 4],
    [['dry-run'], 4],
    [['verify'], 2],
    [['--cloud', 'status'], 2],
    [[], 2],
  ] as const)('%j: at most %i MiB for new objects', async (args, size) => {
    const tools = join(folder.path(), 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'node'), '#!/bin/sh\nprintf "[%s]" "$@"\n', {mode: 0o755});
    const {stdout} = await launch(LAUNCHER, tools, ...args);
    expect(stdout).toBe([`--max-semi-space-size=${size}`, LAUNCHER, ...args].map((text) => `[${text}]`).join(''));
  });

  it('serve: the heap stays near what it holds, and is collected when nobody asks', async () => {
    const tools = join(folder.path(), 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'node'), '#!/bin/sh\nprintf "[%s]" "$@"\n', {mode: 0o755});
    const {stdout} = await launch(LAUNCHER, tools, 'serve', '--cloud', 'a');
    const flags = ['--max-semi-space-size=2', '--heap-growing-percent=33', '--expose-gc'];
    expect(stdout).toBe([...flags, LAUNCHER, 'serve', '--cloud', 'a'].map((text) => `[${text}]`).join(''));
  });

  it('runs by itself, through a link, and as an argument of node', async () => {
    const link = join(folder.path(), 'imgmgr');
    await symlink(LAUNCHER, link);
    for (const path of [LAUNCHER, link]) {
      const {stdout} = await launch(path, dirname(process.execPath), '--version');
      expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
    }
    const {stdout} = await execa(process.execPath, [LAUNCHER, '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('loads no gRPC for a dry run, and no node:crypto for --version', async () => {
    const images = join(folder.path(), 'images');
    await mkdir(images);
    await writeFile(join(images, 'x.yml'), DEFINITION);
    const args = ['dry-run', '--cloud', 'local', '--images', images];
    const env = {IMGMGR_LOCAL: join(folder.path(), 'local'), HOME: folder.path()};
    const dryRun = await execa(process.execPath, ['--import', await listsLoads(), LAUNCHER, ...args], {
      env,
      reject: false,
    });
    expect(dryRun.stdout).toContain('Tiny');
    expect(dryRun.stderr).toMatch(/^loaded .*context-/m);
    expect(dryRun.stderr).not.toContain('with gRPC');
    const parts = await readdir(join(dirname(LAUNCHER), '..', 'part'));
    const texts = parts.map(async (name) => readFile(join(dirname(LAUNCHER), '..', 'part', name), 'utf8'));
    expect((await Promise.all(texts)).filter((text) => text.includes(GRPC)).length).toBeGreaterThan(0);
    const version = await execa(process.execPath, ['--import', await listsLoads(), LAUNCHER, '--version']);
    expect(version.stderr).toMatch(/^loaded /m);
    expect(version.stderr).not.toContain('node:crypto');
  });
});

it('the parts that speak HTTP load no second HTTP client of node', async () => {
  const folderOfParts = join(dirname(LAUNCHER), '..', 'part');
  const parts = (await readdir(folderOfParts)).filter((name) => /^(?:axios|http)-.*\.js$/.test(name));
  expect(parts.length).toBeGreaterThan(1);
  const loads = parts.map((name) => `await import(${JSON.stringify(join(folderOfParts, name))});`).join('');
  const script = `${loads} process.stdout.write(process.moduleLoadList.join(' '));`;
  const {stdout} = await execa(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout).toContain('NativeModule http');
  expect(stdout).not.toContain('undici');
});

/** A module that writes down what is loaded after it. */
async function listsLoads(): Promise<string> {
  const path = join(folder.path(), 'loads.mjs');
  await writeFile(
    path,
    `import {registerHooks} from 'node:module';
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    process.stderr.write('loaded ' + url + (String(loaded.source).includes('${GRPC}') ? ' with gRPC' : '') + '\\n');
    return loaded;
  },
});
`,
  );
  return path;
}

/** A name that only the library of gRPC has. */
const GRPC = 'grpc.primary_user_agent';

const DEFINITION = `images:
  - name: Tiny
    format: raw
    login: root
    visibility: public
    min_disk: 1
    min_ram: 64
    status: active
    multi: true
    tags: []
    meta: {architecture: x86_64, os_distro: debian, os_version: '13'}
    versions: [{version: '1', url: 'https://example.invalid/tiny.raw', checksum: 'sha256:${'0'.repeat(64)}'}]
`;
