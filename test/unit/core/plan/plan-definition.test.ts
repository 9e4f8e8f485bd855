import {describe, expect, it} from 'vitest';
import type {Digest} from '../../../../src/core/release/digest.ts';
import {candidate} from '../../../../src/core/image/form.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {Release} from '../../../../src/core/release/release.ts';
import {latestRelease, releaseOf} from '../../../../src/core/release/release.ts';
import {World, definition, version} from './plan-world.ts';

const SHA = (c: string): Digest => ({algorithm: 'sha256', hex: c.repeat(64)});

function filled(...runs: Parameters<World['manage']>[]): World {
  const world = new World();
  for (const run of runs) world.manage(...run);
  return world;
}

/** After every test of an end state: the same run again does nothing. */
function expectQuiet(world: World, ...run: Parameters<World['manage']>): void {
  expect(world.manage(...run)).toEqual([]);
}

describe('names and rotation of multi: true', () => {
  it('publishes the only version under the plain name (row 1)', () => {
    const world = new World();
    expect(world.manage(definition(['1']))).toEqual(['acquire 1 → X (1)', 'publish 1 → X']);
    expect(world.show()).toEqual(['X | public | generic | 1']);
    expect(world.named('X').tags).toEqual(['amphora', 'managed_by_imgmgr', 'os:debian']);
    expectQuiet(world, definition(['1']));
  });

  it('imports every listed version, the newest by natural order gets the name (rows 13, 17)', () => {
    const world = new World();
    world.manage(definition(['10', '9', '8']));
    expect(world.show()).toEqual([
      'X (8) | public | oldgeneric | 8',
      'X (9) | public | oldgeneric | 9',
      'X | public | generic | 10',
    ]);
    expect(world.named('X (9)').tags).toEqual(['managed_by_imgmgr']);
    expectQuiet(world, definition(['10', '9', '8']));
    expectQuiet(world, definition(['10', '9', '8']), {latest: true});
  });

  it('imports only the newest with --latest (row 15)', () => {
    const world = new World();
    world.manage(definition(['1', '2', '3']), {latest: true});
    expect(world.names()).toEqual(['X']);
  });

  it('rotates without any flag: publish first, retire right after (D2, row 11)', () => {
    const world = filled([definition(['1'])]);
    expect(world.manage(definition(['2']))).toEqual(['acquire 2 → X (2)', 'publish 2 → X', 'retire 1 → X (1)']);
    expect(world.show()).toEqual(['X (1) | public | oldgeneric | 1', 'X | public | generic | 2']);
    expect(world.named('X (1)').tags).toEqual(['managed_by_imgmgr']);
    expectQuiet(world, definition(['2']));
  });

  it('imports only what is new when the list moves on (row 14)', () => {
    const world = filled([definition(['1', '2', '3'])]);
    expect(world.manage(definition(['2', '3', '4']))).toEqual([
      'acquire 4 → X (4)',
      'publish 4 → X',
      'retire 3 → X (3)',
    ]);
    expect(world.names()).toEqual(['X', 'X (1)', 'X (2)', 'X (3)']);
  });

  it('names the old base by its own version, not by the list (D3)', () => {
    const world = filled([definition(['v0'])]);
    world.manage(definition(['v1', 'v2']));
    expect(world.names()).toEqual(['X', 'X (v0)', 'X (v1)']);
  });

  it('republishes an existing image when the catalogue goes back, without importing', () => {
    const world = filled([definition(['1'])], [definition(['2'])]);
    expect(world.manage(definition(['1']))).toEqual(['publish 1 → X', 'retire 2 → X (2)']);
    expect(world.show()).toEqual(['X (2) | public | oldgeneric | 2', 'X | public | generic | 1']);
    expect(world.named('X').tags).toEqual(['amphora', 'managed_by_imgmgr', 'os:debian']);
    expectQuiet(world, definition(['1']));
  });

  it('gives an earlier image of the same version a number when it is replaced', () => {
    const one = definition([version('1', {checksum: SHA('a')})]);
    const two = definition([version('1', {checksum: SHA('b')})]);
    const world = filled([one]);
    world.manage(two, {replace: true});
    expect(world.names()).toEqual(['X', 'X (1-1)']);
    world.manage(definition([version('1', {checksum: SHA('c')})]), {replace: true});
    expect(world.names()).toEqual(['X', 'X (1-1)', 'X (1-2)']);
    expectQuiet(world, definition([version('1', {checksum: SHA('c')})]), {replace: true});
  });

  it('closes an unfinished swap before anything else', () => {
    const world = filled([definition(['1'])]);
    const old = world.named('X');
    world.manage(definition(['2']));
    world.images = world.images.map((image) => (image.id === old.id ? old : image));
    expect(world.names()).toEqual(['X', 'X']);
    expect(world.manage(definition(['2', '3']))).toEqual([
      'retire 1 → X (1)',
      'acquire 3 → X (3)',
      'publish 3 → X',
      'retire 2 → X (2)',
    ]);
  });

  it('applies per-version overrides (row 42)', () => {
    const world = new World();
    world.manage(
      definition([version('1', {visibility: 'private', osVersion: 'a', meta: {hw_disk_bus: null, extra: 'e'}}), '2']),
    );
    const one = world.named('X (1)');
    expect([
      one.visibility,
      one.properties['os_version'],
      one.properties['hw_disk_bus'],
      one.properties['extra'],
    ]).toEqual(['private', 'a', undefined, 'e']);
    expectQuiet(
      world,
      definition([version('1', {visibility: 'private', osVersion: 'a', meta: {hw_disk_bus: null, extra: 'e'}}), '2']),
    );
  });
});

