import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {GLANCES, NEWEST, RealGlance} from './support/glance.ts';
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

/** What the tests of one Glance share; what they made is removed after each. */
function onGlance({cloud, url}: (typeof GLANCES)[number]): {
  readonly prefix: string;
  readonly admin: () => RealGlance;
  readonly owner: () => RealGlance;
  readonly manage: (wanted: readonly Wanted[], ...flags: string[]) => Promise<Ran>;
} {
  const prefix = `accept-${cloud}`;
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

  return {
    prefix,
    admin: () => admin,
    owner: () => owner,
    manage: async (wanted, ...flags) =>
      imgmgr([
        'manage',
        '--cloud',
        cloud,
        '--images',
        await writeWanted(upstream, dir, wanted),
        '--no-verify',
        ...flags,
      ]),
  };
}

describe.each(GLANCES)('manage on the real $region Glance', (glance) => {
  const {prefix, admin, manage} = onGlance(glance);

  it('imports by all three methods, and the second run writes nothing', async () => {
    const wanted: Wanted[] = [
      {name: `${prefix} web`, version: '1', algorithm: 'sha512'},
      {name: `${prefix} direct`, version: '1', algorithm: 'sha256'},
      {name: `${prefix} none`, version: '1'},
    ];
    const first = await manage(wanted);
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    const details = first.lines
      .flatMap(({type, action, detail}) =>
        type === 'action-done' && action?.kind === 'acquire'
          ? [`${action.definition.slice(prefix.length + 1)}: ${detail?.split(',')[0] ?? ''}`]
          : [],
      )
      .sort();
    expect(details).toEqual(['direct: method glance-direct', 'none: method web-download', 'web: method web-download']);
    const uploaded = await manage(
      [...wanted, {name: `${prefix} put`, version: '1', algorithm: 'sha256'}],
      '--method',
      'upload',
    );
    expect(
      uploaded.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire')?.detail,
    ).toContain('method upload');
    const images = await admin().named(prefix);
    expect(show(images)).toEqual(
      ['direct', 'none', 'put', 'web'].map((name) => `${prefix} ${name} | public | generic`),
    );
    for (const image of images) {
      expect(image.tags).toEqual(
        expect.arrayContaining(['managed_by_imgmgr', 'os:debian', image.name.replaceAll(' ', '-')]),
      );
      expect(image['image_source']).toBe(`${upstream.url}/${image.name.replaceAll(' ', '-')}-1.img`);
    }
    const again = await manage([...wanted, {name: `${prefix} put`, version: '1', algorithm: 'sha256'}]);
    expect([again.code, again.writes, again.done, again.counts['unchanged']]).toEqual([0, [], [], 4]);
    expect(again.glanceCalls).toBeLessThanOrEqual(3);
  });
});

