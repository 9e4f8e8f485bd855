import {chmod, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;
const BASE = 'localhost/imgmgr-test/base';
const BUILT = '/usr/local/lib/node_modules/imgmgr/images/built.yml';
/** 16 MiB without content; what it is made of does not matter where nothing boots it. */
const DEFINITION = (await readFile(join(ROOT, 'examples/local/tiny-guest-1.yml'), 'utf8'))
  .replace(/url: .*/, 'url: file:/srv/disk.qcow2')
  .replace(/\n *checksums_url: .*/, '');

const isRoot = process.getuid?.() === 0;
const isFull = process.env['FULL'] === '1' && isRoot;
if (!isFull) process.stderr.write('not tested without FULL=1 and root: that the container images are built and run\n');

let folder = '';
const containers: string[] = [];

beforeAll(async () => {
  if (!isFull) return;
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-container-'));
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/images"\nrunroot = "${folder}/run"\n`;
  await writeFile(join(folder, 'storage.conf'), storage);
  // A base without Node, made where no registry of containers is reached.
  const mirror = await debianMirror();
  await execa('debootstrap', ['--variant=minbase', 'bookworm', join(folder, 'base'), mirror]);
  await execa('tar', ['-cf', join(folder, 'base.tar'), '-C', join(folder, 'base'), '.']);
  await run('podman', 'import', '--quiet', join(folder, 'base.tar'), BASE);
  for (const target of ['slim', 'diskimage-builder'])
    await run(
      join(ROOT, 'deploy/container/build'),
      ...['--build-arg', `BASE=${BASE}`, '--target', target, '--tag', `imgmgr-test/${target}`],
    );
}, 900_000);
afterAll(async () => {
  if (!isFull) return;
  for (const container of containers) await run('buildah', 'rm', container);
  await run('podman', 'rmi', '--all', '--force');
  await execa('umount', [join(folder, 'images/overlay')], {reject: false});
  await rm(folder, {recursive: true, force: true});
});

/** Without cgroups and namespaces, which machines for tests often lack. */
async function run(program: string, ...args: readonly string[]) {
  return execa(program, args, {
    env: {
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      BUILDAH_ISOLATION: 'chroot',
      // dist/ is there.
      npm_config_ignore_scripts: 'true',
      PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    },
  });
}

async function debianMirror(): Promise<string> {
  const {stdout} = await execa('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)']);
  return /^bookworm (\S+)$/m.exec(stdout)?.[1] ?? 'https://deb.debian.org/debian';
}

/** A container of the image, and what runs commands in it as its user. */
async function containerOf(target: string) {
  const container = (await run('buildah', 'from', `imgmgr-test/${target}`)).stdout.trim();
  containers.push(container);
  return {
    container,
    inside: async (...command: readonly string[]) =>
      execa('buildah', ['run', '--isolation', 'chroot', container, '--', ...command], {
        env: {CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf')},
        reject: false,
      }),
  };
}

describe.skipIf(!isFull)('the container image slim', () => {
  it('starts imgmgr as the ordinary user that the CronJob names', async () => {
    const {stdout} = await run('podman', 'inspect', 'imgmgr-test/slim', '--format', '{{json .Config}}');
    const cronJob = await readFile(join(ROOT, 'deploy/kubernetes/cronjob.yaml'), 'utf8');
    const [user = '?', group = '?'] = ['runAsUser', 'runAsGroup'].map(
      (key) => new RegExp(`${key}: (\\d{2,})`).exec(cronJob)?.[1],
    );
    expect(JSON.parse(stdout)).toMatchObject({User: `${user}:${group}`, Entrypoint: ['imgmgr']});
    const {inside} = await containerOf('slim');
    expect((await inside('id', '-u')).stdout).toBe(user);
  });

  it('has a Node that is new enough, though its base has none', async () => {
    const {inside} = await containerOf('slim');
    const {version} = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {version: string};
    expect(await inside('imgmgr', '--version')).toMatchObject({exitCode: 0, stdout: version, stderr: ''});
  });

  it('plans, imports and converts a local file for the cloud local, and then has nothing to do', async () => {
    const {container, inside} = await containerOf('slim');
    const disk = join(folder, 'disk.qcow2');
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '16M']);
    await writeFile(join(folder, 'images.yml'), DEFINITION);
    for (const name of ['disk.qcow2', 'images.yml']) {
      await chmod(join(folder, name), 0o644);
      await run('buildah', 'copy', container, join(folder, name), `/srv/${name}`);
    }
    const flags = ['--cloud', 'local', '--images', '/srv/images.yml', '--no-verify', '--convert', 'raw'];
    const planned = await inside('imgmgr', 'manage', '--dry-run', ...flags);
    expect([planned.exitCode, planned.stdout]).toEqual([3, expect.stringMatching(/import.*Tiny Guest/i)]);
    const done = await inside('imgmgr', 'manage', ...flags);
    expect([done.exitCode, done.stderr]).toEqual([0, expect.stringContaining('imported: 1')]);
    const again = await inside('imgmgr', 'manage', ...flags);
    expect([again.exitCode, again.stderr]).toEqual([0, expect.stringContaining('imported: 0')]);
    expect(again.stderr).toContain('unchanged: 1');
  });
});

describe.skipIf(!isFull)('the container image diskimage-builder', () => {
  it('has all tools that a Debian image is built with, and is root for it', async () => {
    const {inside} = await containerOf('diskimage-builder');
    expect((await inside('id', '-u')).stdout).toBe('0');
    const flags = ['--images', BUILT, '--force', '--filter', 'Built Debian 12$', '--output', '/tmp', '--json'];
    const built = await inside('imgmgr', 'build', ...flags);
    // Isolated by chroot alone the container may make no devices, so debootstrap ends it; a host that lacks something is refused before.
    expect(built.stdout).toContain('"phase":"root.d"');
    expect(built.stdout).toContain('BUILD_FAILED');
    expect(built.stdout).not.toContain('UNSUPPORTED');
  }, 600_000);
});
