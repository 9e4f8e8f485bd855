import {describe, expect, it} from 'vitest';
import {readVerdict} from '../../../../src/core/verdict/record.ts';
import {World, definition, version} from './plan-world.ts';

const META = {
  architecture: 'x86_64',
  os_distro: 'debian',
  os_purpose: 'generic',
  uuid_validity: 'last-3',
  hw_disk_bus: 'scsi',
};

const verify = {verify: true};

/** A world in which version 1 was verified and published. */
function published(): World {
  const world = new World();
  world.manage(definition(['1']), verify);
  return world;
}

describe('verification in a plan', () => {
  it('stands between the acquisition and the publication of every new image', () => {
    const world = new World();
    expect(world.manage(definition(['1']), verify)).toEqual(['acquire 1 → X (1)', 'verify 1', 'publish 1 → X']);
    expect(readVerdict(world.named('X'))).toMatchObject({kind: 'pass', cause: 'passed'});
    expect(world.manage(definition(['1']), verify)).toEqual([]);
    expect(world.manage(definition(['2']), verify)).toEqual([
      'acquire 2 → X (2)',
      'verify 2',
      'publish 2 → X',
      'retire 1 → X (1)',
    ]);
  });

  it('is left out for a CD-ROM, unless its definition has a mode', () => {
    const disc = definition(['1'], {format: 'iso'});
    expect(new World().manage(disc, verify)).toEqual(['acquire 1 → X (1)', 'publish 1 → X']);
    const asked = definition(['1'], {format: 'iso', verify: {mode: 'boot'}});
    expect(new World().manage(asked, verify)).toEqual(['acquire 1 → X (1)', 'verify 1', 'publish 1 → X']);
  });

  it('is left out with --no-verify and for mode: none', () => {
    expect(new World().manage(definition(['1']), {verify: false})).toEqual(['acquire 1 → X (1)', 'publish 1 → X']);
    const none = definition(['1'], {verify: {mode: 'none'}});
    expect(new World().manage(none, verify)).toEqual(['acquire 1 → X (1)', 'publish 1 → X']);
  });

  it('comes before an image is deactivated, since a deactivated one cannot be booted', () => {
    const world = new World();
    expect(world.manage(definition(['1'], {status: 'deactivated'}), verify)).toEqual([
      'acquire 1 → X (1)',
      'verify 1',
      'deactivate 1',
      'publish 1 → X',
    ]);
  });

  it('happens with --no-publish too, and the next run publishes what passed without booting it again', () => {
    const world = new World();
    expect(world.manage(definition(['1']), {...verify, publish: false})).toEqual(['acquire 1 → X (1)', 'verify 1']);
    expect(world.manage(definition(['1']), verify)).toEqual(['publish 1 → X']);
  });

  it('boots what an unverified run left before it is published', () => {
    const world = new World();
    world.manage(definition(['1']), {verify: false, publish: false});
    expect(world.manage(definition(['1']), verify)).toEqual(['verify 1', 'publish 1 → X']);
  });

  it('boots a kept candidate that passed again only with --reverify, a published image never', () => {
    const world = new World();
    world.manage(definition(['1']), {...verify, publish: false});
    const again = {...verify, reverify: true};
    expect(world.manage(definition(['1']), again)).toEqual(['verify 1', 'publish 1 → X']);
    expect(world.manage(definition(['1']), again)).toEqual([]);
  });
});

