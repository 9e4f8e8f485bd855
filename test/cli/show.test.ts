import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {definition} from '../unit/core/rules/subjects.ts';
import {own} from '../unit/core/status/live.ts';
import type {Desk} from './operator.ts';
import {openDesk} from './operator.ts';

interface Shown {
  readonly type: string;
  readonly definition: {readonly name: string; readonly enabled: boolean} | null;
  readonly images: readonly {readonly id: string; readonly properties: Readonly<Record<string, string>>}[];
  readonly chain: readonly {readonly image: string; readonly state: string | null; readonly reason: string | null}[];
  readonly servers?: Readonly<Record<string, {readonly kind: string; readonly count?: number}>>;
}

let desk: Desk;
let images = '';

beforeAll(async () => {
  desk = await openDesk();
});
beforeEach(async () => {
  for (const {id} of desk.cloud.images.all()) desk.cloud.images.remove(id, 'test');
  desk.cloud.servers.length = 0;
  images = await desk.write(['images:', definition({version: {build_date: '2026-01-30'}}), ''].join('\n'));
  desk.cloud.clearLog();
});
afterAll(async () => desk.close());

function seed(stamp: Parameters<typeof own>[0] = {}, properties: Readonly<Record<string, string>> = {}): string {
  const {image} = own(stamp, {properties: {image_build_date: '2026-01-30', ...properties}});
  return desk.cloud.seed({
    ...{name: image.name, visibility: image.visibility, tags: image.tags, min_disk: 8, min_ram: 512},
    properties: image.properties,
  }).id;
}

async function show(
  target: string,
  ...argv: readonly string[]
): Promise<{readonly code: number; readonly out: string}> {
  return desk.print('show', target, '--cloud', 'admin', '--images', images, ...argv);
}

async function shown(target: string, ...argv: readonly string[]): Promise<Shown | undefined> {
  const {out} = await show(target, ...argv, '--json');
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Shown).find(({type}) => type === 'shown');
}

describe('imgmgr show', () => {
  it('shows a definition with its current image and all its images, the newest version first', async () => {
    const current = seed();
    const retired = seed({version: '20261101', state: 'retired'});
    const failed = seed(
      {version: '20261125', state: 'quarantined'},
      {imgmgr_verdict: 'fail', imgmgr_verdict_cause: 'checks-failed', imgmgr_verdict_checks: 'dns'},
    );
    expect(await shown('Ubuntu 24.04')).toMatchObject({
      definition: {name: 'Ubuntu 24.04', enabled: true, versions: ['20261124'], newest: '20261124'},
      images: [{id: current, stamp: {version: '20261124', state: 'current'}, verdict: null}],
      chain: [
        {image: failed, state: 'quarantined', reason: 'checks-failed, dns'},
        {image: current, state: 'current', reason: null},
        {image: retired, state: 'retired', reason: null},
      ],
    });
    const {out, code} = await show('Ubuntu 24.04');
    expect(out).toContain('Ubuntu 24.04 on admin\n  definition  ');
    expect(out).toMatch(
      /\n {2}image {7}[0-9a-f-]{36} {2}Ubuntu 24.04\n {2}managed {5}Ubuntu 24.04, version 20261124, current/,
    );
    expect(out).toContain(`${failed}  Ubuntu 24.04: 20261125, quarantined, public`);
    expect(code).toBe(0);
  });

  it('shows an image by its id, with properties, findings, what to do, and no record of our own', async () => {
    const id = seed({}, {os_purpose: 'general'});
    const found = await shown(id);
    expect(found?.images.map((image) => image.id)).toEqual([id]);
    expect(Object.keys(found?.images[0]?.properties ?? {}).filter((key) => key.startsWith('imgmgr_'))).toEqual([]);
    const {out} = await show(id);
    expect(out).toContain('            os_purpose = general\n');
    expect(out).toMatch(/finding {5}error scs-0102\/os_purpose-value: .*\n {14}hint \(manage\): /);
  });

  it('shows an image of others by its id or name', async () => {
    const {id} = desk.cloud.seed({name: 'Theirs', owner: 'someone', properties: {os_distro: '\u001b[31m'}});
    expect(await shown(id)).toMatchObject({definition: null, images: [{id, stamp: null}], chain: []});
    expect(await shown('Theirs')).toMatchObject({images: [{id}]});
    // eslint-disable-next-line no-control-regex
    expect((await show('Theirs')).out).not.toMatch(/\u001b/);
  });

  it('lists the images where several bear the name', async () => {
    const [a, b] = ['x', 'y'].map((owner) => desk.cloud.seed({name: 'Twice', owner, properties: {}}).id);
    const found = await shown('Twice');
    expect(found?.images).toEqual([]);
    expect(found?.chain.map(({image}) => image).sort()).toEqual([a, b].sort());
    const {out, code} = await show('Twice');
    expect(out).toContain('images that bear the name; give the id of one:');
    expect(code).toBe(0);
  });

  it('shows a definition that is gone, and one without an image', async () => {
    expect(await shown('Ubuntu 24.04')).toMatchObject({definition: {name: 'Ubuntu 24.04'}, images: [], chain: []});
    const id = seed({definition: 'Gone', version: '1'});
    expect(await shown('Gone')).toMatchObject({definition: null, images: [{id}], chain: [{image: id}]});
  });

  it('refuses a name that nothing has, with the nearest one, exit 2', async () => {
    const {code, err} = await desk.print('show', 'Ubuntu 24.4', '--cloud', 'admin', '--images', images);
    expect(err).toContain('there is no definition and no image "Ubuntu 24.4"');
    expect(err).toContain('did you mean "Ubuntu 24.04"?');
    expect(code).toBe(2);
  });

  it('says with --servers who uses the images, and asks Nova for nothing without it', async () => {
    const id = seed();
    await shown(id);
    expect(desk.cloud.requests.filter(({service}) => service === 'compute')).toEqual([]);
    expect((await shown(id, '--servers'))?.servers).toEqual({[id]: {kind: 'unused'}});
    expect((await show(id, '--servers')).out).toContain('servers     none uses it');
    desk.cloud.servers.push({id: 's1', name: 'web', projectId: 'q', imageId: id});
    expect((await shown(id, '--servers'))?.servers).toMatchObject({[id]: {kind: 'used-by', count: 1}});
    expect((await show(id, '--servers')).out).toContain('servers     1 server\n              project q: 1\n');
  });

  it('has no --format junit, exit 2', async () => {
    expect((await show('Ubuntu 24.04', '--format', 'junit')).code).toBe(2);
  });

  it('writes nothing to the cloud', async () => {
    seed();
    await shown('Ubuntu 24.04', '--servers');
    expect(desk.cloud.writes().filter(({path}) => !path.includes('auth'))).toEqual([]);
  });
});
