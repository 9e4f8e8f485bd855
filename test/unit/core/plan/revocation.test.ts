import {describe, expect, it} from 'vitest';
import type {Definition, Version} from '../../../../src/core/definition/definition.ts';
import {readRevocation} from '../../../../src/core/image/revocation.ts';
import type {Digest} from '../../../../src/core/release/digest.ts';
import type {Release} from '../../../../src/core/release/release.ts';
import {latestRelease, releaseOf} from '../../../../src/core/release/release.ts';
import {World, definition, version} from './plan-world.ts';

const SHA = (c: string): Digest => ({algorithm: 'sha256', hex: c.repeat(64)});

/** Each definition applied in turn. */
function after(...definitions: readonly Definition[]): World {
  const world = new World();
  for (const one of definitions) world.manage(one);
  return world;
}

/** Versions 1, 2 and 3 were published one after the other; 3 is current. */
function threeVersions(): World {
  return after(definition(['1']), definition(['2']), definition(['3']));
}

/** `version: state`, with `revoked` and `pulled`, in the order of versions. */
function states(world: World): string[] {
  return world.images
    .map((image) => {
      const mark = readRevocation(image);
      const pulled = mark.kind === 'revoked' && mark.revocation.pulled;
      return [
        `${image.properties['imgmgr_version'] ?? ''}: ${image.properties['imgmgr_state'] ?? ''}`,
        ...(mark.kind === 'none' ? [] : [pulled ? 'pulled' : 'revoked']),
        ...(image.osHidden ? ['hidden'] : []),
        ...(image.status === 'active' ? [] : [image.status]),
      ].join(' ');
    })
    .sort();
}

function revoked(text: string, extra: Partial<Version> = {}): Version {
  return version(text, {revoked: 'does not boot', ...extra});
}

/** What `latest` leads to today. */
function latest(label: string, digest?: Digest): readonly [Definition, Record<string, never>, readonly Release[]] {
  const [one, gone] = [version('latest'), revoked('2')];
  return [definition([one, gone]), {}, [latestRelease(one, label, digest), releaseOf(gone)]];
}

/** A run that finds nothing to do. */
function expectQuiet(world: World, ...run: Parameters<World['manage']>): void {
  expect(world.manage(...run)).toEqual([]);
}

