import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {fakeIo} from './fake-io.ts';
import {withoutVerification} from './operator.ts';
import type {FakeIo} from './fake-io.ts';
import {run} from '../../src/run.ts';
import {VERSION} from '../../src/version.ts';

const BYTES = Buffer.alloc(64 * 1024, 'imgmgr');
const DIGEST = createHash('sha256').update(BYTES).digest('hex');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-cli-'));
  await writeFile(join(folder, 'disk.raw'), BYTES);
});
afterEach(async () => {
  await rm(folder, {recursive: true});
});

interface Ran {
  readonly code: number;
  readonly io: FakeIo;
}

/** Runs a command line with the local cloud in a folder of the test's own. */
async function imgmgr(...argv: readonly string[]): Promise<Ran> {
  const io = fakeIo();
  const code = await run(withoutVerification(argv), io, {
    HOME: folder,
    PATH: process.env['PATH'],
    IMGMGR_LOCAL: join(folder, 'local'),
    XDG_STATE_HOME: join(folder, 'state'),
  });
  return {code, io};
}

async function define(text: string): Promise<string> {
  const path = join(folder, 'images.yml');
  await writeFile(path, text);
  return path;
}

function definition({name = 'Test', versions = ['1'], enable = true, checksum = DIGEST} = {}): string {
  const listed = versions.map(
    (version) => `
      - version: '${version}'
        url: file:disk.raw
        checksum: sha256:${checksum}
        build_date: 2026-01-01`,
  );
  return `
  - name: ${name}
    enable: ${enable}
    format: raw
    login: debian
    min_disk: 0
    min_ram: 0
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, hw_disk_bus: scsi,
           hypervisor_type: qemu, replace_frequency: monthly, uuid_validity: last-1, provided_until: none}
    versions:${listed.join('')}
`;
}

it('stamps every line of JSON: one run, rising numbers, and the action that the line belongs to', async () => {
  const images = await define(`images:${definition()}`);
  const {io} = await imgmgr('manage', '--cloud', 'local', '--images', images, '--json', '--debug');
  const lines = io
    .out()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as {type: string; run: string; seq: number; action?: {id: string; kind?: string}});
  expect(new Set(lines.map(({run: id}) => id)).size).toBe(1);
  const [first, ...others] = lines;
  expect(first).toMatchObject({type: 'starting', seq: 1});
  const seqs = others.map(({seq}) => seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  const done = lines.filter(({type}) => type === 'action-done').map(({action}) => action);
  expect(done).toMatchObject([
    {id: 'acquire 1', kind: 'acquire'},
    {id: 'publish 1', kind: 'publish'},
  ]);
  expect(lines.find(({type}) => type === 'planned')).toMatchObject({
    actions: [{id: 'acquire 1'}, {id: 'publish 1'}],
  });
});

