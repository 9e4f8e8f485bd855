import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {Line, Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('history on the real $region Glance', ({cloud, url}) => {
  const name = `remembered-${cloud}`;
  let admin: RealGlance;
  let dir: string;

  /** Each host with a state folder of its own. */
  const on = async (host: string, ...argv: readonly string[]): Promise<Ran> =>
    imgmgr([...argv, '--cloud', cloud], {XDG_STATE_HOME: join(dir, host)});
  const rows = ({lines}: Ran, type: string): readonly Line[] => lines.filter((line) => line.type === type);

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-history-'));
    await admin.clear(name);
  });
  afterAll(async () => {
    await admin.clear(name);
    await rm(dir, {recursive: true, force: true});
  });

  it('lists a run on its own host; a second one, without a history, tells it by the images, and makes no file', async () => {
    const images = await writeWanted(upstream, dir, [{name, version: '1', algorithm: 'sha512', validity: 'last-1'}]);
    expect(await on('one', 'manage', '--images', images)).toMatchObject({code: 0, done: ['acquire 1', 'publish 1']});
    const own = await on('one', 'history', name);
    expect(own, own.stderr).toMatchObject({code: 0, writes: []});
    expect(rows(own, 'history-elsewhere')).toEqual([]);
    const [run] = rows(own, 'history-run');
    expect(run).toMatchObject({verb: 'manage', state: 'SUCCESS', exitCode: 0, clouds: [cloud], definitions: [name]});
    const {id} = run as unknown as {readonly id: string};
    const other = await on('two', 'history', name);
    expect(other, other.stderr).toMatchObject({code: 0, writes: []});
    expect(rows(other, 'history-elsewhere')).toMatchObject([
      {id, cloud, definitions: [name], images: [{name, version: '1', state: 'current', verdict: null}]},
    ]);
    const one = await on('two', 'history', id.slice(0, 8));
    expect(rows(one, 'history-elsewhere')).toMatchObject([{id}]);
    expect(await readdir(dir)).not.toContain('two');
  });

  it('says after a run that failed why, and in which action', async () => {
    const images = await writeWanted(upstream, dir, [{name, version: '2', algorithm: 'sha512', validity: 'last-1'}]);
    const ran = await on('one', 'manage', '--images', images, '--stores', 'no-such-store');
    expect(ran.code, ran.stderr).not.toBe(0);
    const [run] = rows(await on('one', 'history', '--failed', '--limit', '1'), 'history-run');
    expect(run).toMatchObject({
      state: 'FAILED',
      exitCode: ran.code,
      reason: expect.stringMatching(/^[A-Z_]+: /) as string,
    });
  });
});