describe('a version that the definition revokes', () => {
  it('is not imported', () => {
    const world = new World();
    expect(world.manage(definition(['1', revoked('2')]))).toEqual(['acquire 1 → X (1)', 'publish 1 → X']);
    expectQuiet(world, definition(['1', revoked('2')]));
    expectQuiet(world, definition(['1', revoked('2')]), {latest: true});
  });

  it('is not imported where latest leads to it, whatever digest the source has', () => {
    expectQuiet(new World(), ...latest('2', SHA('a')));
    expectQuiet(new World(), ...latest('2'));
    expect(new World().manage(...latest('3', SHA('a')))).toEqual(['acquire 3 → X (3)', 'publish 3 → X']);
  });

  it('is not imported again where latest leads to the label of a marked image, with a digest that cannot be compared', () => {
    const one = version('latest');
    const run = (digest: Digest) => [definition([one]), {}, [latestRelease(one, '2', digest)]] as const;
    const world = new World();
    world.manage(...run(SHA('a')));
    world.set('X', {
      osHashAlgo: null,
      osHashValue: null,
      properties: {...world.named('X').properties, imgmgr_revoked: 'version=2 date=2026-01-01T00:00:00Z pulled=no'},
    });
    expectQuiet(world, ...run({algorithm: 'sha512', hex: 'c'.repeat(128)}));
    expect(world.manage(...run(SHA('b')))[0]).toBe('acquire 2 → X (2)');
  });

  it('is not imported where it is the only one', () => {
    expectQuiet(new World(), definition([revoked('1')]));
  });

  it('gives its place to the newest listed version that is not revoked, publication first', () => {
    const world = after(definition(['1']), definition(['1', '2']));
    expect(world.manage(definition(['1', revoked('2')]))).toEqual(['publish 1 → X', 'retire 2 → X (2)']);
    expectQuiet(world, definition(['1', revoked('2')]));
  });

  it('gives its place to a version that is still to be imported', () => {
    const world = after(definition(['2']));
    expect(world.manage(definition(['1', revoked('2')]))).toEqual([
      'acquire 1 → X (1)',
      'publish 1 → X',
      'retire 2 → X (2)',
    ]);
  });

  it('gives its place to the newest superseded version where every listed one is revoked', () => {
    const world = threeVersions();
    expect(world.manage(definition([revoked('3')]))).toEqual(['publish 2 → X', 'retire 3 → X (3)']);
    expectQuiet(world, definition([revoked('3')]));
    expect(world.named('X').tags).toEqual(['amphora', 'managed_by_imgmgr', 'os:debian']);
    expect(world.manage(definition([revoked('3'), '4']))).toEqual([
      'acquire 4 → X (4)',
      'publish 4 → X',
      'retire 2 → X (2)',
    ]);
  });

  it('keeps the name where nothing can take it, with a warning in every run', () => {
    const world = after(definition(['1']));
    const plan = world.plan(definition([revoked('1')]));
    expect(plan.actions).toEqual([]);
    expect(plan.warnings.map(({code}) => code)).toEqual(['revoked-current']);
    expect(world.names()).toEqual(['X']);
  });

  it('takes nothing that failed its verification into its place', () => {
    const world = after(definition(['1']));
    world.set('X', {
      properties: {...world.named('X').properties, imgmgr_verdict: 'fail', imgmgr_verdict_cause: 'kernel-panic'},
    });
    world.manage(definition(['2']));
    expect(world.plan(definition([revoked('2')])).actions).toEqual([]);
  });

  it('takes nothing that somebody pulled by hand into its place', () => {
    const world = after(definition(['1']), definition(['2']));
    world.set('X (1)', {status: 'deactivated'});
    expect(world.plan(definition([revoked('2')])).actions).toEqual([]);
    expect(world.manage(definition([revoked('2')]), {forceState: true})).toEqual([
      'reactivate 1',
      'publish 1 → X',
      'retire 2 → X (2)',
    ]);
  });

  it('is retired where each version has a name of its own, which it keeps', () => {
    const world = after(definition(['1', '2'], {multi: false}));
    expect(world.manage(definition(['1', revoked('2')], {multi: false}))).toEqual(['retire 2']);
    expect(world.show()).toEqual(['X 1 | public | generic | 1', 'X 2 | public | oldgeneric | 2']);
    expectQuiet(world, definition(['1', revoked('2')], {multi: false}));
  });

  it('loses the candidate that waits for its publication, but not a record with a demanded id', () => {
    const world = new World();
    world.manage(definition(['2']), {publish: false});
    expect(world.manage(definition([revoked('2')]))).toEqual(['remove 2']);
    const id = '5ba3f0f6-3a2c-4d43-8d2c-1f7a9e1c2b3d';
    world.manage(definition([version('2', {id})]), {publish: false});
    expectQuiet(world, definition([revoked('2', {id})]));
  });

  it('means its digest under another version, too', () => {
    const world = new World();
    const checksum = SHA('a');
    expectQuiet(world, definition([revoked('1', {checksum}), version('2', {checksum})]));
  });

  it('means latest while that leads to its digest', () => {
    const world = new World();
    const bad = definition([version('latest'), revoked('20260101', {checksum: SHA('a')})]);
    const entry = version('latest');
    const old = releaseOf(revoked('20260101', {checksum: SHA('a')}));
    const offers = (digest: Digest): Parameters<World['manage']> => [
      bad,
      {},
      [latestRelease(entry, '20260103', digest), old],
    ];
    expectQuiet(world, ...offers(SHA('a')));
    expect(world.manage(...offers(SHA('b')))).toEqual(['acquire 20260103 → X (20260103)', 'publish 20260103 → X']);
  });

  it('is no reason to stop where its digest is another one than that of the image', () => {
    const world = after(definition(['1']), definition(['1', version('2', {checksum: SHA('a')})]));
    expect(world.manage(definition(['1', revoked('2', {checksum: SHA('b')})]))).toEqual([
      'publish 1 → X',
      'retire 2 → X (2)',
    ]);
  });

  it('can be deleted beyond its promise, since the definition remembers it', () => {
    const world = after(definition(['1'], META_LAST_1), definition(['1', '2'], META_LAST_1));
    const now = definition(['1', revoked('2')], META_LAST_1);
    world.manage(now);
    expect(world.manage(now, {delete: true, yes: true})).toEqual(['delete 2']);
    expectQuiet(world, now, {delete: true, yes: true});
  });
});

