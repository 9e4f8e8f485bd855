import type {PolicyRule} from './rule.ts';
import {OWN} from './rule.ts';

const ADMIN = 'rule:context_is_admin';
const MEMBER = 'rule:project_member_or_admin';
const READER = 'rule:project_reader_or_admin';

/** https://opendev.org/openstack/nova/src/branch/master/nova/policies/servers.py; the rules that defaults name are there since 2022.2. */
export const NOVA_RULES: readonly PolicyRule[] = [
  {
    name: 'os_compute_api:servers:detail:get_all_tenants',
    default: ADMIN,
    need: 'always',
    why: 'see which servers of any project use an image, before it is deleted',
    calls: ['GET /servers/detail'],
  },
  {
    name: 'os_compute_api:os-services:list',
    default: ADMIN,
    need: 'always',
    why: 'see whether all cells answer, before an image is deleted',
    calls: ['GET /os-services'],
  },
  {
    name: 'os_compute_api:servers:detail',
    default: READER,
    target: OWN,
    need: 'enforced',
    why: 'list test servers',
    calls: ['GET /servers/detail'],
  },
  {
    name: 'os_compute_api:servers:show',
    default: READER,
    target: OWN,
    need: 'enforced',
    why: 'look at a test server',
    calls: ['GET /servers/*'],
  },
  {
    name: 'os_compute_api:servers:create',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'make a test server',
    calls: ['POST /servers'],
  },
  {
    name: 'os_compute_api:servers:create:attach_network',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'with its port',
    calls: ['POST /servers'],
  },
  {
    name: 'os_compute_api:servers:create:attach_volume',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'with its volume',
    calls: ['POST /servers'],
  },
  {
    name: 'os_compute_api:servers:delete',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'remove a test server',
    calls: ['DELETE /servers/*'],
  },
  {
    name: 'os_compute_api:os-deferred-delete:force',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'remove it where Nova only marks it',
    calls: ['POST /servers/*/action'],
  },
  {
    name: 'os_compute_api:os-console-output',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'read its console',
    calls: ['POST /servers/*/action'],
  },
  {
    name: 'os_compute_api:os-instance-actions:list',
    default: READER,
    target: OWN,
    need: 'enforced',
    why: 'name the request that failed',
    calls: ['GET /servers/*/os-instance-actions'],
  },
  {
    name: 'os_compute_api:os-flavor-extra-specs:index',
    default: READER,
    target: OWN,
    need: 'enforced',
    why: 'leave flavors for special hardware out',
    calls: ['GET /flavors/detail'],
  },
  {
    name: 'os_compute_api:servers:create_image',
    default: MEMBER,
    target: OWN,
    need: {only: 'images are made of volumes and servers'},
    why: 'make an image of a server',
    calls: ['POST /servers/*/action'],
  },
  {
    name: 'os_compute_api:os-volumes-attachments:index',
    default: READER,
    target: OWN,
    need: {only: 'images are made of volumes and servers'},
    why: 'find its root volume',
    calls: ['GET /servers/*/os-volume_attachments'],
  },
];