describe('names of multi: false', () => {
  const n = (versions: string[], extra = {}): ReturnType<typeof definition> =>
    definition(versions, {multi: false, ...extra});

  it('publishes every version under its own name, all generic, os_version from the version (row 3)', () => {
    const world = new World();
    world.manage(n(['1', '2'], {separator: '-'}));
    expect(world.show()).toEqual(['X-1 | public | generic | 1', 'X-2 | public | generic | 2']);
    expect(world.named('X-1').properties['os_version']).toBe('1');
    expectQuiet(world, n(['1', '2'], {separator: '-'}));
  });

  it('retires an unlisted version under its name', () => {
    const world = filled([n(['1', '2'])]);
    expect(world.manage(n(['2']))).toEqual(['retire 1']);
    expect(world.show()).toEqual(['X 1 | public | oldgeneric | 1', 'X 2 | public | generic | 2']);
    expectQuiet(world, n(['2']));
  });

  it('deletes the unlisted version beyond last-1 and leaves it with --keep (rows 46, 47)', () => {
    const last1 = {meta: {uuid_validity: 'last-1', os_purpose: 'generic'}};
    const world = filled([n(['1', '2'], last1)]);
    expect(world.plan(n(['2'], last1), {delete: true, yes: true, keep: true}).actions).toEqual([]);
    world.manage(n(['2'], last1), {delete: true, yes: true});
    expect(world.names()).toEqual(['X 2']);
  });
});

