import {readFileSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ManageRequest} from '../../../src/app/manage.ts';
import type {Invocation} from '../../../src/cli/invocation.ts';
import {buildProgram, runCommandLine} from '../../../src/cli/program.ts';
import {loadSettings} from '../../../src/cli/settings/load.ts';
import {readSettings} from '../../../src/cli/settings/read.ts';
import {NOT_SETTABLE, SETTINGS} from '../../../src/cli/settings/table.ts';
import {parseYaml} from '../../../src/config/yaml.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {requireSecretFile} from '../../../src/host/trusted-folder.ts';
import {fakeIo} from '../../cli/fake-io.ts';

const program = () => buildProgram({io: fakeIo(), version: '1', execute: () => Promise.resolve()});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-settings-'));
});
afterEach(async () => rm(folder, {recursive: true, force: true}));

/** Writes settings and gives their path. */
async function write(text: string, name = 'settings.yml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, {mode: 0o644});
  return path;
}

type Seen = Invocation<Partial<ManageRequest>>;

/** What a command line asks for, with these files of the host and of the user, or the file of --config. */
async function parse(
  line: string,
  files: {readonly config?: string; readonly system?: string; readonly user?: string},
): Promise<Seen> {
  const seen: Seen[] = [];
  if (files.user !== undefined) {
    await mkdir(join(folder, 'imgmgr'), {recursive: true});
    await write(files.user, 'imgmgr/imgmgr.yml');
  }
  const system = files.system === undefined ? join(folder, 'none.yml') : await write(files.system, 'system.yml');
  const config = files.config === undefined ? [] : ['--config', await write(files.config)];
  await runCommandLine({
    argv: [...line.split(' '), ...config],
    io: fakeIo(),
    version: '1',
    loadSettings: (search) => loadSettings({...search, env: {HOME: folder, XDG_CONFIG_HOME: folder}, system}),
    execute: (invocation) => {
      seen.push(invocation as unknown as Seen);
      return Promise.resolve(0);
    },
  });
  const [invocation] = seen;
  if (!invocation) throw new Error('nothing was carried out');
  return invocation;
}

/** The error that a command line with these settings ends in. */
async function refusal(config: string, line = 'manage'): Promise<ImgmgrError> {
  try {
    await parse(line, {config});
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

const told = ({problems}: ImgmgrError): readonly (readonly [number, string, string])[] =>
  problems.map(({place, message, hint = ''}) => [place.line, message, hint]);

describe('the table of settings', () => {
  it('has each flag of each command, or says why it is not settable', () => {
    const {commands, options} = program();
    const flags = new Set(
      [...commands.flatMap((command) => command.options), ...options]
        .filter(({hidden}) => !hidden)
        .map(({long}) => long ?? '')
        .filter((long) => !['--version', '--help', '--help-all'].includes(long)),
    );
    const settable = Object.values(SETTINGS).flatMap(({flag}) => flag ?? []);
    expect([...settable, ...Object.keys(NOT_SETTABLE)].sort()).toEqual([...flags].sort());
  });

  it('has each key as its flag is spelled', () => {
    for (const [key, {flag}] of Object.entries(SETTINGS))
      expect(flag?.replace(/^--(no-)?/, '').replaceAll('-', '_') ?? key).toBe(key);
  });
});

it('docs/settings.md has a row for each setting, with its flag, where it may stand and its default', () => {
  const page = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|/gm)].map((row) =>
    row.slice(1),
  );
  const where = {cloud: 'top, command, cloud', run: 'top, command', command: 'command'};
  const expected = Object.entries(SETTINGS).map(([key, setting]) => [
    key,
    setting.flag ?? '–',
    where[setting.scope],
    setting.default,
  ]);
  expect(rows).toEqual(expected);
});

