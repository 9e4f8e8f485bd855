import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {fakeIo} from './fake-io.ts';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import type {Desk, Line, Ran} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

type Check = Line & {
  readonly check: string;
  readonly cloud?: string;
  readonly health: string;
  readonly fact: string;
  readonly reason?: string;
  readonly remedy?: string;
};

let table: Desk;
/** No tool of this host is there to be looked at: a look at KVM takes seconds. */
const open = (options: FakeCloudOptions = {}): Promise<Desk> => openDesk(options, {PATH: '/nonexistent'});
beforeEach(async () => {
  table = await open();
});
afterEach(async () => table.close());

const checksOf = ({lines}: Ran): readonly Check[] => lines.filter((line): line is Check => line.type === 'check');
const check = (ran: Ran, id: string, cloud?: string): Check | undefined =>
  checksOf(ran).find((each) => each.check === id && each.cloud === cloud);
const healths = (ran: Ran, cloud: string): Readonly<Record<string, string>> =>
  Object.fromEntries(checksOf(ran).flatMap((each) => (each.cloud === cloud ? [[each.check, each.health]] : [])));

/** A fake cloud is on this host, which guests could not call. */
const ADVERTISED = ['--advertise', '127.0.0.1'];

/** One definition. */
const one = (changes: Readonly<Record<string, string>> = {}): string =>
  yaml([listed('1', 'https://example.org/x')], changes);

/** `doctor` on the definitions of a small catalogue. */
async function doctor(...flags: readonly string[]): Promise<Ran> {
  const images = await table.write(one());
  table.cloud.clearLog();
  return table.imgmgr('doctor', '--images', images, ...ADVERTISED, ...flags);
}

