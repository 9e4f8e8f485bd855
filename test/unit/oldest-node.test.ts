import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import type {TestContext} from 'vitest';
import {describe, expect, it} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {useFolder} from './build/folder.ts';

const folder = useFolder();
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = join(ROOT, 'dist/bin/imgmgr.js');
const OLDEST = manifest.engines.node.replace(/^>=/, '');

/** Fast tests of what depends on Node: files, processes, signals, streams and texts, SQLite. */
const TESTS = [
  ...['durable', 'fs-error', 'lock', 'process'].map((name) => `test/unit/host/${name}.test.ts`),
  'test/unit/sources/file.test.ts',
  'test/unit/config/clouds.test.ts',
  ...['damage', 'keeper', 'reader', 'sqlite'].map((name) => `test/unit/history/${name}.test.ts`),
];

/** The program of exactly that Node; where it cannot be fetched the test is skipped, and says so. */
async function oldestNode({skip}: TestContext): Promise<string> {
  const {stdout, stderr, exitCode} = await execa(join(ROOT, 'scripts/oldest-node.sh'), {reject: false});
  if (exitCode !== 0) skip(`Node ${OLDEST} cannot be had: ${stderr}`);
  return stdout;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(command, args, {
    cwd: ROOT,
    env: {PATH: process.env['PATH'] ?? '', HOME: folder.path(), ...env},
    extendEnv: false,
    reject: false,
    all: true,
  });
}

describe(`the oldest Node that imgmgr promises to run on, ${OLDEST},`, () => {
  it('starts it, and plans an image for the local cloud', async (context) => {
    const node = await oldestNode(context);
    expect((await run(node, ['--version'])).stdout).toBe(`v${OLDEST}`);
    expect((await run(node, [LAUNCHER, '--version'])).stdout).toBe(manifest.version);
    const images = join(folder.path(), 'images');
    await mkdir(images);
    await writeFile(join(folder.path(), 'disk.raw'), Buffer.alloc(1024 * 1024));
    await writeFile(
      join(images, 'a.yml'),
      `images:
  - name: A
    format: raw
    login: user
    min_disk: 1
    min_ram: 64
    multi: false
    status: active
    visibility: private
    separator: ' '
    meta: {architecture: x86_64, os_distro: debian, os_version: '1'}
    tags: []
    versions: [{version: '1', url: 'file:${join(folder.path(), 'disk.raw')}'}]
`,
    );
    const env = {IMGMGR_LOCAL: join(folder.path(), 'local'), XDG_STATE_HOME: join(folder.path(), 'state')};
    const dryRun = await run(node, [LAUNCHER, 'dry-run', '--cloud', 'local', '--images', images], env);
    expect([dryRun.exitCode, dryRun.all]).toEqual([3, expect.stringMatching(/import +A \(1\)/)]);
  });

  it('passes fast tests of what depends on it', async (context) => {
    const node = await oldestNode(context);
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const {exitCode, all} = await run(node, [vitest, 'run', '--maxWorkers', '1', '--no-isolate', ...TESTS]);
    expect(all).toContain(`${TESTS.length} passed`);
    expect(exitCode).toBe(0);
  });
});

describe('a Node that is too old', () => {
  it.each([
    ['22.14.9', false],
    ['20.19.0', false],
    [OLDEST, true],
    ['23.0.0', true],
  ])('%s runs imgmgr: %s', async (version, runs) => {
    const pretend = `Object.defineProperty(process, 'versions', {value: {...process.versions, node: '${version}'}})`;
    const {exitCode, all} = await run(process.execPath, [
      '--import',
      `data:text/javascript,${encodeURIComponent(pretend)}`,
      LAUNCHER,
      '--version',
    ]);
    expect([exitCode, all]).toEqual(
      runs ? [0, manifest.version] : [2, `imgmgr: needs Node.js 22.15 or newer, this is ${version}`],
    );
  });
});