const META_LAST_1 = {meta: {os_purpose: 'generic', os_distro: 'debian', uuid_validity: 'last-1'}};

describe('an image that is revoked on the cloud', () => {
  it('is what every run goes on from, whatever came after the one PATCH', () => {
    for (const killedAfter of [1, 2, 3]) {
      const world = threeVersions();
      world.rollback(definition(['3']), {most: killedAfter});
      world.manage(definition(['3']));
      expect(states(world)).toEqual(['1: retired', '2: current', '3: retired revoked']);
      expectQuiet(world, definition(['3']));
    }
  });

  it('is not imported again, with --replace neither', () => {
    const world = threeVersions();
    world.rollback(definition(['3']));
    expectQuiet(world, definition(['3']));
    expectQuiet(world, definition(['3']), {replace: true, latest: true});
    expectQuiet(world, definition([version('3', {checksum: {algorithm: 'sha512', hex: 'ab'.repeat(64)}})]), {
      replace: true,
    });
  });

  it('does not stand for other bytes under its version, which --replace accepts', () => {
    const world = after(definition(['1']), definition([version('2', {checksum: SHA('a')})]));
    world.rollback(definition([version('2', {checksum: SHA('a')})]));
    const other = definition([version('2', {checksum: SHA('b')})]);
    expect(world.plan(other).error?.code).toBe('DIGEST_CHANGED');
    expect(world.manage(other, {replace: true})).toEqual(['acquire 2 → X (2)', 'publish 2 → X', 'retire 1 → X (1)']);
    expectQuiet(world, other, {replace: true});
  });

  it('does not keep a newer version from the name', () => {
    const world = threeVersions();
    world.rollback(definition(['3']));
    expect(world.manage(definition(['3', '4']))).toEqual(['acquire 4 → X (4)', 'publish 4 → X', 'retire 2 → X (2)']);
  });

  it('is finished also where the definition lists nothing any more', () => {
    const world = threeVersions();
    world.rollback(definition(['3']), {most: 1});
    expect(world.manage(definition([]))).toEqual(['publish 2 → X', 'retire 3 → X (3)']);
    expectQuiet(world, definition([]));
  });

  it('takes no place among the last ones, and stays as long as one that does', () => {
    const last2 = {meta: {os_purpose: 'generic', os_distro: 'debian', uuid_validity: 'last-2'}};
    const world = after(definition(['1'], last2), definition(['2'], last2), definition(['3'], last2));
    world.rollback(definition(['3'], last2));
    expect(world.manage(definition(['3'], last2), {delete: true, yes: true})).toEqual([]);
    world.manage(definition(['4'], last2));
    // 4 is current, 3 is revoked, 2 is the last one that counts.
    expect(world.manage(definition(['4'], last2), {delete: true, yes: true})).toEqual(['delete 1']);
    world.manage(definition(['5'], last2));
    expect(world.manage(definition(['5'], last2), {delete: true, yes: true})).toEqual(['delete 3', 'delete 2']);
  });

  it('is not deleted while nothing else remembers it: not listed, and no newer version is there', () => {
    const world = after(definition(['1'], META_LAST_1), definition(['2'], META_LAST_1));
    world.rollback(definition(['2'], META_LAST_1));
    expect(world.manage(definition(['1'], META_LAST_1), {delete: true, yes: true})).toEqual([]);
    world.manage(definition(['3'], META_LAST_1));
    expect(world.manage(definition(['3'], META_LAST_1), {delete: true, yes: true})).toEqual(['delete 2', 'delete 1']);
  });

  it('counts as revoked where the mark cannot be read, and is reported', () => {
    for (const text of ['', 'true', 'version=9 date=2026-01-01T00:00:00Z pulled=no', 'version=2 date=soon']) {
      const world = after(definition(['1']), definition(['2']));
      world.set('X', {properties: {...world.named('X').properties, imgmgr_revoked: text}});
      const plan = world.plan(definition(['2']));
      expect(plan.warnings.map(({code}) => code)).toEqual(['revoked-unreadable']);
      expect(world.manage(definition(['2']))).toEqual(['publish 1 → X', 'retire 2 → X (2)']);
    }
  });

  it('is passed over by latest: the older digest that the source serves again is published', () => {
    const entry = version('latest');
    const latest = definition([entry]);
    const world = new World();
    world.manage(latest, {}, [latestRelease(entry, '20260101', SHA('a'))]);
    world.manage(latest, {}, [latestRelease(entry, '20260102', SHA('b'))]);
    world.rollback(latest, {most: 1});
    expect(world.manage(latest, {}, [latestRelease(entry, '20260101', SHA('a'))])).toEqual([
      'publish 20260101 → X',
      'retire 20260102 → X (20260102)',
    ]);
    expectQuiet(world, latest, {}, [latestRelease(entry, '20260102', SHA('b'))]);
    expect(world.manage(latest, {}, [latestRelease(entry, '20260103', SHA('c'))])).toEqual([
      'acquire 20260103 → X (20260103)',
      'publish 20260103 → X',
      'retire 20260101 → X (20260101)',
    ]);
  });
});

