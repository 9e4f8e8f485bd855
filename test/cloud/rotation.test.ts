import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import type {Wanted} from './support/wanted.ts';
import {show, writeWanted} from './support/wanted.ts';

let upstream: Upstream;
let dir: string;

beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-cloud-'));
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

// The 500 ms hold on a cloud that has nothing else to do, so this file runs alone, and a busy moment gets another try.
describe.each(NEWEST)('manage on the real $region Glance', ({cloud, url}) => {
  const prefix = `rotate-${cloud}`;
  let admin: RealGlance;
  let owner: RealGlance;

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    owner = await RealGlance.login(url, 'demo');
    await admin.clear(prefix);
  });
  afterEach(async () => {
    await admin.clear(prefix);
  });

  const manage = async (wanted: readonly Wanted[]): Promise<Ran> =>
    imgmgr(['manage', '--cloud', cloud, '--images', await writeWanted(upstream, dir, wanted), '--no-verify']);

  it(
    'rotates without a gap: a client that polls every 20 ms never misses the name or sees something half-done',
    {retry: 2},
    async () => {
      const name = `${prefix} rotation`;
      const tag = name.replaceAll(' ', '-');
      await manage([{name, version: '1', algorithm: 'sha512'}]);
      const seen = {polls: 0, missing: 0, doubleMs: 0, wrong: [] as string[], tagged: [] as string[]};
      let over = false;
      const stranger = owner;
      // Glance commits a PATCH's tags some ms after all the rest, in a transaction of their own (docs/how-it-works.md).
      const tagged = new Set<string>();
      const poll = async (): Promise<void> => {
        let doubleSince: number | undefined;
        while (!over) {
          const shown = (await stranger.list(`name=${encodeURIComponent(name)}`)).filter((image) => !image.os_hidden);
          seen.polls++;
          if (shown.length === 0) seen.missing++;
          if (shown.length > 1)
            seen.doubleMs = Math.max(seen.doubleMs, performance.now() - (doubleSince ??= performance.now()));
          else doubleSince = undefined;
          for (const image of shown)
            if (
              image.status !== 'active' ||
              image['os_purpose'] !== 'generic' ||
              image['image_original_user'] !== 'debian' ||
              image['internal_version'] === undefined ||
              (!image.tags.includes('os:debian') && tagged.has(image.id))
            )
              seen.wrong.push(JSON.stringify(image));
            else if (image.tags.includes('os:debian')) tagged.add(image.id);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const pollTag = async (who: RealGlance): Promise<void> => {
        while (!over) {
          const [newest] = await who.list(`tag=${tag}&status=active&sort=created_at:desc`);
          if (newest?.name !== name || newest.os_hidden || newest.visibility !== 'public')
            seen.tagged.push(JSON.stringify(newest ?? null));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const polls = [poll(), pollTag(stranger), pollTag(admin)];
      const ran = await manage([{name, version: '2', algorithm: 'sha512'}]);
      over = true;
      await Promise.all(polls);
      expect(ran.done).toEqual(['acquire 2', 'publish 2', 'retire 1']);
      expect(seen.polls).toBeGreaterThan(10);
      expect(seen).toMatchObject({missing: 0, wrong: [], tagged: []});
      expect(seen.doubleMs).toBeLessThanOrEqual(500);
      expect(show(await admin.named(name))).toEqual([
        `${name} (1) | public | oldgeneric`,
        `${name} | public | generic`,
      ]);
    },
  );
});