describe('without a command', () => {
  it('prints a short help for imgmgr alone', async () => {
    const {code, io} = await imgmgr();
    expect(code).toBe(0);
    expect(io.out()).toContain('imgmgr manage --cloud NAME');
    expect(io.err()).toBe('');
  });

  it.each(['--version', '-V'])('prints the version for %s', async (flag) => {
    const {code, io} = await imgmgr(flag);
    expect([code, io.out(), io.err()]).toEqual([0, `${VERSION}\n`, '']);
  });

  it('prints the version also among other flags', async () => {
    const {code, io} = await imgmgr('-q', '--version');
    expect([code, io.out()]).toEqual([0, `${VERSION}\n`]);
  });

  it('prints help on the exit codes', async () => {
    const {code, io} = await imgmgr('help', 'exit-codes');
    expect(code).toBe(0);
    expect(io.out()).toMatch(/ 75 {2}temporary/);
    expect(io.out()).toContain('130, 143, 2, 4, 5, 1, 75, 3, 0');
  });

  it('prints the same help on a command either way', async () => {
    const behind = await imgmgr('hide', '--help');
    const before = await imgmgr('help', 'hide');
    expect(behind.code).toBe(0);
    expect(before.io.out()).toBe(behind.io.out());
    expect(before.io.out()).toContain('--cloud <name>');
  });

  it('prints every flag of a command either way', async () => {
    const behind = await imgmgr('hide', '--help-all');
    const before = await imgmgr('help', 'hide', '--help-all');
    expect(behind.code).toBe(0);
    expect(before.io.out()).toBe(behind.io.out());
    expect(before.io.out()).toContain('--debug');
  });

  it('U5: the help on a command begins with its examples, either way', async () => {
    for (const argv of [
      ['help', 'manage'],
      ['manage', '--help'],
    ])
      expect((await imgmgr(...argv)).io.out()).toMatch(/^Examples:\n {2}imgmgr manage --cloud admin\n/);
  });

  it('U5: the help names the topics that there is help on', async () => {
    const {io} = await imgmgr('--help');
    const topics = [...io.out().matchAll(/^ {2}imgmgr help (\S+)/gm)].map(([, topic = '']) => topic);
    expect(topics.length).toBeGreaterThan(1);
    for (const topic of topics) expect((await imgmgr('help', topic)).code).toBe(0);
  });

  it('tells what is wrong with the value, then what to do, and exits 2', async () => {
    const {code, io} = await imgmgr('manage', '--latets');
    expect([code, io.out()]).toEqual([2, '']);
    expect(io.err()).toBe("imgmgr: unknown option '--latets'\n  hint: did you mean --latest?\n");
  });

  it('shows a stack only with --debug', async () => {
    expect((await imgmgr('manage', '--latets')).io.err()).not.toContain('program.ts');
    expect((await imgmgr('manage', '--latets', '--debug')).io.err()).toContain('program.ts');
  });
});

describe('manage on the local cloud', () => {
  it('imports, then has nothing to do, then rotates and deletes when told', async () => {
    const images = await define(`images:${definition()}`);
    const local = ['--cloud', 'local', '--images', images];

    const first = await imgmgr('manage', ...local);
    expect(first.code).toBe(0);
    expect(first.io.err()).toContain('| INFO     | Importing image Test (1)\n');
    expect(first.io.err()).not.toContain('not verified');
    expect(first.io.err()).toMatch(/imported: 1, updated: 0, .*\n$/);

    const second = await imgmgr('manage', ...local);
    expect(second.io.err()).toMatch(
      /imported: 0, updated: 0, retired: 0, deleted: 0, unchanged: 1, quarantined: 0, failed: 0, pending: 0 .*\n$/,
    );

    await define(`images:${definition({versions: ['2']})}`);
    const third = await imgmgr('manage', '--no-verify', ...local);
    expect(third.io.err()).toMatch(/imported: 1, updated: 0, retired: 1, .*\n$/);
    expect(third.io.err()).not.toContain('not verified');

    const asked = await imgmgr('delete', ...local);
    expect(asked.code).toBe(0);
    expect(asked.io.out()).toMatch(/^local: 1 image to delete\n {2}[0-9a-f-]{36} {2}Test \(1\)/);

    const deleted = await imgmgr('delete', '--yes', ...local);
    expect(deleted.code).toBe(0);
    expect(deleted.io.err()).toMatch(/deleted: 1, .*\n$/);
  });

  it('says with the first line, before anything is read, what it is', async () => {
    const {io} = await imgmgr('manage', '--cloud', 'local', '--images', join(folder, 'nothing'));
    expect(io.err().split('\n')[0]).toBe(`2026-01-31 16:44:45 | INFO     | imgmgr ${VERSION}: manage`);
  });

  it('prints nothing at all with -q when all is well', async () => {
    const images = await define(`images:${definition()}`);
    const {code, io} = await imgmgr('manage', '-q', '--no-verify', '--cloud', 'local', '--images', images);
    expect([code, io.out(), io.err()]).toEqual([0, '', '']);
  });

  it('fails one image alone: the other is imported, the exit code is 1', async () => {
    const bad = definition({name: 'Bad', checksum: 'ab'.repeat(32)});
    const images = await define(`images:${definition()}${bad}`);
    const {code, io} = await imgmgr('manage', '--cloud', 'local', '--images', images);
    expect(code).toBe(1);
    expect(io.err()).toMatch(/ERROR {4}\| .*Bad/);
    expect(io.err()).toMatch(/imported: 1, .*failed: 1, .*\n$/);
  });

  it('lists all errors of the definitions with their places, does nothing, and exits 2', async () => {
    const images = await define(`images:${definition()}${definition({name: 'Test'})}  - nmae: X\n`);
    const {code, io} = await imgmgr('manage', '--cloud', 'local', '--images', images);
    expect(code).toBe(2);
    expect(io.err()).toContain('problems were found');
    expect(io.err()).toMatch(/images\.yml:\d+:\d+: .*nmae/);
    expect(io.err()).toMatch(/images\.yml:\d+:\d+: .*Test/);
    expect(await readdir(folder)).not.toContain('local');
  });

  it('warns when nothing is enabled', async () => {
    const images = await define(`images:${definition({enable: false})}`);
    const {code, io} = await imgmgr('manage', '--cloud', 'local', '--images', images);
    expect(code).toBe(0);
    expect(io.err()).toContain('1 definition is disabled, and no other was selected: nothing to do');
  });

  it('refuses a filter that matches nothing, with the nearest names', async () => {
    const images = await define(`images:${definition({name: 'AlmaLinux 9'})}`);
    const {code, io} = await imgmgr('manage', '--cloud', 'local', '--images', images, '--filter', 'AlmaLinx');
    expect(code).toBe(2);
    expect(io.err()).toContain('hint: nearest names: AlmaLinux 9');
  });
});