describe('rollback', () => {
  it('revokes the current image by one PATCH, then publishes the newest older version and retires the revoked one', () => {
    const world = threeVersions();
    expect(world.rollback(definition(['3']))).toEqual(['revoke 3', 'publish 2 → X', 'retire 3 → X (3)']);
    expect(world.show()).toEqual([
      'X (1) | public | oldgeneric | 1',
      'X (3) | public | oldgeneric | 3',
      'X | public | generic | 2',
    ]);
    const mark = world.named('X (3)').properties['imgmgr_revoked'];
    expect(mark).toBe(`version=3 digest=sha512:${'ab'.repeat(64)} date=2026-02-01T12:00:00Z pulled=no`);
    expect(world.named('X (3)').properties['imgmgr_revoked_reason']).toBeUndefined();
  });

  it('writes the reason onto the image only where it is public', () => {
    const world = threeVersions();
    world.rollback(definition(['3']), {isPublic: true});
    expect(world.named('X (3)').properties['imgmgr_revoked_reason']).toBe('broken');
  });

  it('makes every other action wait for the revocation', () => {
    const asked = {kind: 'rollback', date: '2026-02-01T12:00:00Z', reason: 'r', isPublic: false} as const;
    const plan = threeVersions().plan(definition(['3']), {}, undefined, undefined, asked);
    for (const action of plan.actions.slice(1))
      expect(action.dependsOn.map(({id}) => id)).toContain(plan.actions[0]?.id);
    expect(plan.actions).toHaveLength(3);
  });

  it('goes back to the version that is asked for and revokes all that are newer, the current one last', () => {
    const world = threeVersions();
    expect(world.rollback(definition(['3']), {to: '1'})).toEqual([
      'revoke 2',
      'revoke 3',
      'publish 1 → X',
      'retire 3 → X (3)',
    ]);
    expectQuiet(world, definition(['3']));
    expectQuiet(world, definition(['1', '2', '3']));
  });

  it('has not begun where it was killed before the current one was revoked', () => {
    const world = threeVersions();
    world.rollback(definition(['3']), {to: '1', most: 1});
    expectQuiet(world, definition(['3']));
    expect(states(world)).toEqual(['1: retired', '2: retired revoked', '3: current']);
  });

  it('goes on where an earlier one was killed, and revokes nothing more', () => {
    for (const killedAfter of [1, 2]) {
      const world = threeVersions();
      world.rollback(definition(['3']), {most: killedAfter});
      world.rollback(definition(['3']));
      expect(states(world)).toEqual(['1: retired', '2: current', '3: retired revoked']);
    }
  });

  it('revokes the version that failed, too, which it passes over', () => {
    const world = threeVersions();
    world.set('X (2)', {properties: {...world.named('X (2)').properties, imgmgr_verdict: 'fail'}});
    expect(world.rollback(definition(['3']))).toEqual(['revoke 2', 'revoke 3', 'publish 1 → X', 'retire 3 → X (3)']);
    expectQuiet(world, definition(['1', '2', '3']));
  });

  it('boots a target without a verdict first, and none that has passed or where verification is off', () => {
    const world = after(definition(['1']), definition(['2']));
    const boots = (verify: boolean): string[] =>
      world
        .plan(definition(['2']), {verify}, undefined, undefined, {
          kind: 'rollback',
          date: '2026-02-01T12:00:00Z',
          reason: 'r',
          isPublic: false,
        })
        .actions.map(({kind}) => kind);
    expect(boots(false)).toEqual(['revoke', 'publish', 'retire']);
    expect(boots(true)).toEqual(['revoke', 'verify', 'publish', 'retire']);
    world.set('X (1)', {
      properties: {...world.named('X (1)').properties, imgmgr_verdict: 'pass', imgmgr_verdict_cause: 'passed'},
    });
    expect(boots(true)).toEqual(['revoke', 'publish', 'retire']);
  });

  it('reactivates a target that imgmgr deactivated', () => {
    const ways = {retireAs: 'deactivated' as const, meta: {os_purpose: 'generic', uuid_validity: 'last-1'}};
    const world = after(definition(['1'], ways), definition(['2'], ways));
    expect(world.named('X (1)').status).toBe('deactivated');
    expect(world.rollback(definition(['2'], ways)).slice(0, 3)).toEqual(['revoke 2', 'reactivate 1', 'publish 1 → X']);
    expect(world.named('X').status).toBe('active');
  });

  it('neither imports nor boots nor removes anything else, and asks for no digest', () => {
    const world = threeVersions();
    const busy = world.create(
      {
        name: 'X (4)',
        osHidden: true,
        tags: ['managed_by_imgmgr'],
        properties: {imgmgr_definition: 'X', imgmgr_version: '4', imgmgr_state: 'importing'},
      },
      'alive',
    );
    world.liveRuns.add('alive');
    const changed = definition(['4', version('3', {checksum: SHA('f')})]);
    expect(world.rollback(changed)).toEqual(['revoke 3', 'publish 2 → X', 'retire 3 → X (3)']);
    expect(world.images).toContainEqual(busy);
  });

  it('goes back to what latest led to before', () => {
    const entry = version('latest');
    const latest = definition([entry]);
    const world = new World();
    world.manage(latest, {}, [latestRelease(entry, '20260101', SHA('a'))]);
    world.manage(latest, {}, [latestRelease(entry, '20260102', SHA('b'))]);
    expect(world.rollback(latest)).toEqual([
      'revoke 20260102',
      'publish 20260101 → X',
      'retire 20260102 → X (20260102)',
    ]);
    expectQuiet(world, latest, {}, [latestRelease(entry, '20260102', SHA('b'))]);
  });

  it('keeps what the target alone has: its build date, its boot properties, what its entry said', () => {
    const old = version('1', {
      buildDate: '2025-05-05',
      meta: {hw_disk_bus: 'ide', note: 'old'},
      visibility: 'community',
    });
    const world = after(definition([old]), definition(['2']));
    world.rollback(
      definition(['2'], {
        meta: {os_purpose: 'generic', os_distro: 'debian', hw_disk_bus: 'virtio', hw_rng_model: 'virtio'},
      }),
    );
    const {properties, visibility} = world.named('X');
    expect(properties).toMatchObject({
      image_build_date: '2025-05-05',
      hw_disk_bus: 'ide',
      note: 'old',
      os_purpose: 'generic',
    });
    expect(properties['hw_rng_model']).toBeUndefined();
    expect(visibility).toBe('community');
  });

  const two = (): World => after(definition(['1']), definition(['2']));
  const refusal = (world: World, how: Parameters<World['rollback']>[1], text = definition(['2'])): string => {
    try {
      return world.rollback(text, how).join();
    } catch (error) {
      const {code, message, hint} = error as {code: string; message: string; hint?: string};
      return `${code}: ${message}; ${hint ?? ''}`;
    }
  };

  it('refuses what cannot be meant, with what can', () => {
    expect(refusal(two(), {to: '2'})).toMatch(/^USAGE: X 2 .* it is the current one; versions to go back to: 1$/);
    expect(refusal(two(), {to: '11'})).toMatch(
      /^USAGE: there is no version "11" of X on this cloud; did you mean "1"\?$/,
    );
    const world = two();
    world.rollback(definition(['2']));
    expect(refusal(world, {to: '2'})).toMatch(
      /^USAGE: X 2 .* it is revoked; lift that first: imgmgr rollback --undo "X" "2"$/,
    );
    expect(refusal(world, {})).toMatch(
      /^NOT_FOUND: no other version can take the place of X 1 .*there are: 2 \(it is revoked\)/,
    );
    const pulled = two();
    pulled.set('X (1)', {visibility: 'private'});
    expect(refusal(pulled, {})).toContain('1 (somebody changed it by hand; --force-state takes it all the same)');
    expect(refusal(pulled, {flags: {forceState: true}})).toBe('revoke 2,publish 1 → X,retire 2 → X (2)');
    const failed = two();
    failed.set('X (1)', {
      properties: {...failed.named('X (1)').properties, imgmgr_verdict: 'fail', imgmgr_verdict_cause: 'kernel-panic'},
    });
    expect(refusal(failed, {to: '1'})).toContain('it failed its verification: kernel-panic');
  });

  it('refuses a candidate and one in quarantine', () => {
    const world = two();
    const made = (number: string, state: string): void =>
      void world.create({
        name: `X (${number})`,
        osHidden: true,
        tags: ['managed_by_imgmgr'],
        properties: {imgmgr_definition: 'X', imgmgr_version: number, imgmgr_state: state},
      });
    made('7', 'quarantined');
    made('8', 'ready');
    expect(refusal(world, {to: '7'})).toContain('failed its verification and is quarantined');
    expect(refusal(world, {to: '8'})).toContain('was never published');
  });

  it('refuses a version that is newer than the current one', () => {
    const world = after(definition(['1']), definition(['2']), definition(['1']));
    expect(refusal(world, {to: '2'}, definition(['1']))).toContain('it is newer than the current 1');
  });
});