describe('promises', () => {
  const rows = (validity: string | null): ReturnType<typeof definition> =>
    definition(['5'], {meta: {os_purpose: 'generic', ...(validity !== null && {uuid_validity: validity})}});
  const five = (validity: string | null): World => {
    const world = new World();
    for (const v of ['1', '2', '3', '4', '5']) world.manage(definition([v], {meta: rows(validity).meta}));
    return world;
  };

  it.each([
    ['last-3', ['X', 'X (3)', 'X (4)']],
    ['last-1', ['X']],
    ['last-0', ['X']],
    ['none', ['X', 'X (1)', 'X (2)', 'X (3)', 'X (4)']],
    [null, ['X', 'X (1)', 'X (2)', 'X (3)', 'X (4)']],
    ['forever', ['X', 'X (1)', 'X (2)', 'X (3)', 'X (4)']],
    ['notice', ['X', 'X (1)', 'X (2)', 'X (3)', 'X (4)']],
    ['2026-02-01', ['X', 'X (1)', 'X (2)', 'X (3)', 'X (4)']],
    ['2026-01-31', ['X']],
  ])('--delete --yes with uuid_validity %s (rows 45, 50, D8)', (validity, left) => {
    const world = five(validity);
    world.manage(rows(validity), {delete: true, yes: true});
    expect(world.names()).toEqual(left);
    expectQuiet(world, rows(validity), {delete: true, yes: true});
  });

  it('deletes what nobody promised anything for only with --include-none', () => {
    const world = five('none');
    world.manage(rows('none'), {delete: true, yes: true, includeNone: true});
    expect(world.names()).toEqual(['X']);
  });

  it.each([
    ['forever', 'last-1'],
    ['last-1', 'forever'],
  ])('keeps an image that either side protects (own %s, definition %s)', (own, wanted) => {
    const world = five(own);
    const plan = world.plan(rows(wanted), {delete: true, yes: true});
    expect(plan.actions.filter((action) => action.kind === 'delete')).toEqual([]);
  });

  it('lets the other side decide where one promises nothing', () => {
    const world = five('none');
    const plan = world.plan(rows('last-2'), {delete: true, yes: true});
    expect(plan.actions.filter((action) => action.kind === 'delete').map((action) => action.summary.version)).toEqual([
      '3',
      '2',
      '1',
    ]);
  });

  it('counts the image that is rotated out in the same run', () => {
    const world = five('last-3');
    const plan = world.plan(definition(['6'], {meta: rows('last-3').meta}), {delete: true, yes: true});
    expect(plan.actions.filter((action) => action.kind === 'delete').map((action) => action.summary.version)).toEqual([
      '3',
      '2',
      '1',
    ]);
  });

  it('never deletes with keep: true, never without --delete, never what is listed', () => {
    const world = five('last-1');
    expect(world.plan({...rows('last-1'), keep: true}, {delete: true, yes: true}).deletable).toEqual([]);
    expect(world.plan(rows('last-1')).actions).toEqual([]);
    expect(
      world.plan(definition(['1', '2', '3', '4', '5'], {meta: rows('last-1').meta}), {delete: true, yes: true})
        .deletable,
    ).toEqual([]);
  });

  it('leaves an image that somebody else protected and lifts our own protection', () => {
    const world = five('last-1');
    world.set('X (4)', {protected: true});
    const plan = world.plan(rows('last-1'), {delete: true, yes: true});
    expect(plan.warnings.map((warning) => warning.code)).toEqual(['protected-by-hand']);
    expect(plan.deletable.map((own) => own.image.name)).toContain('X (4)');
    expect(plan.actions.map((action) => action.summary.name)).toEqual(['X (3)', 'X (2)', 'X (1)']);
    const guarded = new World();
    guarded.manage(definition(['1'], {protected: true, meta: rows('last-1').meta}));
    guarded.manage(definition(['2'], {protected: true, meta: rows('last-1').meta}));
    expect(guarded.named('X (1)').protected).toBe(true);
    const [deletion] = guarded.plan(definition(['2'], {protected: true, meta: rows('last-1').meta}), {
      delete: true,
      yes: true,
    }).actions;
    expect(deletion).toMatchObject({kind: 'delete', unprotect: true});
  });

  it('gives superseded images a longer promise and never a shorter one', () => {
    const world = five('last-3');
    world.manage(rows('last-5'));
    expect(world.images.map((image) => image.properties['uuid_validity'])).toEqual(Array(5).fill('last-5'));
    expect(world.manage(rows('last-2'))).toEqual(['update 5']);
    expect(world.named('X (1)').properties['uuid_validity']).toBe('last-5');
  });
});

