import {describe, expect, it} from 'vitest';
import {changesOf} from '../../../../src/core/image/patch.ts';
import {World, definition} from '../plan/plan-world.ts';

describe('the changes of a patch', () => {
  const world = new World();
  world.manage(definition(['1']));
  const image = {...world.named('X'), minRam: 128, tags: ['b', 'a']};

  it('are given as field, old value and new value, each with its type, and as one text each', () => {
    const patch = {
      ...{name: 'Y', visibility: 'private' as const, osHidden: true, protected: true, minDisk: 3, minRam: 256},
      ...{tags: ['c', 'b'], set: {hw_disk_bus: 'virtio', new_key: 'x'}, remove: ['os_distro']},
    };
    expect(changesOf(image, patch)).toEqual({
      fieldChanges: [
        {field: 'name', from: 'X', to: 'Y'},
        {field: 'visibility', from: 'public', to: 'private'},
        {field: 'os_hidden', from: false, to: true},
        {field: 'protected', from: false, to: true},
        {field: 'min_disk', from: 2, to: 3},
        {field: 'min_ram', from: 128, to: 256},
        {field: 'tags', from: ['a', 'b'], to: ['b', 'c']},
        {field: 'hw_disk_bus', from: 'scsi', to: 'virtio'},
        {field: 'new_key', from: null, to: 'x'},
        {field: 'os_distro', from: 'debian', to: null},
      ],
      changes: [
        'name: X → Y',
        'visibility: public → private',
        'os_hidden: false → true',
        'protected: false → true',
        'min_disk: 2 → 3',
        'min_ram: 128 → 256',
        'tags: a,b → b,c',
        'hw_disk_bus: scsi → virtio',
        'new_key: (none) → x',
        'os_distro: debian → (none)',
      ],
    });
  });

  it('leave out what imgmgr keeps for itself', () => {
    const patch = {set: {imgmgr_state: 'retired'}, remove: ['imgmgr_expires']};
    expect(changesOf(image, patch)).toEqual({changes: [], fieldChanges: []});
  });

  it('take a property that every object has for absent where the image has it not', () => {
    expect(changesOf(image, {set: {constructor: 'x'}}).fieldChanges).toEqual([
      {field: 'constructor', from: null, to: 'x'},
    ]);
  });
});

describe('a plan', () => {
  it('gives what publishing an image that is there changes about it, field by field', () => {
    const world = new World();
    world.manage(definition(['1']));
    world.manage(definition(['1', '2']));
    const back = world.plan(definition(['1']));
    const published = back.actions.find(({kind}) => kind === 'publish');
    expect(published?.summary.fieldChanges).toEqual([
      {field: 'name', from: 'X (1)', to: 'X'},
      {field: 'tags', from: ['managed_by_imgmgr'], to: ['amphora', 'managed_by_imgmgr', 'os:debian']},
      {field: 'os_purpose', from: 'oldgeneric', to: 'generic'},
    ]);
  });
});