describe('dry-run on the local cloud', () => {
  it('answers with the plan on stdout, exits 3, and makes no file or folder', async () => {
    const images = await define(`images:${definition()}`);
    const before = await readdir(folder);
    const {code, io} = await imgmgr('dry-run', '--cloud', 'local', '--images', images);
    expect(code).toBe(3);
    expect(io.out()).toMatch(
      /^local: 2 actions, 0 unchanged\n {2}takes 1 image to transfer .*\n {2}import {5}Test \(1\)/,
    );
    expect(await readdir(folder)).toEqual(before);
  });

  it('exits 0 when there is nothing to do', async () => {
    const images = await define(`images:${definition()}`);
    await imgmgr('manage', '--cloud', 'local', '--images', images);
    const {code, io} = await imgmgr(
      ...['manage', '--dry-run', '--cloud', 'local', '--images', images, '--profile', 'openstack', '--quiet'],
    );
    expect(code).toBe(0);
    expect(io.out()).toBe('local: 0 actions, 1 unchanged\n  unchanged  Test\n');
  });

  it('is a JUnit failure per pending image', async () => {
    const images = await define(`images:${definition()}`);
    const {code, io} = await imgmgr('dry-run', '--format', 'junit', '--cloud', 'local', '--images', images);
    expect(code).toBe(3);
    expect(io.out()).toContain('<testcase classname="local" name="Test (1)"');
    expect(io.out()).toContain('<failure type="PENDING"');
  });
});

