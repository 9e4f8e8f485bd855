import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {listed} from './operator.ts';
import {fields, openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const BASE = ['X | public | generic'];
const ROTATED = ['X (1) | public | oldgeneric', 'X | public | generic'];

/** A listed version whose source is gone. */
function broken(version: string): string {
  return listed(version, `${table.upstream.url}/gone.img`);
}

/** Version 1, then 2. */
async function rotated(meta: Readonly<Record<string, string>> = {}): Promise<void> {
  await table.manage(table.x(['1'], {}, meta));
  await table.manage(table.x(['2'], {}, meta));
  expect(table.show()).toEqual(ROTATED);
  table.cloud.clearLog();
}

describe('rotation', () => {
  it('D3: the old base is named by its own version, whatever the list says', async () => {
    await table.manage(table.x(['v0']));
    expect((await table.manage(table.x(['v1', 'v2']))).code).toBe(0);
    expect(['X', 'X (v0)', 'X (v1)'].map((name) => table.named(name)['internal_version'])).toEqual(['v2', 'v0', 'v1']);
    expect(table.names()).toHaveLength(3);
    await table.expectQuiet();
  });

  it('D4: killed between publishing and retiring: the rerun finishes the swap and imports nothing', async () => {
    await table.manage(table.x(['1']));
    const before = structuredClone(table.cloud.images.all()[0]);
    await table.manage(table.x(['2']));
    table.byHand('X (1)', {name: 'X', tags: before?.tags ?? [], properties: before?.properties ?? {}});
    expect(table.names()).toEqual(['X', 'X']);
    const ran = await table.manage(table.x(['2']));
    expect([ran.code, ran.done, table.show()]).toEqual([0, ['retire 1'], ROTATED]);
    expect(table.named('X')['internal_version']).toBe('2');
    await table.expectQuiet();
  });

  it('D4: a queued record of a dead run is removed by its id, and its version imported', async () => {
    await table.manage(table.x(['1']));
    const left = table.cloud.seed({
      ...{name: 'X (2)', status: 'queued', visibility: 'private', os_hidden: true, tags: ['managed_by_imgmgr']},
      properties: {imgmgr_definition: 'X', imgmgr_version: '2', imgmgr_state: 'importing', imgmgr_run: 'dead'},
    });
    const ran = await table.manage(table.x(['2']));
    expect([ran.code, ran.done]).toEqual([0, ['remove 2', 'acquire 2', 'publish 2', 'retire 1']]);
    expect([table.cloud.images.find(left.id), table.show()]).toEqual([undefined, ROTATED]);
    await table.expectQuiet();
  });

  it('D5: the newest import fails: the base is not touched, older listed versions are imported all the same', async () => {
    await table.manage(table.x(['2']));
    const ran = await table.manage(table.x(['1', '2', broken('3')]));
    expect([ran.code, ran.done]).toEqual([1, ['acquire 1', 'publish 1']]);
    expect(table.show()).toEqual(ROTATED);
    expect(fields(table.named('X'), 'internal_version', 'tags')).toEqual([
      '2',
      ['T', 'managed_by_imgmgr', 'os:debian'],
    ]);
  });

  it("D16: an old image is oldgeneric and loses the definition's tags; `X` alone is generic", async () => {
    await rotated();
    expect(table.named('X (1)')).toMatchObject({os_purpose: 'oldgeneric', tags: ['managed_by_imgmgr']});
    const generic = table.cloud.views().filter((view) => view['os_purpose'] === 'generic');
    expect(generic.map((view) => view['name'])).toEqual(['X']);
  });

  it('D16, D15: hidden instead of renamed: both are X, the old one os_hidden and oldgeneric', async () => {
    await table.manage(table.x(['1'], {retire_as: 'hidden'}));
    expect((await table.manage(table.x(['2'], {retire_as: 'hidden'}))).code).toBe(0);
    expect(table.show()).toEqual(['X | public | generic', 'X | public | hidden | oldgeneric']);
    expect(table.named('X', '1')['tags']).toEqual(['managed_by_imgmgr']);
    await table.expectQuiet();
  });

  it("D15: retire_as: community is the peer's way: renamed and community", async () => {
    await table.manage(table.x(['1'], {retire_as: 'community'}));
    await table.manage(table.x(['2'], {retire_as: 'community'}));
    expect(table.show()).toEqual(['X (1) | community | oldgeneric', 'X | public | generic']);
    await table.expectQuiet();
  });

  it.each([[['--hide']], [['--retire-as', 'community']], [[]]])(
    'D11: a private image stays private (%j)',
    async (flags) => {
      await table.manage(table.x(['1'], {visibility: 'private'}));
      expect((await table.manage(table.x(['2'], {visibility: 'private'}), ...flags)).code).toBe(0);
      expect(table.cloud.views().map((view) => view['visibility'])).toEqual(['private', 'private']);
      await table.expectQuiet();
    },
  );
});

describe('images that are not as imgmgr made them', () => {
  it('U4: the remedy for a tagged image without a stamp is true: --adopt is named only where it helps, and then helps', async () => {
    const bare = table.cloud.seed({name: 'bare', tags: ['managed_by_imgmgr'], properties: {}});
    const torn = table.cloud.seed({
      name: 'torn',
      tags: ['managed_by_imgmgr'],
      properties: {imgmgr_schema: '1', imgmgr_definition: 'X', internal_version: '1'},
    });
    const hintOf = async (id: string, ...flags: readonly string[]): Promise<string | undefined> => {
      const {lines} = await table.run('dry-run', table.x(['1']), ...flags);
      return lines.find(({code, image}) => code === 'incomplete-stamp' && image === id)?.hint;
    };
    expect(await hintOf(bare.id)).toBe(
      `left alone; take the tag off: openstack image unset --tag managed_by_imgmgr ${bare.id}; --adopt takes it over only where its name and internal_version are those of a definition`,
    );
    expect(await hintOf(torn.id, '--adopt')).toBe(
      `left alone, also by --adopt; take the tag and its properties off: openstack image unset --tag managed_by_imgmgr --property imgmgr_schema --property imgmgr_definition ${torn.id}`,
    );
    const fits = table.cloud.seed({name: 'X', tags: ['managed_by_imgmgr'], properties: {internal_version: '1'}});
    const ran = await table.manage(table.x(['1']), '--adopt');
    expect([ran.code, ran.done]).toEqual([0, ['adopt 1']]);
    expect(table.named('X')['id']).toBe(fits.id);
  });

  it('D6: a tagged image without properties: a warning, left alone, the rest is done', async () => {
    const bare = table.cloud.seed({name: 'bare', tags: ['managed_by_imgmgr'], properties: {}});
    const ran = await table.manage(table.x(['1']), '--delete', '--yes');
    expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['acquire 1', 'publish 1'], ['incomplete-stamp']]);
    expect(table.cloud.writes().filter(({path}) => path.includes(bare.id))).toEqual([]);
    expect(table.show()).toContain('X | public | generic');
    await table.expectQuiet();
  });

  it('D12: a changed definition reaches the image in one PATCH; removed keys and tags go', async () => {
    await table.manage(table.x(['1'], {}, {os_version: "'12'", hotfix_hours: "'24'"}));
    const {id} = table.named('X');
    table.cloud.clearLog();
    const changed = table.x(
      ['1'],
      {tags: '[U]', min_ram: '128', visibility: 'community'},
      {os_version: "'12.1'", extra: 'new'},
    );
    const ran = await table.manage(changed);
    expect([ran.code, ran.done]).toEqual([0, ['update 1']]);
    const patches = table.cloud.writes().filter(({path}) => path.includes(String(id)));
    expect(patches.map(({method}) => method)).toEqual(['PATCH']);
    expect(table.named('X')).toMatchObject({
      ...{os_version: '12.1', extra: 'new', min_ram: 128, visibility: 'community'},
      tags: ['U', 'managed_by_imgmgr', 'os:debian'],
    });
    expect(table.named('X')).not.toHaveProperty('hotfix_hours');
    await table.expectQuiet();
  });

  it('D13: one source is unreachable: only that image fails, exit 75', async () => {
    const ran = await table.manage([
      table.x([listed('1', 'http://127.0.0.1:1/a.img')], {name: 'Away'}),
      table.x(['1']),
    ]);
    expect([ran.code, ran.counts['imported'], ran.counts['failed']]).toEqual([75, 1, 1]);
    expect(table.show()).toEqual(BASE);
  });

  it('D13: a deactivated image is reported and not waited for', async () => {
    await table.manage(table.x(['1']));
    table.byHand('X', {status: 'deactivated'});
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, ran.warnings]).toEqual([0, ['changed-by-hand']]);
    expect(table.show()).toEqual(['X | public | deactivated | generic']);
    await table.expectQuiet();
  });

  it('D14: a public image of another project with our tag and stamp: a warning, not deleted', async () => {
    await rotated({uuid_validity: 'last-1'});
    const theirs = table.cloud.seed({
      ...{name: 'X (0)', owner: 'theirs', visibility: 'public', tags: ['managed_by_imgmgr']},
      properties: {...table.cloud.images.all()[0]?.properties, imgmgr_version: '0', imgmgr_state: 'retired'},
    });
    const ran = await table.manage(table.x(['2'], {}, {uuid_validity: 'last-1'}), '--delete', '--yes');
    expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['delete 1'], ['foreign-tag']]);
    expect(table.cloud.images.find(theirs.id)).toMatchObject({visibility: 'public', name: 'X (0)'});
    await table.expectQuiet();
  });

  it.each([
    ['visibility', {visibility: 'private'}, ['X | private | generic'], ['update 1']],
    ['os_hidden', {os_hidden: true}, ['X | public | hidden | generic'], ['update 1']],
    ['status', {status: 'deactivated'}, ['X | public | deactivated | generic'], ['reactivate 1']],
  ])(
    'D20: %s changed by hand: reported, left alone; --force-state overwrites it',
    async (_field, change, shown, done) => {
      await table.manage(table.x(['1']));
      table.byHand('X', change);
      const ran = await table.manage(table.x(['1']));
      expect([ran.code, ran.warnings, table.show()]).toEqual([0, ['changed-by-hand'], shown]);
      await table.expectQuiet();
      const forced = await table.manage(table.x(['1']), '--force-state');
      expect([forced.code, forced.done, table.show()]).toEqual([0, done, BASE]);
      await table.expectQuiet();
    },
  );

  it('D20: an image that was pulled stays pulled when its successor comes', async () => {
    await table.manage(table.x(['1']));
    table.byHand('X', {visibility: 'private'});
    await table.manage(table.x(['2']));
    expect(table.show()).toEqual(['X (1) | private | oldgeneric', 'X | public | generic']);
    await table.expectQuiet();
  });

  it('D22: tags and properties that somebody else set stay, through drift and retirement', async () => {
    await table.manage(table.x(['1']));
    const {tags, properties} = table.cloud.images.all()[0] ?? {tags: [], properties: {}};
    table.byHand('X', {tags: [...tags, 'theirs'], properties: {...properties, their_key: 'v'}});
    await table.expectQuiet();
    await table.manage(table.x(['1'], {tags: '[U]'}));
    expect(table.named('X')['tags']).toEqual(expect.arrayContaining(['U', 'theirs']));
    await table.manage(table.x(['2'], {tags: '[U]'}));
    expect(table.named('X (1)')).toMatchObject({tags: ['managed_by_imgmgr', 'theirs'], their_key: 'v'});
  });

  it('D23: superseded images without any flag are retired once, and nothing is deleted', async () => {
    await rotated({uuid_validity: 'last-1'});
    const ran = await table.manage(table.x(['2'], {}, {uuid_validity: 'last-1'}));
    expect([ran.code, ran.done, table.show()]).toEqual([0, [], ROTATED]);
    await table.expectQuiet();
  });
});