describe.each(NEWEST)('what manage does on the real $region Glance', (glance) => {
  const {prefix, admin, manage} = onGlance(glance);
  const {cloud} = glance;

  it('brings changed metadata to the existing image in one PATCH', async () => {
    const name = `${prefix} drift`;
    await manage([{name, version: '1'}]);
    const [before] = await admin().named(name);
    const ran = await manage([
      {name, version: '1', meta: {os_version: '13', hotfix_hours: '48'}, extra: 'keep: false'},
    ]);
    expect(ran.done).toEqual(['update 1']);
    expect(ran.writes.filter((call) => call.includes(before?.id ?? '?'))).toEqual([
      `PATCH /v2/images/${before?.id ?? ''}`,
    ]);
    const [after] = await admin().named(name);
    expect([after?.id, after?.['os_version'], after?.['hotfix_hours']]).toEqual([before?.id, '13', '48']);
    expect((await manage([{name, version: '1', meta: {os_version: '13', hotfix_hours: '48'}}])).writes).toEqual([]);
  });

  it('hides superseded images with --hide, name and visibility kept, and republishes when the catalogue goes back', async () => {
    const name = `${prefix} hide`;
    await manage([{name, version: '1'}]);
    await manage([{name, version: '2'}], '--hide');
    expect(show(await admin().named(name))).toEqual([
      `${name} | public | generic`,
      `${name} | public | hidden | oldgeneric`,
    ]);
    const back = await manage([{name, version: '1'}]);
    expect(back.done).toEqual(['publish 1', 'retire 2']);
    expect(show(await admin().named(name))).toEqual([
      `${name} (2) | public | oldgeneric`,
      `${name} | public | generic`,
    ]);
    const hidden = await imgmgr(['hide', '--cloud', cloud, '--images', join(dir, 'images.yml')]);
    expect(hidden.done).toEqual(['hide 2']);
  });

  // What each promise protects is core's (test/unit/core/dates.test.ts); here once something goes and something stays.
  const promises: readonly [validity: string, left: readonly string[]][] = [
    ['last-2', ['', ' (2)']],
    ['last-1', ['']],
    ['none', ['', ' (1)', ' (2)']],
    ['notice', ['', ' (1)', ' (2)']],
    ['forever', ['', ' (1)', ' (2)']],
    ['2020-01-01', ['']],
    ['2999-12-31', ['', ' (1)', ' (2)']],
  ];
  it.each(promises.slice(0, process.env['FULL'] === '1' ? undefined : 1))(
    'deletes by uuid_validity %s with delete --yes, and lists only without',
    async (validity, left) => {
      const name = `${prefix} keep`;
      for (const version of ['1', '2', '3']) await manage([{name, version, validity}]);
      const images = join(dir, 'images.yml');
      const listed = await imgmgr(['delete', '--cloud', cloud, '--images', images]);
      expect([listed.code, listed.writes]).toEqual([0, []]);
      expect(listed.lines.flatMap((line) => (line.type === 'deletable' ? (line.images ?? []) : []))).toHaveLength(
        3 - left.length,
      );
      const deleted = await imgmgr(['delete', '--cloud', cloud, '--images', images, '--yes']);
      expect([deleted.code, deleted.counts['deleted']]).toEqual([0, 3 - left.length]);
      expect((await admin().named(name)).map((image) => image.name).sort()).toEqual(
        left.map((suffix) => `${name}${suffix}`),
      );
    },
  );

  it('plans in dry-run, without a single write, what manage then does, action by action', async () => {
    const wanted = ['a', 'b'].map((letter) => ({name: `${prefix} plan ${letter}`, version: '1'}));
    await manage(wanted);
    const next = [
      {name: `${prefix} plan a`, version: '2'},
      {name: `${prefix} plan b`, version: '1', meta: {os_version: '13'}},
      {name: `${prefix} plan c`, version: '1'},
    ];
    const dry = await imgmgr(['dry-run', '--cloud', cloud, '--images', await writeWanted(upstream, dir, next)]);
    expect([dry.code, dry.writes]).toEqual([3, []]);
    const planned = dry.lines.find(({type}) => type === 'planned')?.actions ?? [];
    const real = await manage(next);
    const performed = real.lines.flatMap(({type, action}) => (type === 'action-done' && action ? [action] : []));
    const inOrder = (actions: readonly {definition: string}[]): object[] =>
      [...actions].sort((x, y) => x.definition.localeCompare(y.definition));
    expect(inOrder(performed)).toEqual(inOrder(planned));
    const images = await writeWanted(upstream, dir, next);
    const after = await imgmgr(['dry-run', '--cloud', cloud, '--images', images, '--profile', 'openstack']);
    expect(after.code).toBe(0);
  });

  it('keeps the bytes in every demanded store, and mends one that lacks them', async () => {
    const name = `${prefix} stores`;
    await manage([{name, version: '1', algorithm: 'sha512', extra: 'stores: [file, fast]'}]);
    const [both] = await admin().named(name);
    expect(both?.stores?.split(',').sort()).toEqual(['fast', 'file']);
    await admin().call('DELETE', `/v2/stores/fast/${both?.id ?? ''}`);
    const mended = await manage([{name, version: '1', algorithm: 'sha512', extra: 'stores: [file, fast]'}]);
    expect(mended.done).toEqual(['copy 1']);
    expect((await admin().named(name))[0]?.stores?.split(',').sort()).toEqual(['fast', 'file']);
  });

  it('stops at an unstamped image of the project with its name, and adopts it when told', async () => {
    const name = `${prefix} adopt`;
    const theirs = await admin().create({
      name,
      disk_format: 'raw',
      container_format: 'bare',
      internal_version: '1',
      image_name: name,
      tags: ['managed_by_osism'],
    });
    await admin().upload(theirs.id, Buffer.alloc(1000, 'x'));
    const stopped = await manage([{name, version: '1'}]);
    expect([stopped.code, stopped.writes]).toEqual([1, []]);
    expect(stopped.lines.find(({type}) => type === 'definition-failed')?.error).toMatchObject({
      code: 'FOREIGN_IMAGE',
      message: expect.stringContaining(theirs.id) as string,
      hint: expect.stringContaining('--adopt') as string,
    });
    const adopted = await manage([{name, version: '1'}], '--adopt');
    expect([adopted.code, adopted.done]).toEqual([0, ['adopt 1']]);
    expect((await manage([{name, version: '1'}])).writes).toEqual([]);
  });

  it('refuses a wrong digest, leaves nothing of it, and keeps the published image', async () => {
    const name = `${prefix} digest`;
    await manage([{name, version: '1'}]);
    for (const [method, algorithm] of [
      ['glance-direct', 'sha256'],
      ['upload', 'sha256'],
      ['web-download', 'sha512'],
    ] as const) {
      const path = await writeWanted(upstream, dir, [{name, version: '2', algorithm}]);
      upstream.put(`/${name.replaceAll(' ', '-')}-2.img`, Buffer.alloc(2_000_000, 'something else'));
      const ran = await imgmgr(['manage', '--cloud', cloud, '--images', path, '--method', method]);
      expect([ran.code, ran.lines.find(({type}) => type === 'action-failed')?.error?.code]).toEqual([
        1,
        'DIGEST_MISMATCH',
      ]);
      expect(show(await admin().named(name))).toEqual([`${name} | public | generic`]);
    }
  });
});

describe('manage by an ordinary tenant on the real Glance', () => {
  const {prefix, owner} = onGlance(GLANCES[0]);

  it('says before any byte travels that an ordinary tenant may not publish', async () => {
    const name = `${prefix} member`;
    const ran = await imgmgr([
      'manage',
      '--cloud',
      'member',
      '--images',
      await writeWanted(upstream, dir, [{name, version: '1'}]),
    ]);
    expect(ran.code).toBe(1);
    expect(ran.lines.find(({type}) => type === 'action-failed')?.error).toMatchObject({code: 'FORBIDDEN'});
    expect(ran.writes.filter((call) => call.includes('import') || call.includes('file'))).toEqual([]);
    expect(await owner().named(name)).toEqual([]);
    expect(await owner().named('imgmgr lease')).toEqual([]);
  });
});
