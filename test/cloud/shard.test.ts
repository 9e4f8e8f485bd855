import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';
import {show, writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('--shard on the real $region Glance', ({cloud, url}) => {
  const prefix = `shard-${cloud}`;
  const names = Array.from({length: 6}, (_, at) => `${prefix} ${at}`);
  let admin: RealGlance;
  let dir: string;

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    await admin.clear(prefix);
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-shard-'));
  });
  afterAll(async () => {
    await admin.clear(prefix);
    await rm(dir, {recursive: true, force: true});
  });

  it('four processes side by side do together what one run does, and nothing the second time', async () => {
    const wanted = names.map((name) => ({name, version: '1', algorithm: 'sha512' as const}));
    const images = await writeWanted(upstream, dir, wanted);
    const runAll = async () =>
      Promise.all(
        [1, 2, 3, 4].map(async (shard) =>
          imgmgr(['manage', '--cloud', cloud, '--images', images, '--shard', `${shard}/4`], {
            XDG_STATE_HOME: join(dir, `host-${shard}`),
          }),
        ),
      );
    const ran = await runAll();
    expect(
      ran.map(({code}) => code),
      ran.map(({stderr}) => stderr).join(''),
    ).toEqual([0, 0, 0, 0]);
    expect(ran.flatMap(({done}) => done).filter((what) => what === 'publish 1')).toHaveLength(names.length);
    expect(show(await admin.named(prefix))).toEqual(names.map((name) => `${name} | public | generic`));
    expect((await runAll()).map(({code, writes}) => [code, writes])).toEqual(Array.from({length: 4}, () => [0, []]));
  });
});