describe('stops', () => {
  it('D9: latest without a digest URL is an error in the file: exit 2, no login, no cleanup', async () => {
    await rotated({uuid_validity: 'last-1'});
    const logins = table.cloud.requests.length;
    const bad = table.x([`- {version: latest, url: '${table.serve('9')}'}`], {name: 'L'});
    const ran = await table.manage([table.x(['2'], {}, {uuid_validity: 'last-1'}), bad], '--delete', '--yes');
    expect([ran.code, table.cloud.requests.length - logins, table.show()]).toEqual([2, 0, ROTATED]);
    expect(JSON.stringify(ran.errors)).toContain('checksum');
  });

  it.each(['deleteInUse409', 'forbiddenDelete'] as const)(
    'D10: a DELETE that the cloud refuses (%s): the image stays as it was, reported',
    async (misdeed) => {
      const meta = {uuid_validity: 'last-1'};
      await rotated(meta);
      const before = table.named('X (1)');
      const old = String(before['id']);
      table.cloud.misbehave(misdeed, {match: {method: 'DELETE', path: old}, times: Infinity});
      const ran = await table.manage(table.x(['2'], {}, meta), '--delete', '--yes');
      expect(ran.counts['deleted']).toBe(0);
      expect([ran.code, ran.text.includes(old)]).toEqual([misdeed === 'deleteInUse409' ? 0 : 1, true]);
      expect(table.named('X (1)')).toEqual({...before, updated_at: expect.any(String) as unknown});
      table.cloud.behave();
      expect((await table.manage(table.x(['2'], {}, meta), '--delete', '--yes')).done).toEqual(['delete 1']);
    },
  );

  it('D21: an unstamped image of our project bears the name: that definition stops, --adopt is the hint', async () => {
    const foreign = table.cloud.seed({name: 'X', visibility: 'public', properties: {internal_version: '1'}});
    const ran = await table.manage([table.x(['1']), table.x(['1'], {name: 'Y'})]);
    expect([ran.code, ran.counts['imported'], ran.counts['failed']]).toEqual([1, 1, 1]);
    expect(ran.errors).toMatchObject([{code: 'FOREIGN_IMAGE'}]);
    expect(ran.errors[0]?.message).toContain(foreign.id);
    expect(ran.errors[0]?.hint).toContain('--adopt');
    expect(table.names()).toEqual(['X', 'Y']);
    expect(table.cloud.images.find(foreign.id)?.properties).toEqual({internal_version: '1'});
  });

  it('D21: --adopt stamps what the peer left in one PATCH, uploads nothing, and rotates from there', async () => {
    const peers = (version: string, name: string): string =>
      table.cloud.seed({
        ...{name, visibility: 'public', tags: ['managed_by_osism', 'os:debian', 'T'], min_disk: 1, min_ram: 64},
        ...{disk_format: 'raw', container_format: 'bare'},
        properties: {internal_version: version, image_name: 'X', image_description: 'X', os_purpose: 'generic'},
      }).id;
    const [one, two] = [peers('1', 'X (1)'), peers('2', 'X')];
    const ran = await table.manage(table.x(['1', '2']), '--adopt');
    expect([ran.code, ran.counts['imported'], [...ran.done].sort()]).toEqual([0, 0, ['adopt 1', 'adopt 2']]);
    for (const id of [one, two])
      expect(table.cloud.writes().filter(({path}) => path.includes(id))).toMatchObject([{method: 'PATCH'}]);
    expect(table.show()).toEqual(ROTATED);
    expect(table.named('X (1)')).toMatchObject({
      tags: ['managed_by_imgmgr', 'managed_by_osism'],
      uuid_validity: 'last-3',
    });
    await table.expectQuiet();
    expect((await table.manage(table.x(['1', '2']))).done).toEqual([]);
    const next = await table.manage(table.x(['2', '3']));
    expect(next.done).toEqual(['acquire 3', 'publish 3', 'retire 2']);
    expect(table.cloud.images.find(two)).toMatchObject({
      name: 'X (2)',
      tags: ['managed_by_imgmgr', 'managed_by_osism'],
    });
    await table.expectQuiet();
  });
});
