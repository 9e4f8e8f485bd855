import {describe, expect, it} from 'vitest';
import {hostName, seedVolume} from '../../../../src/local/qemu/seed.ts';

const SEED = {
  id: '11111111-2222-4333-8444-555555555555',
  name: 'imgmgr verify Debian 12',
  mac: 'fa:16:3e:00:00:01',
  userData: '#!/bin/sh\n',
  made: new Date(0),
};

function parsed(files: Readonly<Record<string, string>>, path: string): unknown {
  return JSON.parse(files[path] ?? 'nothing');
}

describe('what a guest is told about itself', () => {
  it('config-drive: is where Nova puts it, with the server as uuid', () => {
    const {label, files} = seedVolume({...SEED, datasource: 'config-drive', sshKey: 'ssh-ed25519 AAAA me'});
    expect(label).toBe('config-2');
    expect(Object.keys(files).sort()).toEqual([
      'openstack/latest/meta_data.json',
      'openstack/latest/network_data.json',
      'openstack/latest/user_data',
      'openstack/latest/vendor_data.json',
    ]);
    expect(parsed(files, 'openstack/latest/meta_data.json')).toMatchObject({
      uuid: SEED.id,
      name: SEED.name,
      hostname: 'imgmgr-verify-debian-12',
      public_keys: {imgmgr: 'ssh-ed25519 AAAA me'},
    });
    expect(parsed(files, 'openstack/latest/network_data.json')).toMatchObject({
      links: [{ethernet_mac_address: SEED.mac, mtu: 1500}],
      networks: [{type: 'ipv4_dhcp'}],
    });
    expect(files['openstack/latest/user_data']).toBe(SEED.userData);
  });

  it('nocloud: the three files of cloud-init, the server as instance-id', () => {
    const {label, files} = seedVolume({...SEED, datasource: 'nocloud', sshKey: 'ssh-ed25519 AAAA me'});
    expect(label).toBe('cidata');
    expect(parsed(files, 'meta-data')).toEqual({
      'instance-id': SEED.id,
      'local-hostname': 'imgmgr-verify-debian-12',
      'public-keys': ['ssh-ed25519 AAAA me'],
    });
    expect(parsed(files, 'network-config')).toMatchObject({ethernets: {nic0: {match: {macaddress: SEED.mac}}}});
    expect(files['user-data']).toBe(SEED.userData);
  });

  it.each(['config-drive', 'nocloud'] as const)('%s: authorizes nobody without a key', (datasource) => {
    const {files} = seedVolume({...SEED, datasource});
    expect(Object.values(files).join('\n')).not.toMatch(/public.keys/);
  });

  it.each([
    ['imgmgr_test 1', 'imgmgr-test-1'],
    ['Ünicode.Name-', 'nicode.name'],
    ['', 'server'],
    ['x'.repeat(80), 'x'.repeat(63)],
  ])('makes a host name of %j', (name, expected) => {
    expect(hostName(name)).toBe(expected);
  });
});
