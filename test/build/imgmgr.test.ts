import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {hindrance, leftovers} from './support/host.ts';
import {CLI} from './support/programs.ts';

const FAKE = fileURLToPath(new URL('../fakes/disk-image-create/disk-image-create', import.meta.url));

interface Line {
  readonly type: string;
  readonly action?: {readonly kind: string; readonly version?: string};
  readonly error?: {readonly code: string; readonly message: string; readonly hint?: string};
  readonly files?: readonly {readonly path: string; readonly format: string}[];
  readonly manifest?: string;
  readonly reused?: boolean;
  readonly version?: string;
  readonly lines?: readonly string[];
  readonly phase?: string;
  readonly message?: string;
}

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-build-test-'));
});
afterEach(async () => {
  await rm(dir, {recursive: true, force: true});
});

interface Setting {
  readonly packages?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The element `motd` of a folder beside the definitions, too. */
  readonly motd?: boolean;
}

async function define(build: Setting = {}) {
  const {packages = [], environment = {}, motd = false} = build;
  const file = join(dir, 'images.yml');
  await writeFile(
    file,
    `images:
  - name: Fake Debian
    format: qcow2
    login: debian
    min_disk: 1
    min_ram: 128
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, replace_frequency: monthly, uuid_validity: last-3}
    build:
      elements: [debian-minimal, vm, block-device-mbr${motd ? ', motd' : ''}]${motd ? '\n      elements_path: elements' : ''}
      release: bookworm
      formats: [qcow2, raw]
      packages: ${JSON.stringify(packages)}
      environment: ${JSON.stringify(environment)}
`,
  );
  return file;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(process.execPath, [CLI, ...args, '--json', '--images', join(dir, 'images.yml')], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      XDG_STATE_HOME: join(dir, 'state'),
      IMGMGR_LOCAL: join(dir, 'local'),
      IMGMGR_BUILD_DIR: join(dir, 'root'),
      IMGMGR_DIB: FAKE,
      ...env,
    },
  });
}

async function imgmgr(...args: readonly string[]) {
  const {exitCode, stdout, stderr} = await start(args);
  const lines = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
  return {
    exitCode,
    stderr,
    lines,
    done: lines.flatMap(({type, action}) =>
      type === 'action-done' ? [`${action?.kind ?? ''} ${action?.version ?? ''}`] : [],
    ),
    builds: lines.filter(({type}) => type === 'built').length,
    artifact: lines.find(({type}) => type === 'artifact'),
    warnings: lines.flatMap(({type, message}) => (type === 'warning' ? [message] : [])),
    errors: lines.flatMap(({error}) => (error ? [error] : [])),
  };
}

const MANAGE = ['manage', '--cloud', 'local', '--no-verify'];
const today = (): string => new Date().toISOString().slice(0, 10).replaceAll('-', '');