describe('a rollback to a listed version', () => {
  it('leaves it what it was booted with, whatever the definition says by now', () => {
    const world = new World();
    for (const each of ['1', '2']) world.manage(definition([each]), {verify: true});
    const uefi = {meta: {architecture: 'x86_64', os_purpose: 'generic', hw_firmware_type: 'uefi'}};
    expect(world.rollback(definition(['1', '2'], uefi), {flags: {verify: true}})).toEqual([
      'revoke 2',
      'publish 1 → X',
      'retire 2 → X (2)',
    ]);
    const {properties} = world.named('X');
    expect([properties['hw_firmware_type'], properties['hw_disk_bus']]).toEqual([undefined, 'scsi']);
    // What the definition says is tried on a candidate.
    expect(world.manage(definition(['1', '2'], uefi), {verify: true})).toEqual([
      'acquire 1 → X (1)',
      'verify 1',
      'publish 1 → X',
      'retire 1 → X (1-1)',
    ]);
    expect(world.named('X').properties['hw_firmware_type']).toBe('uefi');
  });
});

describe('a rollback to a build', () => {
  it('leaves it what it was booted with, whatever the definition says by now', () => {
    const spec = {elements: [], environment: {}, packages: [], formats: [], compress: true, timeoutSeconds: 1};
    const built = (meta: Readonly<Record<string, string>> = {}) =>
      definition([], {build: spec, meta: {architecture: 'x86_64', os_purpose: 'generic', ...meta}});
    const world = new World();
    const build = (version: string): Release => ({
      ...{kind: 'build', version, place: built().place},
      build: {inputs: version, why: 'is new', source: 'private'},
    });
    const scsi = {hw_disk_bus: 'scsi'};
    for (const version of ['20260101', '20260102']) world.manage(built(scsi), {verify: true}, [build(version)]);
    expect(world.rollback(built({hw_firmware_type: 'uefi'}), {flags: {verify: true}})).toEqual([
      'revoke 20260102',
      'publish 20260101 → X',
      'retire 20260102 → X (20260102)',
    ]);
    const {properties} = world.named('X');
    expect([properties['hw_firmware_type'], properties['hw_disk_bus']]).toEqual([undefined, 'scsi']);
  });
});

