import {trimmed} from '../../core/trimmed.ts';
import type {Volume} from './iso.ts';

/** What a guest learns about itself. */
export interface Seed {
  readonly datasource: 'config-drive' | 'nocloud';
  /** The server's uuid. */
  readonly id: string;
  readonly name: string;
  readonly mac: string;
  readonly userData: string;
  /** One line of authorized_keys. */
  readonly sshKey?: string;
  readonly made: Date;
}

/** The MTU of QEMU's user-mode network. */
const MTU = 1500;

/**
 * The volume with metadata and user-data: OpenStack's config drive
 * (https://docs.openstack.org/nova/latest/user/metadata.html) or NoCloud
 * (https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html). It may hold secrets.
 */
export function seedVolume(seed: Seed): Volume {
  return seed.datasource === 'nocloud' ? noCloud(seed) : configDrive(seed);
}

function configDrive(seed: Seed): Volume {
  const {id, name, sshKey, mac} = seed;
  const metadata = {
    uuid: id,
    name,
    hostname: hostName(name),
    launch_index: 0,
    availability_zone: 'local',
    project_id: 'local',
    meta: {},
    devices: [],
    ...(sshKey !== undefined && {
      public_keys: {imgmgr: sshKey},
      keys: [{name: 'imgmgr', type: 'ssh', data: sshKey}],
    }),
  };
  const network = {
    links: [{id: 'nic0', type: 'phy', ethernet_mac_address: mac, mtu: MTU}],
    networks: [{id: 'network0', link: 'nic0', type: 'ipv4_dhcp', network_id: 'user'}],
    services: [],
  };
  return {
    label: 'config-2',
    made: seed.made,
    files: {
      'openstack/latest/meta_data.json': JSON.stringify(metadata),
      ...(seed.userData !== '' && {'openstack/latest/user_data': seed.userData}),
      'openstack/latest/network_data.json': JSON.stringify(network),
      'openstack/latest/vendor_data.json': '{}',
    },
  };
}

/** All of it is JSON, which YAML understands. */
function noCloud({id, name, sshKey, mac, userData, made}: Seed): Volume {
  const metadata = {
    'instance-id': id,
    'local-hostname': hostName(name),
    ...(sshKey !== undefined && {'public-keys': [sshKey]}),
  };
  const network = {version: 2, ethernets: {nic0: {match: {macaddress: mac}, dhcp4: true}}};
  return {
    label: 'cidata',
    made,
    files: {
      'meta-data': `${JSON.stringify(metadata)}\n`,
      'user-data': userData,
      'network-config': `${JSON.stringify(network)}\n`,
    },
  };
}

/** The name as Nova makes a host name of it: letters, digits and hyphens, at most 63. */
export function hostName(name: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[\s_]+/g, '-')
    .replace(/[^a-z0-9.-]/g, '')
    .slice(0, 63);
  return trimmed(clean, '.-') || 'server';
}
