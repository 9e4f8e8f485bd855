import {describe, expect, it} from 'vitest';
import type {Version} from '../../../../src/core/definition/definition.ts';
import {parseDigest} from '../../../../src/core/release/digest.ts';
import type {Digest} from '../../../../src/core/release/digest.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {Release} from '../../../../src/core/release/release.ts';
import {latestRelease, releaseOf} from '../../../../src/core/release/release.ts';
import {World, definition, version} from './plan-world.ts';

const A = 'a'.repeat(64);
const STORED = 'ab'.repeat(64);

function digest(text: string): Digest {
  const parsed = parseDigest(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

function demanding(text: string | undefined, extra: Partial<Version> = {}): Version {
  return version('1', {...(text !== undefined && {checksum: digest(text)}), ...extra});
}

/** A world where version 1 was imported while that digest was demanded; Glance's sha512 of it is abab…. */
function worldWith(text: string | undefined, change: Partial<Image> = {}, extra: Partial<Version> = {}): World {
  const world = new World();
  world.manage(definition([demanding(text, extra)]));
  world.set('X', change);
  return world;
}

function record(world: World, entry: string): void {
  const {properties} = world.named('X');
  world.set('X', {
    properties: {...properties, imgmgr_record: `image=${world.named('X').id} ${entry}`, imgmgr_schema: '2'},
  });
}

describe('a demanded digest and a live image', () => {
  it("R1: Glance's own hash disproves it: the error of a new digest under the same version", () => {
    const world = worldWith(`sha256:${A}`);
    const plan = world.plan(definition([demanding(`sha512:${'b'.repeat(128)}`)]));
    expect(plan.error).toMatchObject({code: 'DIGEST_CHANGED', hint: expect.stringContaining('--replace') as string});
    expect(plan.error?.message).toContain(`sha512:${STORED}`);
    expect(plan.error?.message).toContain(`sha512:${'b'.repeat(128)}`);
    expect(plan.actions).toEqual([]);
  });

  it('R1: a digest that is added later and is that of other bytes is an error', () => {
    expect(worldWith(undefined).plan(definition([demanding(`sha512:${'b'.repeat(128)}`)])).error?.code).toBe(
      'DIGEST_CHANGED',
    );
  });

  it("R1: Glance's legacy md5 disproves a demanded md5", () => {
    const world = worldWith(undefined, {checksum: 'c'.repeat(32)});
    expect(world.plan(definition([demanding(`md5:${'d'.repeat(32)}`)])).error?.code).toBe('DIGEST_CHANGED');
    expect(world.plan(definition([demanding(`md5:${'c'.repeat(32)}`)]))).toMatchObject({warnings: [], actions: []});
  });

  it.each([
    ['another algorithm', `sha256:${A}`, `sha384:${'b'.repeat(96)}`],
    ['a checksum that is added later', undefined, `sha256:${A}`],
  ])('R1: what cannot be compared is a warning in every run, and nothing changes: %s', (_what, before, after) => {
    const world = worldWith(before);
    for (let run = 0; run < 2; run++) {
      const plan = world.plan(definition([demanding(after)]));
      expect(plan).toMatchObject({actions: [], unchanged: 1});
      expect(plan.warnings).toMatchObject([
        {code: 'digest-unknown', image: world.named('X').id, hint: expect.stringContaining('verify --deep') as string},
      ]);
    }
  });

  it('R1: a digest on record ends the warning, or is an error', () => {
    const world = worldWith(`sha256:${A}`);
    record(world, `digests=sha384:${'b'.repeat(96)},md5:${'c'.repeat(32)}`);
    expect(world.plan(definition([demanding(`sha384:${'b'.repeat(96)}`)]))).toMatchObject({warnings: [], actions: []});
    expect(world.plan(definition([demanding(`md5:${'d'.repeat(32)}`)])).error?.code).toBe('DIGEST_CHANGED');
  });

  it('R1: the same bytes under a digest of another algorithm need nothing', () => {
    expect(worldWith(`sha256:${A}`).plan(definition([demanding(`sha512:${STORED}`)]))).toMatchObject({
      actions: [],
      warnings: [],
      unchanged: 1,
    });
  });

  it.each<[string, (world: World) => void, Partial<Version>]>([
    ['converted here', (world) => record(world, 'bytes=converted'), {}],
    ['unpacked here', (world) => record(world, 'bytes=unpacked'), {}],
    ['converted by the cloud', (world) => world.set('X', {diskFormat: 'raw'}), {}],
    ['a compressed source', () => undefined, {url: 'https://example.test/1.qcow2.xz'}],
    ['a compressed mirror', () => undefined, {mirrorUrl: 'https://example.test/1.qcow2.gz?x=1'}],
  ])(
    'R1: what Glance holds disproves nothing where it holds other bytes than were served: %s',
    (_what, change, extra) => {
      const world = worldWith(`sha256:${A}`, {}, extra);
      change(world);
      const plan = world.plan(definition([demanding(`sha512:${'b'.repeat(128)}`, extra)]));
      expect(plan.error).toBeUndefined();
      expect(plan.warnings).toMatchObject([
        {code: 'digest-unknown', hint: expect.stringMatching(/^manage --replace/) as string},
      ]);
      expect(world.plan(definition([demanding(`sha512:${STORED}`, extra)])).warnings).toEqual([]);
    },
  );

  it('R1: the digest on record is the witness of a converted image', () => {
    const world = worldWith(`sha512:${'b'.repeat(128)}`);
    expect(world.plan(definition([demanding(`sha512:${'b'.repeat(128)}`)]))).toMatchObject({actions: [], warnings: []});
    expect(world.plan(definition([demanding(`md5:${'d'.repeat(32)}`)])).error).toBeUndefined();
  });

  it.each([
    ['disproved', `sha512:${'b'.repeat(128)}`],
    ['not comparable', `sha384:${'b'.repeat(96)}`],
  ])('R1: --replace imports it again, once: %s', (_what, demanded) => {
    const world = worldWith(`sha256:${A}`);
    const wanted = definition([demanding(demanded)]);
    const releases: Release[] = [{...releaseOf(demanding(demanded)), digest: digest(demanded)}];
    expect(world.manage(wanted, {replace: true}, releases)).toEqual([
      'acquire 1 → X (1)',
      'publish 1 → X',
      'retire 1 → X (1-1)',
    ]);
    expect(world.plan(wanted, {replace: true}, releases)).toMatchObject({actions: [], warnings: []});
    expect(world.plan(wanted, {}, releases)).toMatchObject({actions: [], warnings: []});
  });

  it('R1: --replace leaves a version without a demanded digest alone', () => {
    expect(worldWith(undefined).plan(definition([demanding(undefined)]), {replace: true}).actions).toEqual([]);
  });

  it('R1: an unpublished image is not published for a digest that nothing compares it with', () => {
    const world = new World();
    world.manage(definition([demanding(undefined)]), {publish: false});
    const plan = world.plan(definition([demanding(`sha256:${A}`)]));
    expect(plan.actions.map(({kind}) => kind)).toEqual(['remove', 'acquire', 'publish']);
  });

  it('R1: an adopted image whose checksum is no known digest of it is warned of', () => {
    const world = new World();
    world.manage(definition([demanding(undefined)]));
    const [live] = world.images;
    if (!live) throw new Error('no image');
    const plain = Object.entries(live.properties).filter(([key]) => !key.startsWith('imgmgr_'));
    world.images = [];
    world.others = [{...live, tags: ['managed_by_osism'], properties: Object.fromEntries(plain)}];
    const plan = world.plan(definition([demanding(`sha256:${A}`)]), {adopt: true});
    expect(plan.warnings.map(({code}) => code)).toEqual(['digest-unknown']);
    expect(world.plan(definition([demanding(`sha512:${'b'.repeat(128)}`)]), {adopt: true}).error?.code).toBe(
      'DIGEST_CHANGED',
    );
  });
});

describe('latest', () => {
  const listed = version('latest', {checksumsUrl: 'https://example.test/SHA256SUMS'});
  const wanted = definition([listed]);
  const latest = (label: string, hex: string): Release[] => [
    latestRelease(listed, label, digest(`sha256:${hex.repeat(64)}`)),
  ];

  function rotated(): World {
    const world = new World();
    world.manage(wanted, {}, latest('20260101', '1'));
    world.manage(wanted, {}, latest('20260105', '5'));
    return world;
  }

  it.each([
    ['one that is there', latest('20260101', '1')],
    ['one that is not there any more', latest('20260103', '3')],
  ])('R3: an older version than the published one: a warning, the newer stays: %s', (_what, releases) => {
    const world = rotated();
    const plan = world.plan(wanted, {}, releases);
    expect(plan).toMatchObject({actions: [], unchanged: 1});
    expect(plan.warnings).toMatchObject([
      {code: 'upstream-went-back', image: world.named('X').id, hint: expect.stringContaining('--replace') as string},
    ]);
    expect(plan.warnings[0]?.message).toContain('20260105');
  });

  it('R3: drift of the newer one is mended meanwhile', () => {
    const world = rotated();
    expect(world.manage(definition([listed], {login: 'admin'}), {}, latest('20260101', '1'))).toEqual([
      'update 20260105',
    ]);
    expect(world.named('X').properties).toMatchObject({
      upstream_checksum: '5'.repeat(64),
      image_original_user: 'admin',
    });
  });

  it('R3: --replace publishes the older one', () => {
    const world = rotated();
    expect(world.manage(wanted, {replace: true}, latest('20260101', '1'))).toEqual([
      'publish 20260101 → X',
      'retire 20260105 → X (20260105)',
    ]);
  });

  it('R3: with --delete nothing of either is deleted', () => {
    const world = rotated();
    const flags = {delete: true, yes: true, includeNone: true};
    const none = definition([listed], {meta: {...wanted.meta, uuid_validity: 'last-2'}});
    expect(world.plan(none, flags, latest('20260101', '1')).actions.filter(({kind}) => kind === 'delete')).toEqual([]);
  });

  it('R3: a newer version, and one of the same day, go on as ever', () => {
    const world = rotated();
    expect(world.plan(wanted, {}, latest('20260107', '7'))).toMatchObject({warnings: []});
    expect(world.plan(wanted, {}, latest('20260105', '6')).actions.map(({kind}) => kind)).toEqual([
      'acquire',
      'publish',
      'retire',
    ]);
  });
});