describe('rollback --pull', () => {
  it('hides and deactivates the current image and earlier ones of its version, and nothing takes the place', () => {
    const world = threeVersions();
    expect(world.pull(definition(['3']))).toEqual(['revoke 3', 'deactivate 3']);
    expect(states(world)).toEqual(['1: retired', '2: retired', '3: retired pulled hidden deactivated']);
    expect(world.named('X').tags).toEqual(['managed_by_imgmgr']);
    expectQuiet(world, definition(['3']));
    expectQuiet(world, definition(['1', '2', '3']));
  });

  it('takes earlier images of the same version along', () => {
    const world = after(definition([version('1', {checksum: SHA('a')})]));
    world.manage(definition([version('1', {checksum: SHA('b')})]), {replace: true});
    world.pull(definition([version('1', {checksum: SHA('b')})]));
    expect(states(world)).toEqual(Array(2).fill('1: retired pulled hidden deactivated'));
  });

  it('is finished by the next run, and again where somebody reactivates what was pulled', () => {
    const world = threeVersions();
    world.pull(definition(['3']), 1);
    expect(world.manage(definition(['3']))).toEqual(['deactivate 3']);
    world.set('X', {status: 'active'});
    expect(world.manage(definition(['3']))).toEqual(['deactivate 3']);
  });

  it('does nothing the second time', () => {
    const world = threeVersions();
    world.pull(definition(['3']));
    expect(world.pull(definition(['3']))).toEqual([]);
  });

  it('gives way to a newer version, and to an older one that a rollback names or finds', () => {
    const newer = threeVersions();
    newer.pull(definition(['3']));
    expect(newer.manage(definition(['4']))).toEqual(['acquire 4 → X (4)', 'publish 4 → X']);
    for (const [to, rest] of [
      ['1', ['revoke 2', 'revoke 3', 'publish 1 → X']],
      [undefined, ['revoke 3', 'publish 2 → X']],
    ] as const) {
      const world = threeVersions();
      world.pull(definition(['3']));
      expect(world.rollback(definition(['3']), {...(to !== undefined && {to})})).toEqual(rest);
      expectQuiet(world, definition(['3']));
      expect(states(world)).toContain('3: retired revoked hidden deactivated');
    }
  });

  it('keeps the name from versions that a rollback skips, wherever it is killed', () => {
    const world = threeVersions();
    world.pull(definition(['3']));
    world.rollback(definition(['3']), {to: '1', most: 1});
    expectQuiet(world, definition(['3']));
    expect(world.rollback(definition(['3']), {to: '1'})).toEqual(['revoke 3', 'publish 1 → X']);
  });

  it('is refused where nothing is published', () => {
    expect(() => new World().pull(definition(['1']))).toThrow('nothing is published under X');
  });

  it('pulls what was revoked before and could not be replaced', () => {
    const world = after(definition(['1']));
    world.set('X', {
      properties: {...world.named('X').properties, imgmgr_revoked: 'version=1 date=2026-01-01T00:00:00Z pulled=no'},
    });
    expect(world.pull(definition(['1']))).toEqual(['revoke 1', 'deactivate 1']);
  });
});