describe('ways of retiring', () => {
  it.each([
    ['renamed', 'X (1) | public | oldgeneric | 1'],
    ['hidden', 'X | public | hidden | oldgeneric | 1'],
    ['renamed-by-date', 'X 20260102 | public | oldgeneric | 1'],
    ['community', 'X (1) | community | oldgeneric | 1'],
    ['deactivated', 'X (1) | public | oldgeneric | 1'],
  ] as const)('retire_as: %s', (way, line) => {
    const world = filled([definition(['1'], {retireAs: way})]);
    world.manage(definition(['2'], {retireAs: way}));
    expect(world.show()).toContain(line);
    expectQuiet(world, definition(['2'], {retireAs: way}));
  });

  it.each([
    ['renamed', 'X (1) | public | oldgeneric | 1'],
    ['hidden', 'X (1) | public | hidden | oldgeneric | 1'],
    ['renamed-by-date', 'X 20260102 | public | oldgeneric | 1'],
    ['community', 'X (1) | community | oldgeneric | 1'],
    ['deactivated', 'X (1) | public | oldgeneric | 1'],
  ] as const)('retire_as: %s holds for a listed version that was never current', (way, line) => {
    const both = definition(['1', '2'], {retireAs: way});
    const world = filled([both]);
    expect(world.show()).toEqual([line, 'X | public | generic | 2']);
    expectQuiet(world, both);
  });

  it('deactivates only beyond the promise', () => {
    const meta = {os_purpose: 'generic', uuid_validity: 'last-2'};
    const world = filled([definition(['1'], {meta})], [definition(['2'], {meta})], [definition(['3'], {meta})]);
    world.manage(definition(['3'], {meta}), {deactivate: true});
    expect(world.show()).toEqual([
      'X (1) | public | deactivated | oldgeneric | 1',
      'X (2) | public | oldgeneric | 2',
      'X | public | generic | 3',
    ]);
    expectQuiet(world, definition(['3'], {meta}), {deactivate: true});
    expect(world.manage(definition(['1'], {meta}))).toEqual(['reactivate 1', 'publish 1 → X', 'retire 3 → X (3)']);
  });

  it('hides all superseded images with --hide, name and visibility kept (D15, row 45)', () => {
    const world = filled([definition(['1'])], [definition(['2'])], [definition(['3'])]);
    world.manage(definition(['3']), {hide: true});
    expect(world.show()).toEqual([
      'X (1) | public | hidden | oldgeneric | 1',
      'X (2) | public | hidden | oldgeneric | 2',
      'X | public | generic | 3',
    ]);
    world.manage(definition(['4']), {hide: true});
    expect(world.show()).toContain('X | public | hidden | oldgeneric | 3');
    expectQuiet(world, definition(['4']), {hide: true});
    expectQuiet(world, definition(['4']));
  });

  it('never widens: a private image stays private, whatever the way (D11)', () => {
    for (const flags of [{hide: true}, {retireAs: 'community' as const}, {}]) {
      const world = filled([definition(['1'], {visibility: 'private'})]);
      world.manage(definition(['2'], {visibility: 'private'}), flags);
      expect(world.images.map((image) => image.visibility)).toEqual(['private', 'private']);
    }
  });

  it('keeps an image that an operator pulled private when it is retired', () => {
    const world = filled([definition(['1'])]);
    world.set('X', {visibility: 'private'});
    world.manage(definition(['2']));
    expect(world.named('X (1)').visibility).toBe('private');
  });
});

