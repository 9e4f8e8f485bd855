import {describe, expect, it} from 'vitest';
import {resourceId} from '../../../src/openstack/id.ts';
import {image} from '../../../src/openstack/glance/schema.ts';
import {createdServer} from '../../../src/openstack/nova/schema.ts';
import {onePort} from '../../../src/openstack/neutron/schema.ts';
import {oneVolume} from '../../../src/openstack/cinder/schema.ts';

const HOSTILE = [
  '',
  '.',
  '..',
  '../../v3/users',
  'a/b',
  'a?b=c',
  'a#b',
  'a%2fb',
  'a b',
  'a\nb',
  '\u202ea',
  'x'.repeat(256),
];

describe('S8: ids that a cloud sends become parts of paths', () => {
  it('S8: what would lead elsewhere is no id', () => {
    expect(HOSTILE.filter((id) => resourceId.safeParse(id).success)).toEqual([]);
    const good = ['6f1b0f60-3a0e-4a8e-9d0c-0123456789ab', '0'.repeat(32), 'image-1', 'a.b~c_d'];
    expect(good.filter((id) => !resourceId.safeParse(id).success)).toEqual([]);
  });

  it('S8: of images, servers, ports, volumes', () => {
    const id = '../../v3/users';
    const fields = {status: 'active', visibility: 'private', created_at: '', updated_at: ''};
    const answers = [
      (each: string) => image.safeParse({id: each, ...fields}),
      (each: string) => createdServer.safeParse({server: {id: each}}),
      (each: string) => onePort.safeParse({port: {id: each, mac_address: ''}}),
      (each: string) => oneVolume.safeParse({volume: {id: each, status: ''}}),
    ];
    expect(answers.map((answer) => answer(id).success)).toEqual([false, false, false, false]);
    expect(answers.map((answer) => answer('a-1').success)).toEqual([true, true, true, true]);
  });
});