describe.skipIf(hindrance() !== undefined)('imgmgr build', () => {
  it('builds, says where the files are, and does not build the same again', async () => {
    await define();
    const first = await imgmgr('build');
    expect([first.exitCode, first.builds, first.stderr]).toEqual([0, 1, '']);
    expect(first.artifact).toMatchObject({version: today(), reused: false});
    const path = first.artifact?.files?.find(({format}) => format === 'qcow2')?.path ?? '';
    const manifest = JSON.parse(await readFile(first.artifact?.manifest ?? '', 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({definition: 'Fake Debian', machine: 'x86_64'});
    expect(manifest['packages']).not.toEqual([]);
    expect(existsSync(path)).toBe(true);
    expect(leftovers(dir)).toEqual([]);

    const second = await imgmgr('build');
    expect(second).toMatchObject({exitCode: 0, builds: 0, artifact: {reused: true, files: first.artifact?.files}});
    const third = await imgmgr('build', '--rebuild');
    expect(third).toMatchObject({exitCode: 0, builds: 1, artifact: {version: `${today()}.1`}});
  });

  it('tells once what could be better in an element of ours, and refuses what would not run', async () => {
    const hook = join(dir, 'elements/motd/install.d/50-motd');
    await mkdir(dirname(hook), {recursive: true});
    await writeFile(hook, '#!/bin/bash\nset -euo pipefail\n', {mode: 0o755});
    await define({motd: true});
    const built = await imgmgr('build');
    expect([built.exitCode, built.builds]).toEqual([0, 1]);
    expect(built.warnings).toEqual([expect.stringMatching(/^element motd: there is no README\.rst \(.*motd\/\.\)/)]);
    await chmod(hook, 0o644);
    const refused = await imgmgr('build');
    expect([refused.exitCode, refused.builds, refused.errors[0]?.code]).toEqual([2, 0, 'DEFINITION']);
  });

  it('never takes away what it has just named, whatever else was built that day', async () => {
    const versions: (string | undefined)[] = [];
    for (const [packages, keep] of [
      [[], 1],
      [['curl'], 2],
      [[], 1],
      [['less'], 1],
      [[], 1],
    ] as const) {
      await define({packages});
      const {exitCode, artifact, errors} = await imgmgr('build', '--keep-artifacts', String(keep));
      expect([exitCode, errors]).toEqual([0, []]);
      expect(artifact?.files?.map(({path}) => existsSync(path))).toEqual([true, true]);
      versions.push(`${artifact?.version ?? ''}${artifact?.reused === true ? ' again' : ''}`);
    }
    const day = today();
    expect(versions).toEqual([day, `${day}.1`, `${day} again`, `${day}.2`, `${day}.3`]);
  });

  it('builds without a cache where that cannot be written to, and says so', async () => {
    const cache = join(dir, 'state/imgmgr/build-cache');
    await mkdir(cache, {recursive: true});
    await execa('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', cache]);
    try {
      await define();
      const {exitCode, builds, warnings} = await imgmgr('build');
      expect([exitCode, builds]).toEqual([0, 1]);
      expect(warnings).toEqual([expect.stringContaining(`the cache ${cache} cannot be used`) as string]);
    } finally {
      await execa('umount', [cache]);
    }
    expect(leftovers(dir)).toEqual([]);
  });

  it('copies image and manifest where they are wanted, and compares two manifests', async () => {
    const out = join(dir, 'out');
    await define();
    const first = await imgmgr('build', '--output', out);
    expect(readdirSync(out).sort()).toEqual([
      `fake-debian-${today()}.manifest.json`,
      `fake-debian-${today()}.qcow2`,
      `fake-debian-${today()}.raw`,
    ]);
    const small = join(dir, 'small');
    const converted = await imgmgr('build', '--output', small, '--convert', 'qcow2', '--compress');
    expect([converted.exitCode, converted.builds]).toEqual([0, 0]);
    expect(converted.artifact?.files?.map(({format}) => format)).toEqual(['qcow2']);
    expect(readdirSync(small).sort()).toEqual([`fake-debian-${today()}.manifest.json`, `fake-debian-${today()}.qcow2`]);
    await define({packages: ['curl']});
    const second = await imgmgr('build', '--output', out);
    expect(second.artifact).toMatchObject({version: `${today()}.1`, reused: false});
    const same = await imgmgr('build', '--diff', first.artifact?.manifest ?? '', first.artifact?.manifest ?? '');
    expect(same.lines.find(({type}) => type === 'difference')?.lines).toEqual(['no difference']);
    const other = await imgmgr('build', '--diff', first.artifact?.manifest ?? '', second.artifact?.manifest ?? '');
    expect(other.exitCode).toBe(0);
    expect(other.lines.find(({type}) => type === 'difference')?.lines).not.toEqual(['no difference']);
    const broken = await imgmgr('build', '--diff', join(dir, 'images.yml'), second.artifact?.manifest ?? '');
    expect([broken.exitCode, broken.errors[0]?.code]).toEqual([2, 'USAGE']);
  });

  it('tells the phase and the end of the log of a build that fails, and leaves nothing of it', async () => {
    await define({environment: {DIB_FAKE_FAIL: 'install.d', DIB_FAKE_SAYS: 'E: Unable to locate package curll'}});
    const {exitCode, errors, stderr} = await imgmgr('build');
    expect([exitCode, stderr]).toEqual([1, '']);
    expect(errors).toMatchObject([
      {
        code: 'BUILD_FAILED',
        message: 'diskimage-builder failed in phase install.d (exit code 1)',
        hint: expect.stringContaining('E: Unable to locate package curll') as string,
      },
    ]);
    const log = readdirSync(join(dir, 'state/imgmgr/build-logs'));
    expect(log).toHaveLength(1);
    expect(readFileSync(join(dir, 'state/imgmgr/build-logs', log[0] ?? ''), 'utf8')).toContain('curll');
    expect(leftovers(dir)).toEqual([]);
  });

  it('stops at Ctrl-C and leaves nothing; after kill -9 the next run does', async () => {
    const marker = join(dir, 'marker');
    await define({environment: {DIB_FAKE_STOP_AT: 'finalise.d', DIB_FAKE_MARKER: marker}});
    const stop = async (signal: 'SIGINT' | 'SIGKILL') => {
      const child = start(['build']);
      while (!existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 100));
      child.kill(signal);
      const {exitCode} = await child;
      await rm(marker, {force: true});
      return exitCode;
    };
    expect(await stop('SIGINT')).toBe(130);
    expect(leftovers(dir)).toEqual([]);
    await stop('SIGKILL');
    expect(leftovers(dir)).not.toEqual([]);
    await define({environment: {}});
    expect(await imgmgr('build')).toMatchObject({exitCode: 0, builds: 1});
    expect(leftovers(dir)).toEqual([]);
  });

  it('fails with what this host lacks, and says how to get it', async () => {
    await define();
    const {stdout, exitCode} = await start(['build'], {IMGMGR_DIB: join(dir, 'none')});
    expect(exitCode).toBe(1);
    expect(stdout).toContain('"code":"UNSUPPORTED"');
    expect(stdout).toContain('pip install diskimage-builder');
  });
});