describe('what is the same image', () => {
  it('does nothing when another algorithm is demanded for the same version', () => {
    const world = filled([definition([version('1', {checksum: SHA('a')})])]);
    expectQuiet(world, definition([version('1', {checksum: {algorithm: 'md5', hex: 'b'.repeat(32)}})]));
  });

  it('refuses a new digest under the same version, naming both, unless --replace', () => {
    const world = filled([definition([version('1', {checksum: SHA('a')})])]);
    const {error, actions} = world.plan(definition([version('1', {checksum: SHA('b')})]));
    expect(error?.code).toBe('DIGEST_CHANGED');
    expect(error?.message).toContain(`sha256:${'a'.repeat(64)}`);
    expect(error?.message).toContain(`sha256:${'b'.repeat(64)}`);
    expect(error?.hint).toContain('--replace');
    expect(actions).toEqual([]);
  });

  it('refuses --replace on a version with an id', () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const world = filled([definition([version('1', {id, checksum: SHA('a')})])]);
    const {error} = world.plan(definition([version('1', {id, checksum: SHA('b')})]), {replace: true});
    expect(error?.code).toBe('USAGE');
    expect(error?.message).toContain(id);
  });

  it('tells latest images apart by their digest (rows 18, 19)', () => {
    const {version: name, url, meta, place} = version('latest');
    const undated = {version: name, url, meta, place};
    const latest = definition([undated]);
    const release = (hex: string, day: string): Release[] => [latestRelease(undated, day, SHA(hex))];
    const world = new World();
    world.manage(latest, {}, release('a', '20260101'));
    expect(world.named('X').properties['upstream_checksum']).toBe('a'.repeat(64));
    expect(world.named('X').properties['image_build_date']).toBe('2026-01-01');
    expect(world.manage(latest, {}, release('a', '20260101'))).toEqual([]);
    world.manage(latest, {}, release('b', '20260102'));
    expect(world.names()).toEqual(['X', 'X (20260101)']);
    world.manage(latest, {}, release('c', '20260102'));
    expect(world.names()).toEqual(['X', 'X (20260101)', 'X (20260102-1)']);
    world.manage(latest, {}, release('d', '20260102'));
    expect(world.names()).toEqual(['X', 'X (20260101)', 'X (20260102-1)', 'X (20260102-2)']);
  });
});

describe('drift', () => {
  it('brings a changed definition to the image in one PATCH (D12)', () => {
    const world = filled([definition(['1'])]);
    const changed = definition(['1'], {
      meta: {os_distro: 'ubuntu', os_purpose: 'generic', fresh: 'yes'},
      tags: ['other'],
      minRamMib: 1024,
    });
    expect(world.manage(changed)).toEqual(['update 1']);
    const image = world.named('X');
    expect(image.tags).toEqual(['managed_by_imgmgr', 'os:ubuntu', 'other']);
    expect([image.properties['fresh'], image.properties['architecture'], image.minRam]).toEqual([
      'yes',
      undefined,
      1024,
    ]);
    expectQuiet(world, changed);
  });

  it('removes only what we set, never reserved keys, and leaves foreign tags (D22)', () => {
    const world = filled([definition(['1'], {meta: {os_purpose: 'generic', 'trait:CUSTOM': 'required', mine: '1'}})]);
    world.set('X', {
      tags: [...world.named('X').tags, 'theirs'],
      properties: {...world.named('X').properties, theirs: '1', 'owner_specified.x': '1'},
    });
    world.manage(definition(['1'], {meta: {os_purpose: 'generic'}}));
    const {properties, tags} = world.named('X');
    expect([
      properties['mine'],
      properties['theirs'],
      properties['owner_specified.x'],
      properties['trait:CUSTOM'],
    ]).toEqual([undefined, '1', '1', 'required']);
    expect(tags).toContain('theirs');
  });

  it('leaves what was changed by hand, says so, and overwrites it only with --force-state (D20)', () => {
    const world = filled([definition(['1'])]);
    world.set('X', {visibility: 'private'});
    const plan = world.plan(definition(['1']));
    expect(plan.actions).toEqual([]);
    expect(plan.warnings).toMatchObject([{code: 'changed-by-hand', image: world.named('X').id}]);
    expect(world.manage(definition(['1']), {forceState: true})).toEqual(['update 1']);
    expect(world.named('X').visibility).toBe('public');
  });

  it('applies the definition where the live value is what we applied', () => {
    const world = filled([definition(['1'])]);
    world.manage(definition(['1'], {visibility: 'community'}));
    expect(world.named('X').visibility).toBe('community');
    expectQuiet(world, definition(['1'], {visibility: 'community'}));
  });

  it('leaves a deactivated image of ours, and deactivates where the definition says so (D13)', () => {
    const world = filled([definition(['1'])]);
    world.set('X', {status: 'deactivated'});
    expect(world.plan(definition(['1'])).warnings[0]?.code).toBe('changed-by-hand');
    expect(world.manage(definition(['1']), {forceState: true})).toEqual(['reactivate 1']);
    expect(world.manage(definition(['1'], {status: 'deactivated'}))).toEqual(['deactivate 1', 'update 1']);
    expectQuiet(world, definition(['1'], {status: 'deactivated'}));
  });

  it('raises min_disk to the virtual size, warns, and finds no drift in it afterwards (row 41)', () => {
    const world = filled([definition(['1'])]);
    world.set('X', {virtualSize: 9 * 1024 ** 3 + 1});
    const plan = world.plan(definition(['1'], {minDiskGib: 8}));
    expect(plan.warnings.map((warning) => warning.code)).toEqual(['min-disk-raised']);
    world.manage(definition(['1'], {minDiskGib: 8}));
    expect(world.named('X').minDisk).toBe(10);
    expectQuiet(world, definition(['1'], {minDiskGib: 8}));
  });

  it('does not take a converted disk_format for drift', () => {
    const world = filled([definition(['1'])]);
    world.set('X', {diskFormat: 'raw'});
    expectQuiet(world, definition(['1']));
  });

  it('mends a missing store by a copy', () => {
    const world = filled([definition(['1'])]);
    expect(world.manage(definition(['1'], {stores: ['file', 'fast']}))).toEqual(['copy 1']);
    expectQuiet(world, definition(['1'], {stores: ['file', 'fast']}));
  });

  it('keeps the tag of --tag until the image is retired', () => {
    const world = filled([definition(['1']), {tag: 'T'}]);
    expect(world.named('X').tags).toContain('T');
    expectQuiet(world, definition(['1']));
    world.manage(definition(['2']));
    expect(world.named('X (1)').tags).toEqual(['managed_by_imgmgr']);
  });
});

