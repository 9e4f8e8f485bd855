import {createHash} from 'node:crypto';
import {readFile, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {downloadKey} from '../../src/verify/ticket.ts';
import {freePorts, listen} from '../fakes/listener.ts';
import type {Ran} from './operator.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

/** What was asked of the clouds besides logins and reads. */
function writes(): string[] {
  return table.cloud.requests
    .filter(({method, path}) => method !== 'GET' && method !== 'HEAD' && !path.endsWith('/auth/tokens'))
    .map(({method, path}) => `${method} ${path}`);
}

describe('verification is the default', () => {
  it('dry-run plans it and only reads', async () => {
    const ran = await table.run('dry-run', table.x(['1']), '--verify');
    expect(ran.code).toBe(3);
    const planned = ran.lines.find(({type}) => type === 'planned')?.actions ?? [];
    expect(planned.map(({kind}) => kind)).toEqual(['acquire', 'verify', 'publish']);
    expect(writes()).toEqual([]);
  });

  it('a cloud without a compute service: exit 2 before anything is imported, with the way out', async () => {
    await table.close();
    table = await openTable({computeService: false});
    const ran = await table.run('manage', table.x(['1']), '--verify');
    expect(ran.code).toBe(2);
    expect(ran.errors.map(({code, hint}) => [code, hint?.includes('--no-verify')])).toContainEqual(['CONFIG', true]);
    expect(writes()).toEqual([]);
    expect(table.show()).toEqual([]);
  });

  it('an account that may not make servers: the same', async () => {
    table.cloud.compute.forbidden = ['servers'];
    const ran = await table.run('manage', table.x(['1']), '--verify');
    expect(ran.code).toBe(2);
    expect(ran.errors[0]?.message).toContain('may not create servers');
    expect(table.show()).toEqual([]);
  });

  it('--no-verify publishes, and never looks at the compute service', async () => {
    expect((await table.run('manage', table.x(['1']), '--no-verify')).code).toBe(0);
    expect(table.show()).toEqual(['X | public | generic']);
    expect(table.cloud.requests.filter(({path}) => /flavors|servers|networks/.test(path))).toEqual([]);
  });

  it('mode: none publishes and says that it was not verified', async () => {
    const ran = await table.run('manage', table.x(['1'], {verify: '{mode: none}'}), '--verify');
    expect(ran.code).toBe(0);
    expect(ran.warnings).toContain('not-verified');
    expect(table.show()).toEqual(['X | public | generic']);
  });

  it('a check that there is not, an impossible pattern: exit 2 with the place', async () => {
    const ran = await table.run('manage', table.x(['1'], {verify: "{checks: {dnss: off}, console: '('}"}), '--verify');
    expect(ran.code).toBe(2);
    const text = JSON.stringify(ran.errors);
    expect(text).toContain('dnss');
    expect(text).toContain('is no regular expression');
  });
});

describe('the environment', () => {
  it.each([
    [['--flavor', 'absent'], 'no-flavor'],
    [['--network', 'absent'], 'no-network-to-boot-on'],
  ])('%j: exit 75, the image stays private, the next run goes on with it', async (flags, cause) => {
    const ran = await table.run('manage', table.x(['1']), '--verify', ...flags);
    expect(ran.code).toBe(75);
    expect(ran.text).toContain(`"cause":"${cause}"`);
    expect(table.show()).toEqual(['X (1) | private | hidden | oldgeneric']);
    const next = await table.run('manage', table.x(['1']), '--no-verify');
    expect(next).toMatchObject({code: 0, done: ['publish 1']});
  });

  it('an SSH key that is none, a listener that cannot be bound: exit 2', async () => {
    expect((await table.run('manage', table.x(['1']), '--verify', '--ssh-key', '/absent.pub')).code).toBe(2);
    const ran = await table.run(
      'manage',
      table.x(['1']),
      '--verify',
      '--listen',
      '192.0.2.1:1',
      '--advertise',
      '192.0.2.1',
    );
    expect(ran.code).toBe(2);
    expect(table.show()).not.toContain('X | public | generic');
  });
});

describe('--listen with a range of ports', () => {
  it('all taken by other runs: exit 75 with the range, the image stays private, the next run goes on with it', async () => {
    const first = await freePorts(2);
    const handle = (): Promise<void> => Promise.resolve();
    const others = await Promise.all([first, first + 1].map((port) => listen({port, handle})));
    try {
      const flags = ['--listen', `127.0.0.1:${first}-${first + 1}`, '--advertise', '127.0.0.1'];
      const ran = await table.run('manage', table.x(['1']), '--verify', ...flags);
      expect([ran.code, ran.errors.map(({code}) => code)], ran.text).toEqual([75, ['LOCKED']]);
      expect(ran.errors[0]?.message).toContain(`127.0.0.1:${first}-${first + 1}`);
      expect(table.show()).toEqual(['X (1) | private | hidden | oldgeneric']);
    } finally {
      await Promise.all(others.map((other) => other.close()));
    }
    expect(await table.run('manage', table.x(['1']), '--no-verify')).toMatchObject({
      code: 0,
      done: ['resume 1', 'publish 1'],
    });
  });
});

/** Every file below a folder, as text, by its path in it. */
async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder, {recursive: true, withFileTypes: true});
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

