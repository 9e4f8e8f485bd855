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
import {writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('--shard on the real $region Glance', ({cloud, url}) => {
  const [four, one] = [`shard-${cloud}-four`, `shard-${cloud}-one`];
  const prefixes = [four, one];
  let admin: RealGlance;
  let dir: string;

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    for (const prefix of prefixes) await admin.clear(prefix);
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-shard-'));
  });
  afterAll(async () => {
    for (const prefix of prefixes) await admin.clear(prefix);
    await rm(dir, {recursive: true, force: true});
  });

  /** The same definitions under another prefix, of a version; one is held. */
  const wanted = async (prefix: string, version: string): Promise<string> => {
    const names = Array.from({length: 6}, (_, at) => `${prefix} ${at}`);
    const held = 'hold: {until: 2099-01-01, reason: freeze}';
    return writeWanted(
      upstream,
      await mkdtemp(join(dir, 'definitions-')),
      names.map((name, at) => ({
        ...{name, version, algorithm: 'sha512' as const, validity: 'last-1'},
        ...(at === 5 && version === '2' && {extra: held}),
      })),
    );
  };
  const manage = async (images: string, host: string, ...flags: readonly string[]): Promise<Ran> =>
    imgmgr(['manage', '--cloud', cloud, '--images', images, ...flags], {XDG_STATE_HOME: join(dir, host)});
  const byFour = async (version: string, ...flags: readonly string[]): Promise<readonly Ran[]> => {
    const images = await wanted(four, version);
    return Promise.all(
      [1, 2, 3, 4].map(async (shard) => manage(images, `host-${shard}`, '--shard', `${shard}/4`, ...flags)),
    );
  };
  /** What runs did together, whatever came first. */
  const together = (ran: readonly Ran[]) => ({
    codes: [...new Set(ran.map(({code}) => code))],
    done: ran.flatMap(({done}) => done).sort(),
    writes: ran
      .flatMap(({writes}) => writes.map((write) => write.replace(/[0-9a-f-]{36}/, 'ID')))
      .filter(isNoLease)
      .sort(),
    counts: Object.fromEntries(
      ['imported', 'retired', 'deleted', 'unchanged', 'failed', 'pending'].map((field) => [
        field,
        ran.reduce((sum, {counts}) => sum + (counts[field] ?? 0), 0),
      ]),
    ),
    held: ran.flatMap(({lines}) => lines.filter(({code}) => code === 'held')).length,
  });
  /** All that an image has but ids, times and digests of its own. */
  const images = async (prefix: string) => {
    const named = await admin.named(prefix);
    return Object.fromEntries(named.map((image) => [image.name.replace(prefix, 'PREFIX'), comparable(image, prefix)]));
  };

  it('four processes side by side do together what one run does, step by step', async () => {
    for (const [version, ...flags] of [['1'], ['1'], ['2'], ['2', '--delete', '--yes']] as const) {
      const ran = await byFour(version, ...flags);
      const alone = [await manage(await wanted(one, version), 'alone', ...flags)];
      expect(together(ran), ran.map(({stderr}) => stderr).join('')).toEqual(together(alone));
      expect(together(ran).codes).toEqual([0]);
      expect(await images(four)).toEqual(await images(one));
    }
    expect((await admin.named(one)).length).toBeGreaterThan(6);
    expect(await admin.named('imgmgr lease')).toEqual([]);
    expect(together(await byFour('2')).writes).toEqual([]);
  });
});

/** Each process has a lease of its own. */
function isNoLease(write: string): boolean {
  return !/^(POST \/v2\/images|DELETE \/v2\/images\/ID|PATCH \/v2\/images\/ID)$/.test(write);
}

// Of tags Glance keeps no order.
const OWN = new Set([
  'tags',
  'id',
  'checksum',
  'os_hash_value',
  'self',
  'file',
  'schema',
  'created_at',
  'updated_at',
  'direct_url',
  'locations',
]);

function comparable(image: RealImage, prefix: string): unknown {
  const fields = Object.entries(image).filter(
    ([key]) => !OWN.has(key) && !/^imgmgr_(run|host|record|digests?)$/.test(key),
  );
  return JSON.parse(
    JSON.stringify(
      Object.fromEntries([...fields, ['tags', [...image.tags].sort()] as const].sort(([a], [b]) => (a < b ? -1 : 1))),
    )
      .replaceAll(prefix, 'PREFIX')
      .replaceAll(/sha512:[0-9a-f]+/g, 'DIGEST'),
  ) as unknown;
}
