import type {DoctorEvent, ServicePolicy} from '../doctor.ts';
import {CINDER_RULES} from './cinder.ts';
import {GLANCE_RULES} from './glance.ts';
import {KEYSTONE_RULES} from './keystone.ts';
import {NEUTRON_RULES} from './neutron.ts';
import {NOVA_RULES} from './nova.ts';
import type {PolicyRule} from './rule.ts';

/** Every rule that a call of imgmgr meets, by service; the calls that services make for it included. */
export const POLICY_RULES: Readonly<Record<string, readonly PolicyRule[]>> = {
  Glance: GLANCE_RULES,
  Nova: NOVA_RULES,
  Neutron: NEUTRON_RULES,
  Cinder: CINDER_RULES,
  Keystone: KEYSTONE_RULES,
};

/** Calls that no rule guards, or one that every user meets. */
export const OPEN_CALLS: readonly string[] = [
  ...['GET /info/import', 'GET /info/stores', 'GET /info/usage', 'GET /limits'],
  'GET /users/*/application_credentials/*',
];

/** The rules of a role that may do what imgmgr needs, and nothing else. */
export function policyFor(role: string): Extract<DoctorEvent, {type: 'policy'}> {
  const services = Object.entries(POLICY_RULES).map(([service, rules]): ServicePolicy => ({
    service,
    file: `/etc/${service.toLowerCase()}/policy.yaml`,
    rules: rules.map(({name, default: usual, target, need, why}) => ({
      ...{name, why, need: typeof need === 'string' ? need : 'optional'},
      check: `${usual} or ${target === undefined ? `role:${role}` : `(role:${role} and ${target})`}`,
      ...(typeof need === 'object' && {only: need.only}),
    })),
  }));
  return {type: 'policy', role, services};
}