describe('leftovers and half-done work', () => {
  const half = (world: World, status: Image['status'], checksum?: Digest): Image => {
    const listed = version('1', checksum && {checksum});
    const image = world.create(
      candidate(
        {definition: definition([listed]), release: releaseOf(listed), oldPurpose: 'oldgeneric', adHoc: false},
        'dead',
        undefined,
      ),
    );
    world.images = world.images.map((other) => (other === image ? {...image, status} : other));
    return image;
  };

  it('removes a half-made image of a dead run and imports again (D4)', () => {
    const world = new World();
    half(world, 'queued');
    expect(world.manage(definition(['1']))).toEqual(['remove 1', 'acquire 1 → X (1)', 'publish 1 → X']);
    expect(world.names()).toEqual(['X']);
  });

  it('goes on with a complete one that is proven', () => {
    const world = new World();
    half(world, 'active', {algorithm: 'sha512', hex: 'ab'.repeat(64)});
    expect(world.manage(definition([version('1', {checksum: {algorithm: 'sha512', hex: 'ab'.repeat(64)}})]))).toEqual([
      'resume 1 → X (1)',
      'publish 1 → X',
    ]);
  });

  it('does not trust a complete one whose digest cannot be proven', () => {
    const world = new World();
    half(world, 'active', SHA('a'));
    expect(world.manage(definition([version('1', {checksum: SHA('a')})]))[0]).toBe('remove 1');
  });

  it('leaves everything to a living run', () => {
    const world = new World();
    half(world, 'saving');
    world.liveRuns.add('dead');
    const plan = world.plan(definition(['1']));
    expect(plan.busy).toBe(true);
    expect(plan.actions).toEqual([]);
  });

  it('publishes what --no-publish left, without importing', () => {
    const world = new World();
    expect(world.manage(definition(['1']), {publish: false})).toEqual(['acquire 1 → X (1)']);
    expect(world.show()).toEqual(['X (1) | private | hidden | oldgeneric | 1']);
    expect(world.named('X (1)').tags).toEqual(['managed_by_imgmgr']);
    expect(world.manage(definition(['1']), {publish: false})).toEqual([]);
    expect(world.manage(definition(['1']))).toEqual(['publish 1 → X']);
  });

  it('removes a private candidate that is no longer listed', () => {
    const world = new World();
    world.manage(definition(['1']), {publish: false});
    expect(world.manage(definition(['2']))).toEqual(['remove 1', 'acquire 2 → X (2)', 'publish 2 → X']);
  });

  it('keeps the record with a demanded id and uses it again', () => {
    const id = '11111111-1111-4111-8111-111111111111';
    const listed = version('1', {id, checksum: SHA('a')});
    const world = new World();
    const image = world.create(
      candidate(
        {definition: definition([listed]), release: releaseOf(listed), oldPurpose: 'oldgeneric', adHoc: false},
        'dead',
        undefined,
      ),
    );
    world.images = [{...image, status: 'queued'}];
    const plan = world.plan(definition([listed]));
    expect(plan.actions[0]).toMatchObject({kind: 'acquire', reuse: {id}});
  });
});