describe('import of one image into the local cloud', () => {
  it('takes a file, and finds it there the second time', async () => {
    const file = join(folder, 'disk.raw');
    const first = await imgmgr('import', file, '--cloud', 'local', '--checksum', DIGEST);
    expect(first.code).toBe(0);
    expect(first.io.err()).toMatch(/imported: 1, .*\n$/);
    const second = await imgmgr('import', file, '--cloud', 'local', '--checksum', DIGEST);
    expect(second.io.err()).toMatch(/imported: 0, .*unchanged: 1, .*\n$/);
  });

  it('takes stdin', async () => {
    const io = fakeIo();
    io.input.end(BYTES);
    const argv = ['import', '-', '--name', 'Piped', '--disk-format', 'raw', '--cloud', 'local'];
    expect(await run(withoutVerification(argv), io, {HOME: folder, IMGMGR_LOCAL: join(folder, 'local')})).toBe(0);
    expect(io.err()).toMatch(/imported: 1, .*\n$/);
  });

  it('refuses bytes that are not the demanded ones and leaves nothing visible', async () => {
    const {code, io} = await imgmgr(
      'import',
      join(folder, 'disk.raw'),
      '--cloud',
      'local',
      '--checksum',
      'ab'.repeat(32),
    );
    expect(code).toBe(1);
    expect(io.err()).toContain(DIGEST.slice(0, 8));
    expect(await readdir(join(folder, 'local', 'images'))).toEqual([]);
  });

  it('does not read stdin for two clouds', async () => {
    await mkdir(join(folder, '.config', 'openstack'), {recursive: true});
    const auth = 'auth: {auth_url: "http://127.0.0.1:9", username: u, password: p, project_name: p, domain_name: d}';
    await writeFile(join(folder, '.config', 'openstack', 'clouds.yaml'), `clouds: {other: {${auth}}}\n`);
    const argv = ['import', '-', '--name', 'P', '--disk-format', 'raw', '--cloud', 'local', '--cloud', 'other'];
    const {code, io} = await imgmgr(...argv);
    expect(code).toBe(2);
    expect(io.err()).toContain('stdin can be read once, but 2 clouds are named');
  });
});

describe('--json', () => {
  it('is one object a line on stdout, from the first event to the exit code', async () => {
    const images = await define(`images:${definition()}`);
    const {io} = await imgmgr('manage', '--json', '--cloud', 'local', '--images', images);
    const lines = io
      .out()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({schema: 1, type: 'starting', command: 'manage'});
    expect(lines.at(-1)).toMatchObject({schema: 1, type: 'finished', exitCode: 0, counts: {imported: 1}});
    expect(io.err()).toBe('');
  });

  it('tells what ended the run on stderr too', async () => {
    const {code, io} = await imgmgr('manage', '--json', '--cloud', 'local', '--images', join(folder, 'nothing'));
    expect(code).toBe(2);
    expect(io.out()).toContain('"type":"run-failed"');
    expect(io.err()).toContain('imgmgr: cannot read image definitions');
  });
});

describe('U1: disabled definitions', () => {
  it.each([
    ['manage', []],
    ['dry-run', []],
    ['hide', []],
    ['delete', []],
    ['verify', ['--verify-cloud', 'local']],
  ])('%s says in one line how many are left out, and names --force', async (command, flags) => {
    const images = await define(`images:${definition()}${definition({name: 'Old', enable: false})}`);
    const {io} = await imgmgr(command, ...flags, '--cloud', 'local', '--images', images);
    expect(io.err()).toContain('| INFO     | Left out: 1 definition is disabled (add --force)\n');
    const json = await imgmgr(command, ...flags, '--cloud', 'local', '--images', images, '--json');
    expect(json.io.out()).toMatch(/"type":"started".*"disabled":1/);
  });

  it.each(['manage', 'dry-run', 'hide', 'delete', 'verify'])('%s over nothing else warns, exit 0', async (command) => {
    const images = await define(`images:${definition({enable: false})}`);
    const {code, io} = await imgmgr(command, '--cloud', 'local', '--images', images);
    expect(code).toBe(0);
    expect(io.err()).toContain('1 definition is disabled, and no other was selected: nothing to do');
    expect(io.err()).toContain('hint: add --force');
    expect(io.err()).not.toContain('Left out');
  });

  it('build of a disabled one alone says so, exit 2', async () => {
    const build = definition({name: 'Old', enable: false}).replace(
      / {4}versions:[^]*$/,
      '    build: {elements: [vm]}\n',
    );
    const images = await define(`images:${definition()}${build}`);
    const {code, io} = await imgmgr('build', '--images', images);
    expect([code, io.err()]).toMatchObject([
      2,
      expect.stringContaining('1 definition is disabled, and no other selected one'),
    ]);
    expect(io.err()).toContain('hint: add --force');
  });

  it('nothing is said where --force includes them', async () => {
    const images = await define(`images:${definition()}${definition({name: 'Old', enable: false})}`);
    const {io} = await imgmgr('dry-run', '--force', '--cloud', 'local', '--images', images);
    expect(io.err()).not.toContain('disabled');
  });
});

