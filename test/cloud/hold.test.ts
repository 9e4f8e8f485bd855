import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {RealImage} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {show, writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('hold on the real $region Glance', ({cloud, url}) => {
  const name = `held-${cloud}`;
  let admin: RealGlance;
  let dir: string;

  /** Each host with a state folder of its own. */
  const on = async (host: string, ...argv: readonly string[]): Promise<Ran> =>
    imgmgr([...argv, '--cloud', cloud], {XDG_STATE_HOME: join(dir, host)});
  const manage = async (host: string, version: string): Promise<Ran> => {
    const images = await writeWanted(upstream, dir, [{name, version, algorithm: 'sha512', validity: 'last-1'}]);
    return on(host, 'manage', '--images', images);
  };
  const records = async (): Promise<readonly RealImage[]> => admin.named(`imgmgr hold ${name}`);

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-hold-'));
    await admin.clear(name);
    await admin.clear(`imgmgr hold ${name}`);
  });
  afterAll(async () => {
    await admin.clear(name);
    await admin.clear(`imgmgr hold ${name}`);
    await rm(dir, {recursive: true, force: true});
  });

  it('is seen by a second host: its run acquires the next version and publishes nothing, exit 0', async () => {
    expect(await manage('one', '1')).toMatchObject({code: 0, done: ['acquire 1', 'publish 1']});
    const held = await on('one', 'hold', name, '--until', '2099-01-01', '--reason', 'freeze');
    expect(held, held.stderr).toMatchObject({code: 0});
    expect(held.writes.map((write) => write.split(' ')[0])).toEqual(['POST']);
    expect(await records()).toMatchObject([{visibility: 'private', os_hidden: true, status: 'queued'}]);
    expect(JSON.stringify(await records())).not.toContain('freeze');
    const ran = await manage('two', '2');
    expect(ran, ran.stderr).toMatchObject({code: 0, done: ['acquire 2']});
    expect(ran.lines.filter(({code}) => code === 'held').map(({message}) => message)).toEqual([
      expect.stringMatching(
        /^held-\S+ is held until 2099-01-02 00:00 UTC \(run \S+ on .*\); publish 2 waits for that$/,
      ),
    ]);
    expect(show(await admin.named(name))).toEqual([
      `${name} (2) | private | hidden | oldgeneric`,
      `${name} | public | generic`,
    ]);
    expect(await manage('two', '2')).toMatchObject({code: 0, writes: []});
  });

  it('is no image for people, and its date is changed by the second host in one PATCH', async () => {
    const member = await RealGlance.login(url, 'demo');
    expect((await member.named('imgmgr hold')).filter((image) => image.name === `imgmgr hold ${name}`)).toEqual([]);
    const changed = await on('two', 'hold', name, '--until', '2098-01-01');
    expect(changed, changed.stderr).toMatchObject({code: 0});
    expect(changed.writes.map((write) => write.split(' ')[0])).toEqual(['PATCH']);
    const shown = await on('one', 'status', '--images', join(dir, 'images.yml'));
    expect(JSON.stringify(shown.lines)).toContain('"hold":{"until":"2098-01-02T00:00:00.000Z","lasts":true');
  });

  it('ends for both when one lifts it; what waits is published without a second import', async () => {
    expect(await on('one', 'unhold', name)).toMatchObject({code: 0});
    expect(await records()).toEqual([]);
    const ran = await manage('two', '2');
    expect(ran, ran.stderr).toMatchObject({code: 0, done: ['publish 2', 'retire 1']});
  });
});