describe('a value means what it means on the command line', () => {
  it.each<[string, string, (seen: Seen) => unknown]>([
    ['jobs: 3', '--jobs 3', ({request}) => request.run],
    ['wait_lock: 90', '--wait-lock 90', ({request}) => request.run],
    ['wait_lock: 1h30m', '--wait-lock 1h30m', ({request}) => request.run],
    ['keep_history: 36h', '--keep-history 36h', ({history}) => history],
    ['listen: :7443-7450', '--listen :7443-7450', ({request}) => request.tests],
    ['advertise: "[2001:db8::7]:7443"', '--advertise [2001:db8::7]:7443', ({request}) => request.tests],
    ['flavor: 1.10', '--flavor 1.10', ({request}) => request.tests],
    ['max_virtual: 1T', '--max-virtual 1T', ({request}) => request.acquire],
    ['stores: [a, b]', '--stores a,b', ({request}) => request.acquire],
    ['stores: a,b', '--stores a,b', ({request}) => request.acquire],
    ['latest: yes', '--latest', ({request}) => request.acquire],
    ['wait: false', '--no-wait', ({request}) => request.acquire],
    ['build: off', '--no-build', ({request}) => request.builds],
    ['allow_private_sources: true', '--allow-private-sources', ({allowPrivateSources}) => allowPrivateSources],
    ['profile: openstack', '--profile openstack', ({request}) => request.audit],
    ['retire_as: hidden\ndelete: true', '--retire-as hidden --delete', ({request}) => request.retire],
  ])('%s is %s', async (config, flags, of) => {
    expect(of(await parse('manage', {config}))).toEqual(of(await parse(`manage ${flags}`, {})));
    expect(of(await parse('manage', {config}))).not.toEqual(of(await parse('manage', {})));
  });

  it('paths start from the folder of the file, and ~ is the home', async () => {
    const {images, request} = await parse('manage', {
      config: 'images: [defs, ~/more, /abs]\nssh_key: key.pub\nprofile: audit.yml',
    });
    expect(images).toEqual([join(folder, 'defs'), join(folder, 'more'), '/abs']);
    expect(request.tests?.boot.sshKeyFile).toBe(join(folder, 'key.pub'));
    expect(request.audit?.profile).toEqual({file: join(folder, 'audit.yml')});
  });

  it('an empty file, and one with comments alone, says nothing', async () => {
    const {request} = await parse('manage', {});
    expect((await parse('manage', {config: ''})).request).toEqual(request);
    expect((await parse('manage', {config: '# nothing\n'})).request).toEqual(request);
  });
});

