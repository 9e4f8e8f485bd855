import {Readable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {OPEN_CALLS, POLICY_RULES, policyFor} from '../../../../src/core/rights/registry.ts';
import {CinderApi} from '../../../../src/openstack/cinder/api.ts';
import {GlanceApi} from '../../../../src/openstack/glance/api.ts';
import {KeystoneApi} from '../../../../src/openstack/keystone/api.ts';
import {NeutronApi} from '../../../../src/openstack/neutron/api.ts';
import {NovaApi} from '../../../../src/openstack/nova/api.ts';
import type {ServiceClient} from '../../../../src/openstack/request.ts';

const ID = '6c1d0a3e-5f0b-4f0e-9a70-2f3f0c9f6f11';
const NEW_IMAGE = {name: 'x', osHidden: true, tags: [], properties: {}};
const LABELS = {name: 'x', description: 'x'};

/** What each method of an API is called with; a method that is not here fails the test. */
const CALLS: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  Glance: {
    ...{list: [{}], get: [ID], anyId: [], probe: [{id: ID, visibility: 'public'}], create: [NEW_IMAGE]},
    ...{patch: [ID, []], delete: [ID], action: [ID, 'deactivate'], members: [ID], addMember: [ID, ID]},
    ...{acceptMembership: [ID, ID], removeMember: [ID, ID], tasks: [ID], importMethods: [], stores: [], usage: []},
    ...{import: [ID, {method: {name: 'web-download'}}], download: [ID], hasBytes: [ID]},
    ...{send: ['file', {id: ID, bytes: Readable.from([])}], listPages: [{}]},
  },
  Nova: {
    ...{servers: [{allProjects: true}], silentHosts: [], ownServers: ['x'], flavors: [], limits: [], mayCreate: []},
    ...{create: [{name: 'x', flavor: ID, port: ID, root: {image: ID}, metadata: {}, userData: '', configDrive: false}]},
    ...{server: [ID], delete: [ID], forceDelete: [ID], console: [ID], createRequest: [ID]},
    ...{createImage: [ID, {name: 'x', metadata: {}}], volumesOf: [ID]},
  },
  Neutron: {
    ...{networks: [], subnets: [ID], mayCreatePorts: [], createPort: [ID, LABELS], guardPort: [ID, [ID]], ports: [ID]},
    ...{deletePort: [ID], createGroup: [LABELS], group: [ID], groups: [ID], deleteGroup: [ID]},
  },
  Cinder: {
    create: [{name: 'x', from: {image: ID, sizeGib: 1}, metadata: {}}],
    ...{volume: [ID], volumes: [], delete: [ID], snapshot: [ID], snapshots: [], deleteSnapshot: [ID]},
    ...{createSnapshot: [{name: 'x', volume: ID, metadata: {}}], uploadToImage: [ID, {name: 'x', format: 'raw'}]},
  },
  Keystone: {credentialExpiry: [{userId: ID, id: ID}], domainsNamed: ['x'], projectsOf: [ID]},
};

/** More than one call of a method goes another way. */
const OTHERS: Readonly<Record<string, readonly (readonly [string, readonly unknown[]])[]>> = {
  Glance: [
    ['action', [ID, 'reactivate']],
    ['send', ['stage', {id: ID, bytes: Readable.from([])}]],
  ],
};

const APIS = {Glance: GlanceApi, Nova: NovaApi, Neutron: NeutronApi, Cinder: CinderApi, Keystone: KeystoneApi};

class Recorded extends Error {}

/** Every `METHOD /path` that the API can send, ids as `*`. */
async function callsOf(service: keyof typeof APIS): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const record = (method: string, path: string): never => {
    seen.add(`${method} ${(path.split('?')[0] ?? '').replaceAll(ID, '*')}`);
    throw new Recorded();
  };
  const client = {
    call: ({method, path}: {method: string; path: string}) => record(method, path),
    read: (_: unknown, path: string) => record('GET', path),
  } as unknown as ServiceClient;
  const api = new APIS[service](client) as unknown as Record<string, (...given: readonly unknown[]) => unknown>;
  const names = Object.getOwnPropertyNames(APIS[service].prototype).filter((name) => name !== 'constructor');
  expect(names.filter((name) => CALLS[service]?.[name] === undefined)).toEqual([]);
  for (const [name, given] of [...Object.entries(CALLS[service] ?? {}), ...(OTHERS[service] ?? [])])
    try {
      const answer = api[name]?.(...given);
      if (answer !== null && typeof answer === 'object' && Symbol.asyncIterator in answer)
        await (answer as AsyncGenerator).next();
      else await answer;
    } catch (error) {
      if (!(error instanceof Recorded)) throw error;
    }
  return seen;
}

describe.each(Object.keys(APIS) as (keyof typeof APIS)[])('the rules of %s', (service) => {
  it('are for exactly the calls that imgmgr makes', async () => {
    const made = await callsOf(service);
    const guarded = new Set((POLICY_RULES[service] ?? []).flatMap(({calls}) => calls));
    expect(made.size).toBeGreaterThan(2);
    expect([...made].filter((call) => !guarded.has(call) && !OPEN_CALLS.includes(call))).toEqual([]);
    expect([...guarded].filter((call) => !made.has(call))).toEqual([]);
  });

  it('keep whom they allow by default, and add one role', () => {
    for (const {name, check} of policyFor('night-shift').services.find((each) => each.service === service)?.rules ??
      []) {
      const rule = POLICY_RULES[service]?.find((each) => each.name === name);
      expect(check.startsWith(`${rule?.default ?? '?'} or `)).toBe(true);
      expect(check.match(/role:night-shift/g)).toHaveLength(1);
    }
  });

  it('name each rule once', () => {
    const names = (POLICY_RULES[service] ?? []).map(({name}) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

it('a role gets what admins alone may do only where it is needed', () => {
  const adminOnly = Object.values(POLICY_RULES)
    .flat()
    .filter(({default: usual}) => ['role:admin', 'rule:context_is_admin', 'rule:admin_required'].includes(usual))
    .map(({name, need}) => [name, typeof need === 'string' ? need : 'optional']);
  expect(adminOnly).toEqual([
    ['publicize_image', 'always'],
    ['copy_image', 'optional'],
    ['os_compute_api:servers:detail:get_all_tenants', 'always'],
    ['os_compute_api:os-services:list', 'always'],
    ['identity:list_domains', 'optional'],
    ['identity:list_projects', 'optional'],
  ]);
});