describe('whose image it is', () => {
  const foreign = (world: World, change: Partial<Image>): Image => {
    const image = {...world.create({name: 'X', osHidden: false, tags: [], properties: {}}), properties: {}, ...change};
    world.images = world.images.filter((other) => other.id !== image.id);
    world.others.push(image);
    return image;
  };

  it('stops before any import when an unstamped image of our project bears the name (D21)', () => {
    const world = new World();
    const image = foreign(world, {});
    const {error, actions} = world.plan(definition(['1']));
    expect(error?.code).toBe('FOREIGN_IMAGE');
    expect(error?.message).toContain(image.id);
    expect(error?.hint).toContain('--adopt');
    expect(actions).toEqual([]);
  });

  it('warns about another project that bears the name, and goes on', () => {
    const world = new World();
    foreign(world, {owner: 'p-theirs'});
    const plan = world.plan(definition(['1']));
    expect(plan.warnings.map((warning) => warning.code)).toEqual(['foreign-name']);
    expect(plan.actions.map((action) => action.kind)).toEqual(['acquire', 'publish']);
  });

  it('adopts what the peer left in one PATCH, never uploads it again, and rotates from there', () => {
    const world = new World();
    foreign(world, {
      visibility: 'public',
      tags: ['managed_by_osism', 'os:debian', 'amphora'],
      properties: {internal_version: '1', image_name: 'X', os_purpose: 'generic'},
    });
    expect(world.manage(definition(['1']), {adopt: true})).toEqual(['adopt 1']);
    expectQuiet(world, definition(['1']));
    world.manage(definition(['2']));
    expect(world.show()).toEqual(['X (1) | public | oldgeneric | 1', 'X | public | generic | 2']);
    expect(world.named('X (1)').tags).toEqual(['managed_by_imgmgr', 'managed_by_osism']);
  });

  it('does not adopt an image that does not tell its version', () => {
    const world = new World();
    foreign(world, {visibility: 'public'});
    expect(world.plan(definition(['1']), {adopt: true}).error?.code).toBe('FOREIGN_IMAGE');
  });
});

describe('commands that acquire nothing', () => {
  it('hides what is superseded and leaves the image that bears the name, though a newer version is listed', () => {
    const world = filled([definition(['1'])], [definition(['2'])]);
    world.manage(definition(['3']), {acquire: false, hide: true});
    expect(world.show()).toEqual(['X (1) | public | hidden | oldgeneric | 1', 'X | public | generic | 2']);
  });

  it('wants nothing and supersedes nothing with an empty list of versions', () => {
    const world = filled([definition(['1'])], [definition(['2'])]);
    expect(world.plan(definition([]), {hide: true, delete: true, yes: true, includeNone: true}).actions).toEqual([]);
  });

  it('deactivates before it publishes where the definition says so', () => {
    const world = new World();
    expect(world.manage(definition(['1'], {status: 'deactivated'}))).toEqual([
      'acquire 1 → X (1)',
      'deactivate 1',
      'publish 1 → X',
    ]);
    expectQuiet(world, definition(['1'], {status: 'deactivated'}));
  });
});
