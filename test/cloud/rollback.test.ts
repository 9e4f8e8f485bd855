import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {show, writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('rollback on the real $region Glance', ({cloud, url}) => {
  const name = `rolled-${cloud}`;
  let admin: RealGlance;
  let dir: string;

  /** Each host with a state folder of its own. */
  const on = async (host: string, ...argv: readonly string[]): Promise<Ran> =>
    imgmgr([...argv, '--cloud', cloud], {XDG_STATE_HOME: join(dir, host)});
  const wanted = async (version: string): Promise<string> =>
    writeWanted(upstream, dir, [{name, version, algorithm: 'sha512', validity: 'last-3'}]);
  const manage = async (host: string, version: string): Promise<Ran> =>
    on(host, 'manage', '--images', await wanted(version));
  const rollback = async (...argv: readonly string[]): Promise<Ran> =>
    on('one', 'rollback', name, ...argv, '--images', await wanted('2'), '--no-verify', '--yes');

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-rollback-'));
    await admin.clear(name);
  });
  afterAll(async () => {
    await admin.clear(name);
    await rm(dir, {recursive: true, force: true});
  });

  it('goes back, and a second host neither imports nor publishes the revoked version', async () => {
    expect(await manage('one', '1')).toMatchObject({code: 0, done: ['acquire 1', 'publish 1']});
    expect(await manage('one', '2')).toMatchObject({code: 0, done: ['acquire 2', 'publish 2', 'retire 1']});
    const back = await rollback('--reason', 'no network');
    expect(back, back.stderr).toMatchObject({code: 0, done: ['revoke 2', 'publish 1', 'retire 2']});
    expect(show(await admin.named(name))).toEqual([`${name} (2) | public | oldgeneric`, `${name} | public | generic`]);
    expect(JSON.stringify(await admin.named(name))).not.toContain('no network');
    expect(await manage('two', '2')).toMatchObject({code: 0, writes: []});
    const shown = await on('two', 'show', name, '--images', await wanted('2'));
    expect(JSON.stringify(shown.lines)).toMatch(/"version":"2".*?"revoked":true/);
  });

  it('gives the version back with --undo', async () => {
    const undone = await rollback('2', '--undo');
    expect(undone, undone.stderr).toMatchObject({code: 0, done: ['lift 2', 'publish 2', 'retire 1']});
    expect(await manage('two', '2')).toMatchObject({code: 0, writes: []});
  });

  it('beside a run that imports a newer version waits for its lease, then refuses what it was not asked about; nothing is lost, and given again it goes back', async () => {
    const images = await wanted('3');
    upstream.misbehave('slow', {path: `/${name}-3.img`, delayMs: 150});
    const managing = on('two', 'manage', '--images', images);
    await expect.poll(async () => admin.named('imgmgr lease')).toHaveLength(1);
    const beside = await on(
      'one',
      'rollback',
      name,
      '--reason',
      'slow disk',
      '--images',
      images,
      '--no-verify',
      '--yes',
    );
    expect(await managing).toMatchObject({code: 0, done: ['acquire 3', 'publish 3', 'retire 2']});
    // Of its own it wrote the lease alone.
    const leases = new Set(beside.writes.map((write) => write.split(' ')[1]));
    expect(beside, beside.stderr).toMatchObject({code: 1, done: []});
    expect([...leases]).toEqual(['/v2/images', expect.stringMatching(/^\/v2\/images\/[0-9a-f-]{36}$/)]);
    expect(beside.writes.at(-1)).toMatch(/^DELETE /);
    expect(show(await admin.named(name))).toEqual([
      `${name} (1) | public | oldgeneric`,
      `${name} (2) | public | oldgeneric`,
      `${name} | public | generic`,
    ]);
    const again = await on(
      'one',
      'rollback',
      name,
      '--reason',
      'slow disk',
      '--images',
      images,
      '--no-verify',
      '--yes',
    );
    expect(again, again.stderr).toMatchObject({code: 0, done: ['revoke 3', 'publish 2', 'retire 3']});
    expect(await on('two', 'manage', '--images', images)).toMatchObject({code: 0, writes: []});
    expect(await admin.named('imgmgr lease')).toEqual([]);
    const undone = await on('one', 'rollback', name, '3', '--undo', '--images', images, '--no-verify', '--yes');
    expect(undone, undone.stderr).toMatchObject({code: 0, done: ['lift 3', 'publish 3', 'retire 2']});
  });

  it('takes the image away with --pull, for every host, until that is undone', async () => {
    const images = await wanted('3');
    const back = async (...argv: readonly string[]): Promise<Ran> =>
      on('one', 'rollback', name, ...argv, '--images', images, '--no-verify', '--yes');
    const pulled = await back('--reason', 'leaked key', '--pull');
    expect(pulled, pulled.stderr).toMatchObject({code: 0, done: ['revoke 3', 'deactivate 3']});
    expect(show(await admin.named(name))).toContainEqual(expect.stringMatching(/hidden.*oldgeneric/));
    expect(await on('two', 'manage', '--images', images)).toMatchObject({code: 0, writes: []});
    expect(await back('3', '--undo')).toMatchObject({code: 0, done: ['reactivate 3', 'lift 3', 'publish 3']});
    expect(show(await admin.named(name))).toContainEqual(`${name} | public | generic`);
  });
});