describe('a failed image', () => {
  it('keeps the predecessor, is neither fetched nor booted again, and is named by every run', () => {
    const world = published();
    world.bad.add('2');
    expect(world.manage(definition(['1', '2']), verify)).toContain('verify 2');
    expect(world.show()).toEqual(['X | public | generic | 1', 'X (2) | private | hidden | oldgeneric | 2'].sort());
    const plan = world.plan(definition(['1', '2']), verify);
    expect(plan.actions).toEqual([]);
    expect(plan.failures.map(({version, error}) => [version, error.code])).toEqual([['2', 'VERIFICATION']]);
    expect(plan.failures[0]?.error.message).toContain('kernel-panic');
  });

  it('holds back every deletion of its definition', () => {
    const meta = {...META, uuid_validity: 'last-1'};
    const world = new World();
    for (const version of ['1', '2']) world.manage(definition([version], {meta}), verify);
    expect(world.plan(definition(['2'], {meta}), {...verify, delete: true, yes: true}).actions).toHaveLength(1);
    world.bad.add('3');
    world.manage(definition(['3'], {meta}), verify);
    expect(world.plan(definition(['3'], {meta}), {...verify, delete: true, yes: true}).actions).toEqual([]);
  });

  it('is booted again with --reverify, and published when it passes', () => {
    const world = published();
    world.bad.add('2');
    world.manage(definition(['2']), verify);
    world.bad.clear();
    expect(world.manage(definition(['2']), {...verify, reverify: true})).toEqual([
      'verify 2',
      'publish 2 → X',
      'retire 1 → X (1)',
    ]);
  });

  it('is not published by --no-verify either', () => {
    const world = published();
    world.bad.add('2');
    world.manage(definition(['2']), verify);
    expect(world.plan(definition(['2']), {verify: false})).toMatchObject({actions: [], failures: [{version: '2'}]});
  });

  it('gives way to other bytes of the same version, with --replace', () => {
    const world = published();
    world.bad.add('2');
    const bytes = (hex: string) => definition([version('2', {checksum: {algorithm: 'sha256', hex: hex.repeat(64)}})]);
    world.manage(bytes('a'), verify);
    world.bad.clear();
    expect(world.manage(bytes('b'), {...verify, replace: true})).toContain('acquire 2 → X (2)');
  });

  it('gives way to other boot properties, which make another candidate', () => {
    const world = published();
    world.bad.add('2');
    world.manage(definition(['2']), verify);
    world.bad.clear();
    const changed = definition(['2'], {meta: {...META, hw_disk_bus: 'virtio'}});
    expect(world.manage(changed, verify)).toContain('acquire 2 → X (2)');
  });
});

describe('a catalogue that goes back', () => {
  it('boots an image that never was before it bears the name again, and republishes one that passed at once', () => {
    const unproven = new World();
    unproven.manage(definition(['1']), {verify: false});
    unproven.manage(definition(['2']), {verify: false});
    expect(unproven.manage(definition(['1']), verify)).toEqual(['verify 1', 'publish 1 → X', 'retire 2 → X (2)']);
    const authenticated = published();
    authenticated.manage(definition(['2']), verify);
    expect(authenticated.manage(definition(['1']), verify)).toEqual(['publish 1 → X', 'retire 2 → X (2)']);
  });
});

describe('boot-relevant drift', () => {
  const virtio = definition(['1'], {meta: {...META, hw_disk_bus: 'virtio'}});

  it('makes a new candidate where a verdict stands, and retires the old image behind it', () => {
    const world = published();
    expect(world.manage(virtio, verify)).toEqual([
      'acquire 1 → X (1)',
      'verify 1',
      'publish 1 → X',
      'retire 1 → X (1-1)',
    ]);
    expect(world.manage(virtio, verify)).toEqual([]);
  });

  it('is one PATCH without a verdict, and with --no-verify', () => {
    const unproven = new World();
    unproven.manage(definition(['1']), {verify: false});
    expect(unproven.manage(virtio, verify)).toEqual(['update 1']);
    expect(published().manage(virtio, {verify: false})).toEqual(['update 1']);
  });

  it('is one PATCH back where the live value differs and the definition does not', () => {
    const world = published();
    const before = world.named('X').properties;
    world.set('X', {properties: {...before, hw_disk_bus: 'ide'}});
    expect(world.manage(definition(['1']), verify)).toEqual(['update 1']);
    expect(world.named('X').properties['hw_disk_bus']).toBe('scsi');
  });

  it('does not touch what no boot depends on', () => {
    const world = published();
    const renamed = definition(['1'], {meta: {...META, os_distro: 'devuan'}});
    expect(world.manage(renamed, verify)).toEqual(['update 1']);
  });
});
