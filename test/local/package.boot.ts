import {chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {spawnSync} from 'node:child_process';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest} from './guests.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const NOBODY = 65_534;
const withQemu = hasQemu('that the package builds, boots and publishes on an ordinary user’s machine');
const withMan = hasMan();
const isRoot = process.getuid?.() === 0;

let folder = '';
let home = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-package-'));
  await chmod(folder, 0o755);
  home = join(folder, 'home');
  await mkdir(home);
  if (isRoot) await chown(home, NOBODY, NOBODY);
  // The folder of this checkout may be closed to other users.
  await mkdir(join(folder, 'node'));
  await copyFile(process.execPath, join(folder, 'node/node'));
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {cwd: ROOT});
  // No registry: the package needs no other.
  await execa('npm', ['install', '--global', '--offline', '--prefix', join(folder, 'prefix'), await packed()], {
    cwd: folder,
    env: {npm_config_cache: join(folder, 'cache')},
  });
}, 120_000);
afterAll(() => rm(folder, {recursive: true, force: true}));

async function packed(): Promise<string> {
  const {version} = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {version: string};
  return join(folder, `imgmgr-${version}.tgz`);
}

/** Runs the installed program as an ordinary user in an empty folder. */
async function imgmgr(...args: readonly string[]) {
  return execa('imgmgr', args, {
    cwd: home,
    reject: false,
    ...(isRoot && {uid: NOBODY, gid: NOBODY}),
    env: {PATH: [join(folder, 'node'), join(folder, 'prefix/bin'), '/usr/bin', '/bin'].join(delimiter), HOME: home},
    extendEnv: false,
  });
}

describe('the npm package, installed for all users without a registry', () => {
  it('has what it needs, with the licenses of what is in it, and nothing of the tests', async () => {
    const {stdout} = await execa('tar', ['-tzf', await packed()]);
    const names = stdout.split('\n');
    for (const name of [
      'dist/bin/imgmgr.js',
      'dist/LICENSES.txt',
      'dist/agent/LICENSES.txt',
      'dist/agent/imgmgr-agent-x86_64',
      'dist/agent/imgmgr-agent-aarch64',
      'dist/agent/imgmgr-confine-x86_64',
      'dist/completions/imgmgr.bash',
      'dist/man/man1/imgmgr.1',
      'elements/agent-install/README.rst',
      'images/debian.yml',
      'proto/imgmgr/verify/v1/verify.proto',
      'LICENSE',
    ])
      expect(names).toContain(`package/${name}`);
    expect(names.filter((name) => /^package\/(test|src|node_modules|\.cache|\.ci)\//.test(name))).toEqual([]);
    const program = await stat(join(folder, 'prefix/bin/imgmgr'));
    expect(program.mode & 0o111).toBe(0o111);
    const licenses = async (path: string): Promise<string> => readFile(join(ROOT, 'dist', path), 'utf8');
    for (const name of ['axios', 'commander', 'zod']) expect(await licenses('LICENSES.txt')).toMatch(named(name));
    for (const name of ['Go', 'google.golang.org/grpc', 'github.com/landlock-lsm/go-landlock'])
      expect(await licenses('agent/LICENSES.txt')).toMatch(named(name));
  });

  it('starts, and checks the catalogue that came along', async () => {
    expect((await imgmgr('--version')).stdout).toMatch(/^\d+\.\d+\.\d+$/);
    const catalogue = join(folder, 'prefix/lib/node_modules/imgmgr/images');
    const validated = await imgmgr('validate', '-q', catalogue);
    expect([validated.exitCode, validated.stderr]).toEqual([0, '']);
  });

  it.skipIf(!withMan)('has manual pages where man looks for those of other programs', async () => {
    const MANPATH = join(folder, 'prefix/share/man');
    const read = async (...args: readonly string[]): Promise<string> =>
      (await execa('man', args, {env: {MANPATH, LC_ALL: 'C.UTF-8', MANWIDTH: '100'}})).stdout;
    expect(await read('imgmgr')).toContain('EXIT STATUS');
    expect(await read('imgmgr-dry-run')).toContain('imgmgr dry-run --cloud admin');
  });

  it('completes its commands in bash', async () => {
    const script = join(folder, 'prefix/lib/node_modules/imgmgr/dist/completions/imgmgr.bash');
    const typed =
      'COMP_LINE="imgmgr vali" COMP_POINT=11 COMP_WORDS=(imgmgr vali) COMP_CWORD=1; _imgmgr; echo "${COMPREPLY[@]}"';
    expect((await execa('bash', ['-c', `source "$0" && ${typed}`, script])).stdout).toBe('validate');
    expect((await imgmgr('completion', 'bash')).stdout).toBe((await readFile(script, 'utf8')).trimEnd());
    expect((await imgmgr('completion', '--names', 'clouds')).stdout).toBe('local');
  });

  it.skipIf(!withQemu)('imports, boots, judges and publishes an image on the cloud local, once', async (context) => {
    const guest = await buildGuest({guest: 'tiny-root-guest', out: join(folder, 'guest.qcow2')});
    if (guest === undefined) return context.skip('there is no guest to boot');
    await chmod(guest, 0o644);
    const images = join(folder, 'images.yml');
    const example = await readFile(join(ROOT, 'examples/local/tiny-guest-1.yml'), 'utf8');
    await writeFile(images, example.replace(/url: .*/, `url: file:${guest}`).replace(/\n *checksums_url: .*/, ''));
    const first = await imgmgr('manage', '--cloud', 'local', '--images', images, '--json');
    const verdict = lines(first.stdout).find(({type}) => type === 'verdict');
    expect([first.exitCode, verdict]).toMatchObject([0, {verdict: {kind: 'pass'}}]);
    const again = await imgmgr('manage', '--cloud', 'local', '--images', images, '--json');
    expect([again.exitCode, lines(again.stdout).filter(({type}) => type === 'action-done')]).toEqual([0, []]);
  });
});

/** Says so where there is no man-db; a small system may have a stand-in of that name. */
function hasMan(): boolean {
  const isThere = spawnSync('lexgrog', ['--version']).error === undefined;
  if (!isThere)
    process.stderr.write('not tested, since man-db is not installed: that man finds the pages of the package\n');
  return isThere;
}

function named(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('.', '\\.')} v?`, 'm');
}

function lines(stdout: string): readonly {readonly type: string}[] {
  return stdout.split('\n').map((line) => JSON.parse(line) as {readonly type: string});
}