describe.skipIf(hindrance() !== undefined)('imgmgr manage with a definition that is built', () => {
  it('builds and publishes, does nothing the second time, rotates when the packages change, and keeps no artifact', async () => {
    await define();
    const first = await imgmgr(...MANAGE);
    expect(first.errors).toEqual([]);
    expect(first).toMatchObject({exitCode: 0, done: [`acquire ${today()}`, `publish ${today()}`]});
    expect(
      readdirSync(join(dir, 'state/imgmgr/artifacts')).flatMap((name) =>
        readdirSync(join(dir, 'state/imgmgr/artifacts', name)),
      ),
    ).toEqual([]);
    expect(await imgmgr(...MANAGE)).toMatchObject({exitCode: 0, done: [], builds: 0});
    await define({packages: ['curl']});
    const dry = await imgmgr('dry-run', '--cloud', 'local', '--no-verify');
    expect([dry.exitCode, dry.builds]).toEqual([3, 0]);
    expect(await imgmgr(...MANAGE)).toMatchObject({
      exitCode: 0,
      done: [`acquire ${today()}.1`, `publish ${today()}.1`, `retire ${today()}`],
    });
    expect(leftovers(dir)).toEqual([]);
  });

  it('leaves builds out when told to, with the live image as it is', async () => {
    await define();
    await imgmgr(...MANAGE);
    await define({packages: ['curl']});
    expect(await imgmgr(...MANAGE, '--no-build')).toMatchObject({exitCode: 0, done: [], builds: 0});
  });

  it('takes the build of a run that was killed before its upload, instead of building again', async () => {
    await define();
    const built = await imgmgr('build');
    expect(built.builds).toBe(1);
    expect(await imgmgr(...MANAGE)).toMatchObject({
      exitCode: 0,
      builds: 0,
      done: [`acquire ${today()}`, `publish ${today()}`],
    });
  });
});