describe('rollback --undo', () => {
  it('lifts the revocation, and the version gets its name back where it is the one that is listed', () => {
    const world = threeVersions();
    world.rollback(definition(['3']), {isPublic: true});
    expect(world.undo(definition(['3']), '3')).toEqual(['lift 3', 'publish 3 → X', 'retire 2 → X (2)']);
    expect(states(world)).toEqual(['1: retired', '2: retired', '3: current']);
    expect(world.named('X').properties['imgmgr_revoked_reason']).toBeUndefined();
    expectQuiet(world, definition(['3']));
  });

  it('is finished by any run once it is lifted', () => {
    for (const killedAfter of [1, 2]) {
      const world = threeVersions();
      world.rollback(definition(['3']));
      world.undo(definition(['3']), '3', killedAfter);
      world.manage(definition(['3']));
      expect(states(world)).toEqual(['1: retired', '2: retired', '3: current']);
    }
  });

  it('gives a pulled image back: active, shown, under its name', () => {
    const world = threeVersions();
    world.pull(definition(['3']));
    expect(world.undo(definition(['3']), '3')).toEqual(['reactivate 3', 'lift 3', 'publish 3 → X']);
    expect(states(world)).toEqual(['1: retired', '2: retired', '3: current']);
    expectQuiet(world, definition(['3']));
  });

  it('has not begun where it was killed before the mark was lifted', () => {
    const world = threeVersions();
    world.pull(definition(['3']));
    world.undo(definition(['3']), '3', 1);
    world.manage(definition(['3']));
    expect(states(world)).toEqual(['1: retired', '2: retired', '3: retired pulled hidden deactivated']);
  });

  it('refuses a version whose digest another entry revokes', () => {
    const world = after(definition(['1']), definition([version('2', {checksum: SHA('a')})]));
    world.rollback(definition([version('2', {checksum: SHA('a')})]));
    expect(() => world.undo(definition([revoked('bad', {checksum: SHA('a')}), '3']), '2')).toThrow(
      'the definition says that X 2 is revoked ("does not boot")',
    );
  });

  it('lifts a mark that cannot be read', () => {
    const world = after(definition(['1']), definition(['2']));
    world.set('X', {properties: {...world.named('X').properties, imgmgr_revoked: 'yes'}});
    expect(world.undo(definition(['2']), '2')).toEqual(['lift 2']);
    expectQuiet(world, definition(['2']));
  });

  it('refuses a version that is not revoked, one that is not there, and one that the definition revokes', () => {
    const world = threeVersions();
    expect(() => world.undo(definition(['3']), '2')).toThrow('X 2 is not revoked');
    expect(() => world.undo(definition(['3']), '9')).toThrow('X 9 is not there');
    expect(() => world.undo(definition([revoked('3')]), '3')).toThrow(
      'the definition says that X 3 is revoked ("does not boot")',
    );
  });
});
