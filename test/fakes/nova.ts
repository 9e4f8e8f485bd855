import type {FakeCompute, FakeServer} from './compute-state.ts';
import {Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import type {ImageTable} from './glance/image-table.ts';
import type {FakeAccount} from './keystone.ts';
import type {MakeImage} from './object-images.ts';
import {createServer} from './nova/create-server.ts';
import {describeServer, serverCall} from './nova/server-calls.ts';

export type {FakeServer} from './compute-state.ts';

const DEFAULT_LIMIT = 1000;

/** What Nova works with. */
export interface NovaContext {
  readonly compute: FakeCompute;
  readonly images: ImageTable;
  readonly makeImage: MakeImage;
}

/** Nova's servers, flavors and limits, as far as imgmgr uses them. */
export async function answerNova(context: NovaContext, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const {compute} = context;
  const [, region, rest = ''] = /^(?:\/in-([^/]+))?(.*)$/.exec(request.path) ?? [];
  const path = rest.replace(/\/$/, '').replace(/^\/v2\.1/, '');
  const call = `${request.method} ${path}`;
  requireKnownVersion(compute, request);
  const here = compute.servers.filter((server) => server.region === region);
  if (call === 'GET /servers' || call === 'GET /servers/detail')
    return listServers(
      here.filter(({host}) => host === undefined || !compute.silentHosts.includes(host)),
      request,
      caller,
    );
  if (call === 'GET /os-services') return listServices(compute, request, caller);
  if (call === 'POST /servers') return await createServer(context, request, caller);
  if (call === 'GET /flavors/detail') return listFlavors(compute, request);
  if (call === 'GET /limits') return limits(compute, caller);
  const [, id, what] = /^\/servers\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (id === undefined) throw new Refusal(404, 'The resource could not be found.');
  return await serverCall(context, request, caller, [id, what]);
}

/** https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/api_version_request.py, asked before any policy. */
function requireKnownVersion(compute: FakeCompute, request: FakeRequest): void {
  const version = request.headers['x-openstack-nova-api-version'];
  if (version === undefined || version === 'latest') return;
  const newest = compute.old ? 1 : 93;
  const minor = /^2\.([1-9]\d*)$/.exec(String(version))?.[1];
  if (minor === undefined)
    throw new Refusal(
      400,
      `API Version String ${String(version)} is of invalid format. Must be of format MajorNum.MinorNum.`,
    );
  if (Number(minor) > newest)
    throw new Refusal(
      406,
      `Version ${String(version)} is not supported by the API. Minimum is 2.1 and maximum is 2.${newest}.`,
    );
}

/** Hosts of cells that do not answer are there since 2.69 only, and then with nothing but their status. */
function listServices(compute: FakeCompute, request: FakeRequest, caller: FakeAccount): Reply {
  if (!caller.roles.includes('admin'))
    throw new Refusal(403, "Policy doesn't allow os_compute_api:os-services:list to be performed.");
  const version = request.headers['x-openstack-nova-api-version'];
  const isNew = version === '2.69';
  const up = {
    binary: 'nova-compute',
    host: 'compute-1',
    id: isNew ? 'cc86d343-bb4e-4510-8288-5073ff7dfb78' : 5,
    zone: 'nova',
    status: 'enabled',
    state: 'up',
    updated_at: '2026-01-31T16:44:45.000000',
    disabled_reason: null,
    ...(isNew && {forced_down: false}),
  };
  const silent = compute.silentHosts.map((host) => ({binary: 'nova-compute', host, status: 'UNKNOWN'}));
  return {status: 200, json: {services: [up, ...(isNew ? silent : [])]}};
}

function listFlavors(compute: FakeCompute, request: FakeRequest): Reply {
  const version = request.headers['x-openstack-nova-api-version'];
  const flavors = compute.flavors.map(({extra_specs, ...flavor}) => ({
    ...flavor,
    ...(version !== undefined && {extra_specs: extra_specs ?? {}}),
  }));
  return {status: 200, json: {flavors}};
}

function limits(compute: FakeCompute, caller: FakeAccount): Reply {
  const used = compute.servers.filter(({projectId}) => projectId === caller.projectId).length;
  return {
    status: 200,
    json: {limits: {rate: [], absolute: {maxTotalInstances: compute.instanceQuota, totalInstancesUsed: used}}},
  };
}

/** `GET /servers/detail`, with the filters `image`, `all_tenants`, `name`, `limit` and `marker`. */
function listServers(servers: readonly FakeServer[], request: FakeRequest, caller: FakeAccount): Reply {
  const {query} = request;
  const everybody = isTrue(query.get('all_tenants'));
  if (everybody && !caller.roles.includes('admin')) {
    throw new Refusal(403, "Policy doesn't allow os_compute_api:servers:detail:get_all_tenants to be performed.");
  }
  const image = query.get('image');
  const name = query.get('name');
  const found = servers
    .filter((server) => everybody || server.projectId === caller.projectId)
    .filter((server) => image === null || server.imageId === image)
    .filter((server) => name === null || new RegExp(name).test(server.name));
  const start = query.get('marker') === null ? 0 : found.findIndex((server) => server.id === query.get('marker')) + 1;
  const limit = Math.min(Number(query.get('limit') ?? DEFAULT_LIMIT), DEFAULT_LIMIT);
  const page = found.slice(start, start + limit);
  return {
    status: 200,
    json: {servers: page.map(describeServer), ...nextLink(request, page, found.length > start + limit)},
  };
}

/** The version document, which Nova gives without a token. */
export function novaVersions(request: FakeRequest): Reply {
  const href = `http://${request.headers.host ?? 'localhost'}/compute/v2.1/`;
  const version = {id: 'v2.1', status: 'CURRENT', version: '2.93', min_version: '2.1', links: [{rel: 'self', href}]};
  return {status: 200, json: request.path.startsWith('/v2.1') ? {version} : {versions: [version]}};
}

function isTrue(value: string | null): boolean {
  return value !== null && ['1', 'true', 'yes', 'on', ''].includes(value.toLowerCase());
}

function nextLink(request: FakeRequest, page: readonly FakeServer[], more: boolean): object {
  const last = page.at(-1);
  if (!more || last === undefined) return {};
  const query = new URLSearchParams(request.query);
  query.set('marker', last.id);
  const href = `http://${request.headers.host ?? 'localhost'}/compute${request.path}?${query.toString()}`;
  return {servers_links: [{rel: 'next', href}]};
}