describe('what goes before what', () => {
  it('the command line goes before every setting', async () => {
    const config = 'jobs: 2\ncommands: {manage: {jobs: 3}}\nclouds: {c: {jobs: 4, flavor: x}}';
    const {request} = await parse('manage --jobs 5', {config});
    expect(request.run?.jobs).toBe(5);
    expect(request.ofCloud?.get('c')?.run?.jobs).toBe(5);
    expect(request.ofCloud?.get('c')?.tests?.boot.flavor).toBe('x');
  });

  it('a setting of a cloud goes before one of the command, that before a general one', async () => {
    const config = 'jobs: 2\ncommands: {manage: {jobs: 3}}\nclouds: {c: {jobs: 4}, d: {flavor: x}}';
    const {request} = await parse('manage', {config});
    expect(request.run?.jobs).toBe(3);
    expect(request.ofCloud?.get('c')?.run?.jobs).toBe(4);
    expect(request.ofCloud?.get('d')?.run?.jobs).toBe(3);
    expect((await parse('verify', {config})).request.run?.jobs).toBe(2);
  });

  it('the file of the user goes before that of the host, key by key', async () => {
    const system = 'jobs: 2\nflavor: a\nclouds: {c: {network: n, flavor: b}}';
    const user = 'jobs: 3\nclouds: {c: {network: m}}';
    const {request} = await parse('manage', {system, user});
    expect(request.run?.jobs).toBe(3);
    expect(request.tests?.boot.flavor).toBe('a');
    expect(request.ofCloud?.get('c')?.tests?.boot).toMatchObject({network: 'm', flavor: 'b'});
  });

  it('with --config, before or behind the command, no other file counts', async () => {
    const path = await write('flavor: z');
    const files = {system: 'jobs: 2', user: 'jobs: 3'};
    for (const line of [`--config ${path} manage`, `manage --config ${path}`]) {
      const {request} = await parse(line, files);
      expect(request.run?.jobs).toBe(6);
      expect(request.tests?.boot.flavor).toBe('z');
    }
  });

  it('--images goes before the setting', async () => {
    const seen = await parse('manage --images x', {config: 'images: y'});
    expect(seen.request.definitions?.images).toEqual(['x']);
    expect(seen.images).toBeUndefined();
  });

  it('dry-run has the settings of manage', async () => {
    const config = 'commands: {manage: {latest: true, fail_on: warning}}';
    expect((await parse('dry-run', {config})).request.acquire?.latest).toBe(true);
    expect((await parse('dry-run', {config})).request.audit?.failOn).toBe('warning');
    expect((await parse('manage', {config})).request.audit?.failOn).toBe('error');
  });

  it.each([
    ['latest: true', '--no-latest', (seen: Seen) => seen.request.acquire?.latest],
    ['hide: true', '--no-hide', (seen: Seen) => seen.request.retire?.hide],
    ['publish: false', '--publish', (seen: Seen) => seen.request.acquire?.publish],
    ['wait: false', '--wait', (seen: Seen) => seen.request.acquire?.wait],
    ['build: false', '--build', (seen: Seen) => seen.request.builds !== undefined],
  ] as const)('%s is taken back by %s', async (config, flag, of) => {
    expect(of(await parse(`manage ${flag}`, {config}))).toBe(of(await parse('manage', {})));
    expect(of(await parse('manage', {config}))).not.toBe(of(await parse('manage', {})));
  });

  it('a flag and its opposite are refused', async () => {
    await expect(parse('manage --latest --no-latest', {})).rejects.toMatchObject({
      code: 'USAGE',
      message: '--no-latest contradicts --latest',
    });
  });
});

describe('settings that contradict', () => {
  it('the command line are left out', async () => {
    const config = 'prefetch: always\nconvert: qcow2\ncompress: true';
    const {request} = await parse('manage --method web-download --convert raw', {config});
    expect(request.acquire).toMatchObject({method: 'web-download', convert: {to: 'raw', compress: false}});
    expect(request.acquire?.prefetch).toBeUndefined();
  });

  it('those of a cloud are left out there', async () => {
    const {request} = await parse('manage', {config: 'prefetch: always\nclouds: {c: {method: web-download}}'});
    expect(request.acquire?.prefetch).toBe('always');
    expect(request.ofCloud?.get('c')?.acquire).toMatchObject({method: 'web-download'});
    expect(request.ofCloud?.get('c')?.acquire?.prefetch).toBeUndefined();
  });

  it('each other are refused, with a place', async () => {
    const error = await refusal('prefetch: always\nmethod: web-download');
    expect(error.code).toBe('CONFIG');
    expect(error.message).toContain('--method web-download contradicts --prefetch always');
    expect(error.place).toMatch(/settings\.yml:2:1$/);
  });

  it('flags of the command line that contradict each other are refused as without settings', async () => {
    await expect(parse('manage --compress', {config: 'convert: raw'})).rejects.toMatchObject({
      code: 'USAGE',
      message: '--compress means nothing without --convert qcow2',
    });
  });
});

describe('settings that mean nothing to a command are left out', () => {
  it.each([
    ['import x.img', 'latest: true\nclouds: {c: {latest: true}}'],
    ['build', 'convert: qcow2\ncompress: true'],
    ['status', 'commands: {manage: {fail_on: info}}'],
    ['validate', 'network: n\njobs: 4'],
    ['hold X --until 2099-01-01', 'images: x\njobs: 4'],
  ])('%s with %j', async (line, config) => {
    const {request} = await parse(line, {config});
    const {ofCloud, ...general} = request;
    const {ofCloud: none, ...plain} = (await parse(line, {})).request;
    expect(none).toBeUndefined();
    expect(general).toEqual(plain);
    expect(ofCloud?.get('c')?.acquire?.latest ?? false).toBe(false);
  });
});