describe('S6: what a run keeps on this host, prints, and stores on the image', () => {
  it('S6: holds no password, no token of the cloud and neither token nor key of the guest, though the console shows all of them', async () => {
    const password = 'fake-secret';
    expect(table.cloud.cloudsYaml()).toContain(password);
    let secrets: readonly string[] = [];
    table.cloud.compute.onServer = (server) => {
      const userData = Buffer.from(server.userData ?? '', 'base64').toString();
      const token = /"token":"([0-9a-f]{64})"/.exec(userData)?.[1] ?? 'no token';
      secrets = [password, token, downloadKey(token)];
      expect(userData).toContain(downloadKey(token));
      const said = `user data: ${userData}\nlogin of the cloud: ${password}\nBearer ${downloadKey(token)}\n`;
      server.life = {fault: `no disk for ${password} and ${token}`, console: `${token.slice(9)}\n${said}${said}`};
    };
    const listen = ['--listen', '127.0.0.1:0', '--advertise', '127.0.0.1'];
    const ran = await table.run('manage', table.x(['1']), '--verify', '--debug', ...listen);
    expect(ran.code).not.toBe(0);
    const [, token = ''] = secrets;
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    const files = await filesIn(join(table.folder, 'state'));
    expect(Object.keys(files).filter((path) => path.includes('/evidence/'))).toHaveLength(1);
    const images = JSON.stringify(table.cloud.views());
    for (const [path, text] of [...Object.entries(files), ['output', ran.text] as const, ['images', images] as const])
      for (const secret of [...secrets, token.slice(9)])
        expect(text.includes(secret), `${path}: ${secret}`).toBe(false);
    expect(Object.values(files).join('')).toContain('login of the cloud: ***');
  });
});

