import {randomUUID} from 'node:crypto';
import type {FakeCompute, FakeGroup, FakePort} from './compute-state.ts';
import {asRecord, Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import type {FakeAccount} from './keystone.ts';

const LONGEST = 255;

/** Neutron's networks, subnets, ports and security groups, as far as test servers need them. Admins see all projects. */
export async function answerNeutron(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const [version, collection, id, ...more] = request.path.split('/').slice(1);
  if (version !== 'v2.0' || more.length > 0) throw new Refusal(404, 'The resource could not be found.');
  switch (`${request.method} ${collection ?? ''}`) {
    case 'GET networks':
      return listNetworks(compute, caller);
    case 'GET subnets':
      return listSubnets(compute, request);
    case 'GET ports':
      return listed('ports', filtered(compute.ports, request, caller).map(describePort));
    case 'POST ports':
      return await createPort(compute, request, caller);
    case 'PUT ports': {
      const port = find(compute.ports, id, caller, 'Port');
      const groups = asRecord(asRecord(await request.json())?.['port'])?.['security_groups'];
      if (Array.isArray(groups)) port.groups = groups.map(String);
      return {status: 200, json: {port: describePort(port)}};
    }
    case 'DELETE ports':
      drop(compute.ports, find(compute.ports, id, caller, 'Port'));
      return {status: 204};
    case 'GET security-groups':
      if (id !== undefined)
        return {status: 200, json: {security_group: describeGroup(find(compute.groups, id, caller, 'SecurityGroup'))}};
      defaultGroup(compute, caller);
      return listed('security_groups', filtered(compute.groups, request, caller).map(describeGroup));
    case 'POST security-groups': {
      const {name, description} = labels(asRecord(await request.json())?.['security_group']);
      const group: FakeGroup = {id: randomUUID(), name, description, projectId: caller.projectId, egress: true};
      compute.groups.push(group);
      return {status: 201, json: {security_group: describeGroup(group)}};
    }
    case 'DELETE security-groups': {
      const group = find(compute.groups, id, caller, 'SecurityGroup');
      if (compute.ports.some(({groups}) => groups.includes(group.id)))
        throw new Refusal(409, `Security Group ${group.id} in use.`);
      drop(compute.groups, group);
      return {status: 204};
    }
    default:
      throw new Refusal(404, 'The resource could not be found.');
  }
}

function listNetworks(compute: FakeCompute, caller: FakeAccount): Reply {
  if (compute.forbidden.includes('networks')) throw new Refusal(403, '(rule:get_network) is disallowed by policy');
  const isAdmin = caller.roles.includes('admin');
  const seen = compute.networks.filter(
    (network) =>
      isAdmin || network.projectId === caller.projectId || network.shared === true || network.external === true,
  );
  const networks = seen.map(({id, name, projectId, shared, external, cidrs}) => ({
    id,
    name,
    project_id: projectId,
    shared: shared ?? false,
    'router:external': external ?? false,
    subnets: cidrs.map((_, index) => `${id}-subnet-${index}`),
  }));
  return {status: 200, json: {networks}};
}

function listSubnets(compute: FakeCompute, request: FakeRequest): Reply {
  const wanted = request.query.get('network_id');
  const subnets = compute.networks
    .filter(({id}) => wanted === null || id === wanted)
    .flatMap(({id, cidrs}) => cidrs.map((cidr, index) => ({id: `${id}-subnet-${index}`, network_id: id, cidr})));
  return {status: 200, json: {subnets}};
}

async function createPort(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const body = asRecord(asRecord(await request.json())?.['port']);
  if (compute.forbidden.includes('ports')) throw new Refusal(403, '(rule:create_port) is disallowed by policy');
  const {name, description} = labels(body);
  const network = compute.networks.find(({id}) => id === body?.['network_id']);
  if (network === undefined) throw new Refusal(404, `Network ${String(body?.['network_id'])} could not be found.`);
  const own = compute.ports.filter(({projectId}) => projectId === caller.projectId).length;
  if (compute.portQuota >= 0 && own >= compute.portQuota)
    throw new Refusal(409, "Quota exceeded for resources: ['port'].");
  const number = compute.ports.length + 10;
  const port: FakePort = {
    id: randomUUID(),
    name,
    description,
    projectId: caller.projectId,
    networkId: network.id,
    mac: `fa:16:3e:00:00:${number.toString(16).padStart(2, '0')}`,
    addresses: network.cidrs.map((cidr) => cidr.replace(/\d+\/\d+$/, String(number))),
    groups: [defaultGroup(compute, caller).id],
  };
  compute.ports.push(port);
  return {status: 201, json: {port: describePort(port)}};
}

// Neutron makes it when a project is first seen.
function defaultGroup(compute: FakeCompute, {projectId}: FakeAccount): FakeGroup {
  const known = compute.groups.find((group) => group.name === 'default' && group.projectId === projectId);
  if (known !== undefined) return known;
  const made = {id: randomUUID(), name: 'default', description: 'Default security group', projectId, egress: true};
  compute.groups.push(made);
  return made;
}

function labels(body: unknown): {name: string; description: string} {
  const {name, description} = asRecord(body) ?? {};
  for (const text of [name, description])
    if (typeof text === 'string' && text.length > LONGEST)
      throw new Refusal(400, `Invalid input for description. Reason: '${text}' exceeds maximum length of 255.`);
  return {name: typeof name === 'string' ? name : '', description: typeof description === 'string' ? description : ''};
}

function filtered<T extends {readonly name: string; readonly projectId: string}>(
  all: readonly T[],
  {query}: FakeRequest,
  caller: FakeAccount,
): readonly T[] {
  const [project, name] = [query.get('project_id'), query.get('name')];
  return all
    .filter(({projectId}) => caller.roles.includes('admin') || projectId === caller.projectId)
    .filter((each) => (project === null || each.projectId === project) && (name === null || each.name === name));
}

function find<T extends {readonly id: string; readonly projectId: string}>(
  all: readonly T[],
  id: string | undefined,
  caller: FakeAccount,
  kind: string,
): T {
  const found = all.find((each) => each.id === id);
  if (found === undefined || (found.projectId !== caller.projectId && !caller.roles.includes('admin')))
    throw new Refusal(404, `${kind} ${id ?? ''} could not be found.`);
  return found;
}

function drop<T>(all: T[], one: T): void {
  all.splice(all.indexOf(one), 1);
}

function listed(key: string, items: readonly object[]): Reply {
  return {status: 200, json: {[key]: items}};
}

function describePort(port: FakePort): object {
  return {
    id: port.id,
    name: port.name,
    description: port.description,
    project_id: port.projectId,
    network_id: port.networkId,
    mac_address: port.mac,
    fixed_ips: port.addresses.map((address) => ({ip_address: address, subnet_id: `${port.networkId}-subnet-0`})),
    security_groups: port.groups,
    device_id: port.device ?? '',
    status: port.device === undefined ? 'DOWN' : 'ACTIVE',
  };
}

function describeGroup({id, name, description, projectId, egress}: FakeGroup): object {
  const rule = (ethertype: string): object => ({
    direction: 'egress',
    ethertype,
    protocol: null,
    port_range_min: null,
    remote_ip_prefix: null,
    remote_group_id: null,
  });
  const rules = egress ? ['IPv4', 'IPv6'].map(rule) : [];
  return {id, name, description, project_id: projectId, security_group_rules: rules};
}