describe('settings that are wrong', () => {
  it('are listed all at once, each with its line, its value and what to do', async () => {
    const error = await refusal(
      [
        'job: 3',
        'jobs: many',
        'latest: "true"',
        'network: [a, b]',
        'lookup: yes',
        'tag:',
        'root: volum',
        'stores: []',
        'wait-lock: 5m',
        'commands: {mange: {jobs: 2}, verify: {latest: true}, dry-run: {jobs: 2}}',
        'clouds: {c: {images: x, nets: y}, d: 5}',
        'fail_on: info',
      ].join('\n'),
    );
    expect(error.code).toBe('CONFIG');
    expect(told(error)).toEqual([
      [1, 'unknown key "job" in the settings', 'did you mean "jobs"?'],
      [2, '"jobs" takes a whole number of at least 1, not "many"', 'write it as for --jobs'],
      [3, '"latest" is "true", not true or false', 'write true or false without quotes'],
      [4, '"network" is a list, not one value', 'write one value behind the colon'],
      [5, '"lookup" is "yes", which YAML reads as a truth value', "quote it: 'yes'"],
      [6, '"tag" has no value', 'write one, or leave the key out'],
      [7, '"root" takes volume, not "volum"', 'did you mean volume?'],
      [8, '"stores" is an empty list', 'add an entry, or leave the key out'],
      [9, 'unknown key "wait-lock" in the settings', 'did you mean "wait_lock" or "wait"?'],
      [10, 'there is no command "mange"', 'did you mean "manage"?'],
      [10, 'verify has no --latest', 'take "latest" out of the command verify'],
      [10, 'dry-run has no settings of its own', 'write them under manage: they hold for both'],
      [11, '"images" is the same for all clouds', 'write it at the top, or under "commands:"'],
      [11, 'unknown key "nets" in the cloud "c"', expect.any(String)],
      [11, 'the cloud "d" is "5", not a mapping', 'write indented lines of "key: value"'],
      [12, '"fail_on" holds for one command', 'write it under "commands:", below the name of the command'],
    ]);
  });

  it('leave flags that take a list of words alone: --delete of build is another one than the setting', async () => {
    const {request} = await parse('build', {config: 'delete: true'});
    expect(request).toHaveProperty('builds');
    const error = await refusal('commands:\n  build:\n    delete: true', 'build');
    expect(error.message).toContain('build has no --delete');
  });

  it.each(Object.entries(NOT_SETTABLE))('%s is not set in a file: %s', async (flag, reason) => {
    const key = flag.replace(/^--(no-)?/, '').replaceAll('-', '_');
    const [problem] = told(await refusal(`${key}: true`));
    expect(problem?.[1]).toMatch(/^--\S+ is not set in a file$/);
    expect(problem?.[2]).toBe(key === 'verify' ? NOT_SETTABLE['--no-verify'] : reason);
  });

  it.each(['- a list', 'a text', 'jobs: 1\njobs: 2', 'jobs: [1', '\t jobs: 1'])(
    '%j is refused with its line',
    async (text) => {
      const {code, problems} = await refusal(text);
      expect(code).toBe('CONFIG');
      expect(problems[0]?.place.file).toMatch(/settings\.yml$/);
    },
  );

  it('a password in an address is not shown', async () => {
    const error = await refusal(
      'lookup: https://user:hunter2@example.org/x\nlatest: https://u:hunter2@h\njobs: a://b:hunter2@c',
    );
    expect(told(error).map(([line, message]) => [line, message])).toEqual([
      [1, '"lookup" holds a password'],
      [2, '"latest" is an address with a password, not true or false'],
      [3, '"jobs" holds a password'],
    ]);
    expect(JSON.stringify([error.message, error.problems])).not.toContain('hunter2');
  });

  it('a word without a value for --config is a usage error', async () => {
    await expect(parse('manage --config', {})).rejects.toMatchObject({code: 'USAGE', message: '--config needs a file'});
  });
});