describe('U3: the answer is on stdout, in every format', () => {
  it('import prints the id of the image, also with -q', async () => {
    const {code, io} = await imgmgr('import', join(folder, 'disk.raw'), '--cloud', 'local', '-q');
    expect([code, io.err()]).toEqual([0, '']);
    expect(io.out()).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(await readdir(join(folder, 'local', 'images'))).toContain(io.out().trim());
  });

  it('import prints no id of an image that is not there', async () => {
    const {code, io} = await imgmgr(
      'import',
      join(folder, 'disk.raw'),
      '--cloud',
      'local',
      '--checksum',
      'ab'.repeat(32),
    );
    expect([code, io.out()]).toEqual([1, '']);
  });

  it('import of what is there prints the id of that image, in every format and also with -q', async () => {
    const command = ['import', join(folder, 'disk.raw'), '--cloud', 'local', '--name', 'There'];
    const id = (await imgmgr(...command, '-q')).io.out().trim();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    for (const flags of [[], ['-q']]) {
      const again = await imgmgr(...command, ...flags);
      expect([again.code, again.io.out()]).toEqual([0, `${id}\n`]);
    }
    for (const flags of [['--json'], ['--json', '-q'], ['--format', 'junit']])
      expect((await imgmgr(...command, ...flags)).io.out()).toContain(id);
  });

  it('import of definitions prints the ids of those that are there and of those that were made', async () => {
    const images = await define(`images:${definition({name: 'A'})}`);
    const first = await imgmgr('import', '--cloud', 'local', '--images', images, '-q');
    await define(`images:${definition({name: 'A'})}${definition({name: 'B'})}`);
    const second = await imgmgr('import', '--cloud', 'local', '--images', images, '-q');
    expect(second.code).toBe(0);
    expect(second.io.out().split('\n')).toContain(first.io.out().trim());
    expect(second.io.out()).toMatch(/^(?:[0-9a-f-]{36}\n){2}$/);
  });

  it('import names the id of what it made with --json -q', async () => {
    const {io} = await imgmgr('import', join(folder, 'disk.raw'), '--cloud', 'local', '--json', '-q');
    const [id] = await readdir(join(folder, 'local', 'images'));
    expect(io.out()).toContain(`"image":"${id ?? '?'}"`);
  });

  it('import names the id in JUnit', async () => {
    const {io} = await imgmgr('import', join(folder, 'disk.raw'), '--cloud', 'local', '--format', 'junit');
    expect(io.out()).toMatch(/image [0-9a-f-]{36}/);
  });

  it.each([
    ['--json', []],
    ['--format', ['json']],
    ['--format=json', []],
  ])('a usage error is a JSON line with %s', async (flag, more) => {
    const {code, io} = await imgmgr('manage', '--latets', flag, ...more);
    const lines = io
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(code).toBe(2);
    expect(lines[0]).toMatchObject({
      schema: 1,
      type: 'run-failed',
      error: {code: 'USAGE', hint: 'did you mean --latest?'},
    });
    expect(lines.at(-1)).toMatchObject({type: 'finished', exitCode: 2});
    expect(io.err()).toContain('imgmgr: unknown option');
  });

  it('a usage error is a JUnit document', async () => {
    const {code, io} = await imgmgr('manage', '--latets', '--format', 'junit');
    expect(code).toBe(2);
    expect(io.out()).toMatch(/^<\?xml[^]*<failure type="USAGE" message="unknown option[^]*<\/testsuites>\n$/);
  });
});

describe('U2: delete without --yes off a terminal', () => {
  it('lists cloud, image and reason, and names --yes', async () => {
    const local = ['--cloud', 'local', '--images', await define(`images:${definition()}`)];
    await imgmgr('manage', '--no-verify', ...local);
    await define(`images:${definition({versions: ['2']})}`);
    await imgmgr('manage', '--no-verify', ...local);
    const {code, io} = await imgmgr('delete', ...local);
    expect(code).toBe(0);
    expect(io.out()).toMatch(
      /^local: 1 image to delete\n {2}[0-9a-f-]{36} {2}Test \(1\): .+\nNothing was deleted: add --yes to delete\.\n$/,
    );
  });
});

describe('U4: the fact, then the remedy for that fact', () => {
  it('verify of a file that is not there speaks of the current folder', async () => {
    const {code, io} = await imgmgr('verify', './nope');
    expect(code).toBe(1);
    expect(io.err()).toMatch(/nope does not exist/);
    expect(io.err()).toContain('hint: a relative path starts from the current folder');
    expect(io.err()).not.toContain('definitions');
  });
});

describe('L: the same flag twice', () => {
  it.each([['--latest'], ['--jobs'], ['--json'], ['--region']])(
    '%s: exit 2, whose hint is to give it once',
    async (flag) => {
      const value = flag === '--region' ? ['a'] : flag === '--jobs' ? ['2'] : [];
      const {code, io} = await imgmgr('manage', flag, ...value, flag, ...value);
      expect(code).toBe(2);
      expect(io.err()).toContain(`imgmgr: ${flag} is given twice`);
    },
  );

  it('--images: all of them count, each file once, and relative paths start from the folder of each file', async () => {
    const other = join(folder, 'other');
    await mkdir(other);
    await writeFile(join(other, 'disk.raw'), Buffer.alloc(64 * 1024, 'other'));
    const digest = createHash('sha256')
      .update(Buffer.alloc(64 * 1024, 'other'))
      .digest('hex');
    await writeFile(join(other, 'b.yml'), `images:${definition({name: 'B', checksum: digest})}`);
    const first = await define(`images:${definition({name: 'A'})}`);
    const paths = ['--images', first, '--images', other, '--images', join(other, 'b.yml')];
    const {code, io} = await imgmgr('manage', '--cloud', 'local', ...paths);
    expect([code, io.err()]).toEqual([0, expect.stringContaining('imported: 2,')]);
    expect((await imgmgr('manage', '--cloud', 'local', ...paths)).io.err()).toContain('unchanged: 2,');
    const verified = await imgmgr('dry-run', '--cloud', 'local', '--profile', 'openstack', ...paths);
    expect([verified.code, verified.io.out()]).toEqual([0, expect.stringContaining('2 unchanged')]);
  });

  it('--images: the same name in two of them is an error that names both files', async () => {
    const other = join(folder, 'other.yml');
    await writeFile(other, `images:${definition({name: 'A'})}`);
    const first = await define(`images:${definition({name: 'A'})}`);
    const {code, io} = await imgmgr('dry-run', '--cloud', 'local', '--images', first, '--images', other);
    expect(code).toBe(2);
    expect(io.err()).toMatch(/image "A" is defined twice, first at .*images\.yml:2:11/);
  });

  it('--filter: all of them count', async () => {
    const names = ['A', 'B', 'C'].map((name) => definition({name})).join('');
    const images = await define(`images:${names}`);
    const {code, io} = await imgmgr(
      'dry-run',
      '--cloud',
      'local',
      '--images',
      images,
      '--filter',
      'C',
      '--filter',
      'A',
    );
    expect(code).toBe(3);
    expect([...io.out().matchAll(/import {5}(\w)/g)].map(([, name]) => name)).toEqual(['A', 'C']);
    const wrong = await imgmgr('dry-run', '--cloud', 'local', '--images', images, '--filter', 'C', '--filter', 'Z');
    expect([wrong.code, wrong.io.err()]).toMatchObject([
      2,
      expect.stringContaining('--filter "Z" matches no image definition'),
    ]);
  });
});
