import {describe, expect, it} from 'vitest';
import type {Policy} from '../../../../src/core/policy.ts';
import {World, definition, version} from './plan-world.ts';

const RAW: Partial<Policy> = {convert: {to: 'raw', compress: false}};

function reasons(world: World, wanted: ReturnType<typeof definition>, flags: Partial<Policy>): readonly string[] {
  return world.plan(wanted, flags).actions.flatMap(({kind, summary}) => (kind === 'acquire' ? [summary.reason] : []));
}

describe('a plan with --convert', () => {
  it('says which new images are converted', () => {
    expect(reasons(new World(), definition(['1']), RAW)).toEqual(['not in the cloud yet, converted from qcow2 to raw']);
    expect(reasons(new World(), definition(['1'], {format: 'raw'}), RAW)).toEqual(['not in the cloud yet']);
  });

  it('leaves what is there as it is', () => {
    const world = new World();
    world.manage(definition(['1']));
    expect(world.plan(definition(['1']), RAW)).toMatchObject({actions: [], unchanged: 1});
  });

  it('warns of what is no disk, only where it is made', () => {
    const world = new World();
    const cd = definition(['1'], {format: 'iso'});
    expect(world.plan(cd, RAW).warnings).toEqual([
      {code: 'not-converted', message: 'X 1 is iso, no disk that could be converted: it goes as it is'},
    ]);
    world.manage(cd);
    expect(world.plan(cd, RAW).warnings).toEqual([]);
  });

  it('looks at the format of the store for a twin without a demanded digest, else at that of the source', () => {
    const digest = {algorithm: 'sha512', hex: 'a'.repeat(128)} as const;
    for (const [listed, expected] of [
      [version('1'), ''],
      [version('1', {checksum: digest}), ', converted from qcow2 to raw'],
    ] as const) {
      const world = new World();
      world.manage(definition([listed]), {verify: true});
      world.images = world.images.map((image) => ({...image, diskFormat: 'raw'}));
      const changed = definition([listed], {meta: {...definition([]).meta, hw_disk_bus: 'virtio'}});
      expect(reasons(world, changed, {...RAW, verify: true})).toEqual([
        `boot property changed (hw_disk_bus scsi → virtio): a new image is verified${expected}`,
      ]);
    }
  });
});
