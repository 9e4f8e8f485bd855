import type {PolicyRule} from './rule.ts';
import {OWN} from './rule.ts';

const MEMBER = `rule:admin_only or (role:member and ${OWN})`;
const READER = `rule:admin_only or (role:reader and ${OWN})`;

/** https://opendev.org/openstack/neutron/src/branch/master/neutron/conf/policies/port.py */
export const NEUTRON_RULES: readonly PolicyRule[] = [
  {
    name: 'get_network',
    default: `${READER} or rule:shared or rule:external or rule:context_is_advsvc`,
    target: OWN,
    need: 'enforced',
    why: 'choose a network',
    calls: ['GET /networks'],
  },
  {
    name: 'get_subnet',
    default: `${READER} or rule:shared`,
    target: OWN,
    need: 'enforced',
    why: 'find the way back to this host',
    calls: ['GET /subnets'],
  },
  {
    name: 'get_port',
    default: `${READER} or rule:context_is_advsvc`,
    target: OWN,
    need: 'enforced',
    why: 'find ports',
    calls: ['GET /ports'],
  },
  {
    name: 'create_port',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'make the port of a test server',
    calls: ['POST /ports'],
  },
  {
    name: 'update_port',
    default: `${MEMBER} or rule:context_is_advsvc`,
    target: OWN,
    need: 'enforced',
    why: 'guard it',
    calls: ['PUT /ports/*'],
  },
  {
    name: 'delete_port',
    default: `${MEMBER} or rule:context_is_advsvc`,
    target: OWN,
    need: 'enforced',
    why: 'remove it',
    calls: ['DELETE /ports/*'],
  },
  {
    name: 'get_security_group',
    default: READER,
    target: OWN,
    need: 'enforced',
    why: 'find security groups',
    calls: ['GET /security-groups', 'GET /security-groups/*'],
  },
  {
    name: 'create_security_group',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'close a test server',
    calls: ['POST /security-groups'],
  },
  {
    name: 'delete_security_group',
    default: MEMBER,
    target: OWN,
    need: 'enforced',
    why: 'remove the group',
    calls: ['DELETE /security-groups/*'],
  },
];
