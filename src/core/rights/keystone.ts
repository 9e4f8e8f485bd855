import type {PolicyRule} from './rule.ts';

const ADMIN = 'rule:admin_required';

/** https://opendev.org/openstack/keystone/src/branch/master/keystone/common/policies/project.py; the role can list domains and projects then. */
export const KEYSTONE_RULES: readonly PolicyRule[] = [
  {
    name: 'identity:list_domains',
    default: ADMIN,
    need: {only: 'definitions have "share: {domains: …}"; it lets the role list domains and projects'},
    why: 'find a domain by its name',
    calls: ['GET /domains'],
  },
  {
    name: 'identity:list_projects',
    default: ADMIN,
    need: {only: 'definitions have "share: {domains: …}"; it lets the role list domains and projects'},
    why: 'find its projects',
    calls: ['GET /projects'],
  },
];