describe('doctor on a cloud', () => {
  it('looks at everything and makes nothing', async () => {
    table.cloud.seed({name: 'there', visibility: 'public'});
    const before = table.cloud.views();
    const ran = await doctor('--cloud', 'admin');
    expect(ran.code, ran.text).toBe(0);
    expect(table.cloud.views()).toEqual(before);
    const writes = table.cloud.requests.filter(({method, path}) => method !== 'GET' && !path.includes('/auth/tokens'));
    expect(writes.map(({method, path, status}) => `${method} ${path} ${status}`)).toEqual(
      expect.arrayContaining(['POST /v2/images 409']),
    );
    expect(writes.filter(({status}) => status < 400)).toEqual([]);
    expect(healths(ran, 'admin')).toEqual({
      ...{login: 'ok', credential: 'ok', images: 'ok', create: 'ok', public: 'ok', community: 'ok', methods: 'ok'},
      ...{quota: 'ok', servers: 'ok', placement: 'ok', console: 'untried', listener: 'untried', 'in-use': 'ok'},
    });
    expect(check(ran, 'login', 'admin')?.fact).toMatch(/^logged in as admin, project admin \(/);
    expect(check(ran, 'listener', 'admin')?.remedy).toContain('imgmgr verify');
    expect(ran.lines.at(-2)).toMatchObject({type: 'checked', fail: 0, untried: 3});
  });

  it('shows for people each line with its reason and what to do, grouped by cloud', async () => {
    const images = await table.write(one());
    const {out, code} = await table.print(
      'doctor',
      '--images',
      images,
      ...ADVERTISED,
      '--cloud',
      'admin',
      '--cloud',
      'local',
    );
    expect(code, out).toBe(0);
    expect(out).toMatch(/^this host\n {2}ok {4}settings {11}there is no settings file\n/);
    expect(out).toMatch(/\n\nadmin\n {2}ok {4}login {14}logged in as/);
    expect(out).toMatch(/\n\nlocal\n/);
    expect(out).toMatch(/\n\d+ ok, \d+ warnings?, 0 failed, \d+ not tried\n$/);
    const quiet = await table.print('doctor', '--images', images, '--cloud', 'local', '-q');
    expect(quiet.out).not.toMatch(/^ {2}ok/m);
  });

  it('fails where a definition is public and the account may not publish, with exit 1', async () => {
    table.cloud.seed({name: 'there', visibility: 'public'});
    const ran = await doctor('--cloud', 'member');
    expect(ran.code).toBe(1);
    expect(check(ran, 'public', 'member')).toMatchObject({
      health: 'fail',
      code: 'FORBIDDEN',
      reason: 'definitions have visibility: public',
      remedy: expect.stringContaining('publicize_image') as string,
    });
    expect(check(ran, 'in-use', 'member')).toMatchObject({health: 'warn'});
  });

  it('only warns of that where no enabled definition is public', async () => {
    table.cloud.seed({name: 'there', visibility: 'public'});
    const images = await table.write(one({visibility: 'private'}));
    const ran = await table.imgmgr('doctor', '--images', images, ...ADVERTISED, '--cloud', 'member');
    expect(check(ran, 'public', 'member')).toMatchObject({health: 'warn'});
    expect(checksOf(ran).filter(({code}) => code === 'FORBIDDEN')).toEqual([]);
  });

  it('does not know rights that no image shows', async () => {
    const ran = await doctor('--cloud', 'admin');
    expect([ran.code, healths(ran, 'admin')['public'], healths(ran, 'admin')['create']]).toEqual([
      0,
      'untried',
      'untried',
    ]);
  });

  it('a refused login is exit 4, asks nothing else there, and stops no other cloud', async () => {
    await table.writeClouds(table.cloud.cloudsYaml().replace(/("username":"admin","password":)"[^"]*"/, '$1"wrong"'));
    const ran = await doctor('--cloud', 'admin', '--cloud', 'member');
    expect(ran.code).toBe(4);
    expect(healths(ran, 'admin')).toEqual({login: 'fail'});
    expect(check(ran, 'login', 'admin')).toMatchObject({code: 'AUTH'});
    expect(healths(ran, 'member')['login']).toBe('ok');
    expect(healths(ran, 'member')['images']).toBe('ok');
  });

  it.each([
    ['the system', {system_scope: 'all'}],
    ['a domain', {domain_name: 'Default'}],
  ])('a token for %s is exit 2', async (_, scope) => {
    const {user, password} = table.cloud.accounts.admin;
    const auth = {auth_url: table.cloud.authUrl, username: user, password, user_domain_name: 'Default', ...scope};
    await table.writeClouds(JSON.stringify({clouds: {wide: {auth}}}));
    const ran = await doctor('--cloud', 'wide');
    expect(ran.code).toBe(2);
    expect(check(ran, 'login', 'wide')).toMatchObject({health: 'fail', code: 'CONFIG'});
    expect(check(ran, 'login', 'wide')?.fact).toContain('is for no project');
  });

  it('Glance down is exit 75, and everything else of the cloud is seen', async () => {
    table.cloud.misbehave('glance503', {times: Infinity});
    const ran = await doctor('--cloud', 'admin');
    expect(ran.code).toBe(75);
    expect(check(ran, 'images', 'admin')).toMatchObject({health: 'fail', code: 'UNAVAILABLE'});
    expect(healths(ran, 'admin')).toMatchObject({login: 'ok', servers: 'ok', placement: 'ok', 'in-use': 'ok'});
    expect(healths(ran, 'admin')).toMatchObject({create: 'untried', public: 'untried', community: 'untried'});
  });

  it('a slow cloud only takes longer', async () => {
    table.cloud.misbehave('slowAnswers', {delayMs: 150});
    const ran = await doctor('--cloud', 'admin');
    expect(ran.code, ran.text).toBe(0);
  });

  it('a cloud without compute is a warning: images cannot be tested there', async () => {
    await table.close();
    table = await open({computeService: false});
    const ran = await doctor('--cloud', 'admin');
    expect(check(ran, 'servers', 'admin')).toMatchObject({health: 'warn'});
    expect(check(ran, 'in-use', 'admin')).toMatchObject({health: 'ok'});
    expect(check(ran, 'placement', 'admin')).toMatchObject({health: 'untried'});
  });

  it('an address that guests cannot call is exit 1, with the flag to name another', async () => {
    const images = await table.write(one());
    const ran = await table.imgmgr('doctor', '--images', images, '--cloud', 'admin');
    expect([ran.code, check(ran, 'listener', 'admin')?.code]).toEqual([1, 'UNSUPPORTED']);
    expect(check(ran, 'listener', 'admin')?.remedy).toContain('--advertise');
  });

  it('a flavor or network that is not there fails with those that are', async () => {
    const ran = await doctor('--cloud', 'admin', '--network', 'nowhere');
    expect(ran.code).toBe(1);
    expect(check(ran, 'placement', 'admin')).toMatchObject({health: 'fail', code: 'NOT_FOUND'});
    expect(check(ran, 'placement', 'admin')?.remedy).toContain('there are');
  });

  it('an application credential that ends soon is a warning', async () => {
    const ends = new Date(table.cloud.clock.now().getTime() + 3 * 86_400_000);
    table.cloud.accounts.admin.applicationCredential.expiresAt = `${ends.toISOString().slice(0, 19)}.000000`;
    const ran = await doctor('--cloud', 'credential');
    expect([ran.code, check(ran, 'credential', 'credential')?.health]).toEqual([0, 'warn']);
  });

  it('a used up quota is exit 75', async () => {
    await table.close();
    table = await open({quota: {images: 1}});
    table.cloud.seed({name: 'there'});
    const ran = await doctor('--cloud', 'admin');
    expect([ran.code, check(ran, 'quota', 'admin')?.code]).toEqual([75, 'QUOTA']);
  });

  it('--verify-cloud is logged in to, and test servers are looked at there', async () => {
    const ran = await doctor('--cloud', 'admin', '--verify-cloud', 'member');
    expect(check(ran, 'verify-cloud', 'admin')?.fact).toContain('member');
    expect(check(ran, 'servers', 'admin')?.fact).toContain('on member');
  });
});

describe('doctor ends at the first signal, whatever does not answer', () => {
  it.each([
    ['the login', '/v3/auth/tokens'],
    ['the listing of images', '/v2/images'],
    ['the list of servers', '/servers'],
  ])('%s', async (_, path) => {
    const misdeed = table.cloud.misbehave('neverAnswers', {times: Infinity, match: {path}});
    const io = fakeIo();
    const clouds = join(table.folder, 'clouds.yaml');
    const env = {HOME: table.folder, PATH: '/nonexistent', OS_CLIENT_CONFIG_FILE: clouds};
    const ended = run(['doctor', '--cloud', 'admin', '--images', await table.write(one())], io, env);
    await expect.poll(misdeed.happened).toBeGreaterThan(0);
    io.send('SIGINT');
    expect(await ended).toBe(130);
    expect(io.left).toEqual([]);
  });
});

describe('doctor on this host', () => {
  it('works without any cloud, with a warning', async () => {
    await table.writeClouds('');
    const ran = await doctor();
    expect(ran.code, ran.text).toBe(0);
    expect(check(ran, 'clouds')).toMatchObject({health: 'warn'});
  });

  it('names the clouds of several and looks at none', async () => {
    const ran = await doctor();
    expect([ran.code, check(ran, 'clouds')?.health]).toEqual([0, 'warn']);
    expect(check(ran, 'clouds')?.fact).toContain('admin, member, credential');
  });

  it('a broken clouds.yaml is exit 2', async () => {
    await table.writeClouds('clouds: [');
    const ran = await doctor();
    expect([ran.code, check(ran, 'clouds')?.code]).toEqual([2, 'CONFIG']);
  });

  it('settings that are wrong are a failed check, exit 2; the rest goes on', async () => {
    const config = join(table.folder, 'settings.yml');
    await writeFile(config, 'jops: 3\n', {mode: 0o600});
    const ran = await table.imgmgr('--config', config, 'doctor', '--cloud', 'local');
    expect(ran.code).toBe(2);
    expect(check(ran, 'settings')).toMatchObject({health: 'fail', code: 'CONFIG', place: `${config}:1:1`});
    expect(check(ran, 'images', 'local')?.health).toBe('ok');
  });

  it('definitions that are wrong are a failed check, exit 2', async () => {
    const images = await table.write('images: [{name: X}]\n');
    const ran = await table.imgmgr('doctor', '--images', images, '--cloud', 'local');
    expect([ran.code, check(ran, 'definitions')?.code]).toEqual([2, 'DEFINITION']);
  });

  it('a folder of state that other users could exchange is exit 2, one that is missing is not made', async () => {
    const ran = await doctor('--cloud', 'local');
    expect(check(ran, 'state')).toMatchObject({health: 'ok'});
    expect(check(ran, 'state')?.fact).toContain('it is made when it is needed');
    const work = join(table.folder, 'work');
    await mkdir(work);
    await chmod(work, 0o777);
    const open = await doctor('--cloud', 'local');
    expect([open.code, check(open, 'work')?.code]).toEqual([2, 'CONFIG']);
  });

  it('a history that is damaged, or of another program, is a warning: runs are not affected', async () => {
    const state = join(table.folder, 'state', 'imgmgr');
    await mkdir(state, {recursive: true, mode: 0o700});
    await writeFile(join(state, 'history.sqlite'), 'SQLite format 3\0 and nothing more'.padEnd(4096, 'x'), {
      mode: 0o600,
    });
    const ran = await doctor('--cloud', 'local');
    expect([ran.code, check(ran, 'history')?.health]).toEqual([0, 'warn']);
    expect(check(ran, 'history')?.reason).toContain('not affected');
  });

  it('names tools that are missing, what they are for and how to get them, and is exit 0', async () => {
    const io = fakeIo();
    const images = await table.write(one());
    const env = {HOME: table.folder, PATH: table.folder, XDG_STATE_HOME: table.folder, IMGMGR_BUILD_DIR: table.folder};
    const code = await run(['doctor', '--images', images, '--cloud', 'local', '--json'], io, env);
    const lines = io
      .out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Check);
    const of = (id: string): Check | undefined => lines.find((line) => line.type === 'check' && line.check === id);
    expect(code).toBe(0);
    for (const id of ['unpack', 'convert', 'qemu', 'diskimage-builder']) {
      expect([id, of(id)?.health]).toEqual([id, 'warn']);
      expect(of(id)?.reason ?? '').not.toBe('');
      expect(of(id)?.remedy).toMatch(/apt install/);
    }
    expect(of('servers')).toMatchObject({health: 'warn', cloud: 'local'});
  });
});

describe('doctor --config', () => {
  it('shows what holds and where each value comes from, and no secret', async () => {
    const config = join(table.folder, 'settings.yml');
    await writeFile(config, 'jobs: 3\ncommands: {verify: {deadline: 20m}}\nclouds: {admin: {network: n}}\n', {
      mode: 0o600,
    });
    const ran = await table.imgmgr('doctor', '--config', config);
    expect(ran.code, ran.text).toBe(0);
    const settings = ran.lines.filter(({type}) => type === 'setting') as unknown as Record<string, unknown>[];
    const of = (key: string) => settings.filter((each) => each['key'] === key);
    expect(of('jobs')).toMatchObject([{value: '3', from: {kind: 'file', place: `${config}:1:1`}}]);
    expect(of('deadline')).toMatchObject([
      {value: '10m', from: {kind: 'default'}},
      {value: '20m', command: 'verify', from: {kind: 'file', place: `${config}:2:21`}},
    ]);
    expect(of('network').at(-1)).toMatchObject({value: 'n', cloud: 'admin'});
    expect(of('folder of local')).toMatchObject([{from: {kind: 'environment', variable: 'IMGMGR_LOCAL'}}]);
    expect(table.cloud.requests).toEqual([]);
  });

  it('shows a variable that goes before a setting, and proxies without their password', async () => {
    const io = fakeIo();
    const env = {HOME: table.folder, IMGMGR_IMAGES: '/srv/images', HTTPS_PROXY: 'http://me:hunter2@proxy:3128'};
    expect(await run(['doctor', '--config'], io, env)).toBe(0);
    expect(io.out()).toContain('/srv/images  (variable IMGMGR_IMAGES)');
    expect(io.out()).toContain('http://proxy:3128/  (variable HTTPS_PROXY)');
    expect(io.out() + io.err()).not.toContain('hunter2');
  });

  it('is exit 2 where the settings are wrong', async () => {
    const config = join(table.folder, 'settings.yml');
    await writeFile(config, 'jops: 3\n', {mode: 0o600});
    expect((await table.print('doctor', `--config=${config}`)).code).toBe(2);
  });
});

describe('doctor --policy', () => {
  it('prints the rules of each service for the role, without a login', async () => {
    const {code, out} = await table.print('doctor', '--policy', '--role', 'night-shift');
    expect(code).toBe(0);
    for (const service of ['glance', 'nova', 'neutron', 'cinder', 'keystone'])
      expect(out).toContain(`# /etc/${service}/policy.yaml: `);
    expect(out).toContain('"publicize_image": "role:admin or (role:night-shift and project_id:%(project_id)s)"');
    expect(out).not.toContain('role:imgmgr');
    expect(table.cloud.requests).toEqual([]);
  });

  it.each([
    ['--role', 'x'],
    ['--policy', '--role', 'a" or @'],
    ['--policy', '--role', 'a b'],
  ])('%s %s is a usage error', async (...flags) => {
    expect((await table.print('doctor', ...flags)).code).toBe(2);
  });
});