describe('other boot properties than those that an image was booted with', () => {
  const boot = {verify: '{mode: boot}'};
  const virtio = {hw_disk_bus: 'virtio'};
  beforeEach(async () => {
    table.cloud.compute.life = {console: 'x login: '};
    expect(await table.run('manage', wanted(), '--verify')).toMatchObject({code: 0});
  });

  const BYTES = Buffer.alloc(50_000, 'the bytes of version 1 ');
  const digest = createHash('sha512').update(BYTES).digest('hex');
  const wanted = (meta: Readonly<Record<string, string>> = {}): string =>
    table.x([listed('1', table.serve('1', BYTES), {checksum: `sha512:${digest}`})], boot, meta);

  const rotated = ['acquire 1', 'verify 1', 'publish 1', 'retire 1'];
  const result = ['X (1-1) | public | oldgeneric', 'X | public | generic'];
  const detail = (ran: Ran): string | undefined =>
    ran.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire')?.detail;

  it('are proven on a new candidate, made from the source', async () => {
    const ran = await table.run('manage', wanted(virtio), '--verify');
    expect(ran).toMatchObject({code: 0, done: rotated});
    expect(detail(ran)).toContain('method web-download');
    expect(table.show()).toEqual(result);
    expect(table.cloud.compute).toMatchObject({servers: [], ports: []});
    await table.expectQuiet();
  });

  it.each([
    ['has other bytes by now', (text: string) => (table.serve('1', Buffer.from('other bytes')), text)],
    ['is gone', (text: string) => (table.upstream.remove('/x-1.img'), text)],
    ['cannot be proven, since no digest is demanded', (text: string) => text.replace(/, checksum: '[^']*'/, '')],
  ])('are proven on a copy from Glance where the source %s', async (_, change) => {
    const [before] = table.cloud.views();
    const ran = await table.run('manage', change(wanted(virtio)), '--verify');
    expect(ran).toMatchObject({code: 0, done: rotated});
    expect(detail(ran)).toContain(`bytes of image ${String(before?.['id'])}`);
    expect(table.show()).toEqual(result);
    expect(new Set(table.cloud.views().map((view) => view['os_hash_value'])).size).toBe(1);
    await table.expectQuiet();
  });

  it('are proven on a copy although Glance breaks off in the middle of it once', async () => {
    const broken = table.cloud.misbehave('halfAnswer', {match: {method: 'GET', path: /\/file$/}});
    const ran = await table.run('manage', wanted(virtio).replace(/, checksum: '[^']*'/, ''), '--verify');
    expect(ran).toMatchObject({code: 0, done: rotated});
    expect([broken.happened(), ran.warnings]).toEqual([1, ['import-fallback']]);
    expect(table.show()).toEqual(result);
  });

  it('are not proven where Glance breaks off again and again: nothing half-made is left', async () => {
    table.cloud.misbehave('halfAnswer', {times: Infinity, match: {method: 'GET', path: /\/file$/}});
    const ran = await table.run('manage', wanted(virtio).replace(/, checksum: '[^']*'/, ''), '--verify');
    expect(ran.code).toBe(75);
    expect(ran.errors.map(({code}) => code)).toContain('UNAVAILABLE');
    expect(table.show()).toEqual(['X | public | generic']);
  });

  it('keep the published image where the copy comes out different', async () => {
    const [before] = table.cloud.views();
    table.cloud.images.change(String(before?.['id']), 'a disk fault', (image) => {
      image.os_hash_value = '0'.repeat(128);
    });
    const ran = await table.run('manage', wanted(virtio).replace(/, checksum: '[^']*'/, ''), '--verify');
    expect(ran.code).toBe(1);
    expect(ran.errors.map(({code}) => code)).toContain('DIGEST_MISMATCH');
    expect(table.show()).toEqual(['X | public | generic']);
  });
});

describe('verify', () => {
  it('U3: says in one line that there is nothing to verify, with the cloud, and ends with 0', async () => {
    const argv = ['verify', '--cloud', 'admin', '--images', await table.write(table.x(['1']))];
    for (const more of [[], ['--deep']]) {
      const {code, out, err} = await table.print(...argv, ...more);
      expect([code, out]).toEqual([0, '']);
      expect(err.match(/nothing to do/g)).toHaveLength(1);
      expect(err).toContain('WARNING  | admin: no selected definition has a current image: nothing to do');
    }
    expect((await table.imgmgr(...argv)).warnings).toEqual(['nothing-to-verify']);
  });

  it('names an image that is not there, and asks for the id where several bear the name', async () => {
    expect(await table.imgmgr('verify', '--cloud', 'admin', 'nothing')).toMatchObject({code: 1});
    expect((await table.imgmgr('verify', '--cloud', 'admin', './absent.qcow2')).code).not.toBe(0);
  });

  it('a local file does not go to a cloud: exit 2', async () => {
    const ran = await table.imgmgr('verify', '--cloud', 'admin', './disk.qcow2');
    expect(ran.code).toBe(2);
    expect(ran.text).toContain('import the file there first');
  });
});

describe('U3: the verdict of verify is on stdout', () => {
  it.each([
    [{console: 'x login: '}, 0, /^X \(1\) passed \(datasource metadata\): the console shows login:\n$/],
    [
      {console: 'Kernel panic - not syncing'},
      5,
      /^X \(1\) failed its verification \(datasource metadata\): kernel-panic, .+\n( {2}hint: .+\n)?( {2}evidence: .+\n)?$/,
    ],
  ])('%j, also with -q, and not on stderr besides', async (life, code, answer) => {
    const text = table.x(['1'], {verify: '{mode: boot}'});
    await table.manage(text);
    table.cloud.compute.life = life;
    const argv = ['verify', '--cloud', 'admin', '--images', await table.write(text)];
    const loud = await table.print(...argv);
    expect([loud.code, loud.out]).toMatchObject([code, expect.stringMatching(answer)]);
    expect(loud.err).not.toContain('X (1) ');
    expect((await table.print(...argv, '-q')).out).toMatch(answer);
  });
});