describe('a settings file', () => {
  it('that is named and not there is an error', async () => {
    await expect(parse(`manage --config ${join(folder, 'gone.yml')}`, {})).rejects.toMatchObject({
      code: 'CONFIG',
      message: `the settings file ${join(folder, 'gone.yml')} does not exist`,
    });
  });

  it('that is no file, or is not encoded in UTF-8, is an error', async () => {
    await expect(parse(`manage --config ${folder}`, {})).rejects.toMatchObject({
      message: `the settings file ${folder} is a folder, not a regular file`,
    });
    const path = join(folder, 'latin.yml');
    await writeFile(path, Buffer.from([0x74, 0x61, 0x67, 0x3a, 0x20, 0xe4]));
    await expect(parse(`manage --config ${path}`, {})).rejects.toMatchObject({
      message: `the settings file ${path} is not encoded in UTF-8`,
    });
  });

  it('that everybody may write is refused', async () => {
    const path = await write('jobs: 2');
    await chmod(path, 0o666);
    await expect(parse(`manage --config ${path}`, {})).rejects.toMatchObject({
      code: 'CONFIG',
      message: `other users could change the settings file ${path}, or put another in its place`,
    });
  });

  it('that is a link into a folder that everybody may write is refused, and one into a folder of this user is read', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await write('jobs: 2', 'open/settings.yml');
    const link = join(folder, 'link.yml');
    await symlink(join(open, 'settings.yml'), link);
    expect((await parse(`manage --config ${link}`, {})).request.run?.jobs).toBe(2);
    await chmod(open, 0o777);
    await expect(parse(`manage --config ${link}`, {})).rejects.toMatchObject({code: 'CONFIG'});
  });

  it('of the user that is a link to nothing is an error, not left out', async () => {
    await mkdir(join(folder, 'imgmgr'));
    await symlink(join(folder, 'gone.yml'), join(folder, 'imgmgr', 'imgmgr.yml'));
    await expect(parse('manage', {})).rejects.toMatchObject({code: 'CONFIG'});
  });

  it('is not read for help', async () => {
    let loaded = 0;
    const io = fakeIo();
    await runCommandLine({
      ...{argv: ['help', 'manage'], io, version: '1', execute: () => Promise.resolve(0)},
      loadSettings: () => {
        loaded += 1;
        return Promise.resolve(undefined);
      },
    });
    expect(loaded).toBe(0);
  });
});

describe('a secret', () => {
  const table = {
    'hook.url': {scope: 'run', default: 'none'},
    'hook.secret_file': {scope: 'run', default: 'none', path: {unless: []}, secret: true},
  } as const;
  const read = async (text: string) => {
    const {root, problems} = parseYaml(text, 'x.yml');
    return readSettings([{path: 'x.yml', problems, ...(root && {root})}], {
      program: program(),
      resolve: (path) => join(folder, path),
      requireSecret: requireSecretFile,
      table,
    });
  };

  it('stands in a file of its own that only its owner can read', async () => {
    const path = await write('hunter2', 'secret');
    await chmod(path, 0o600);
    const {general} = await read('hook: {url: "https://h/x", secret_file: secret}');
    expect([...general.values()].map(({key, value}) => [key, value])).toEqual([
      ['hook.url', 'https://h/x'],
      ['hook.secret_file', path],
    ]);
  });

  it.each([0o640, 0o604, 0o660])('is refused in a file of mode %o', async (mode) => {
    const path = await write('hunter2', 'secret');
    await chmod(path, mode);
    await expect(read('hook: {secret_file: secret}')).rejects.toMatchObject({
      code: 'CONFIG',
      message: `${path} may be read by others than its owner (mode 0${mode.toString(8)})`,
    });
  });

  it('that is not there is an error with its line', async () => {
    await expect(read('hook: {secret_file: secret}')).rejects.toMatchObject({place: 'x.yml:1:21'});
  });

  it('is not written under a key of its own', async () => {
    await expect(read('hook: {secret: hunter2}')).rejects.toMatchObject({
      message: 'unknown key "hook.secret" in the settings',
      hint: 'did you mean "hook.secret_file"?',
    });
  });
});
