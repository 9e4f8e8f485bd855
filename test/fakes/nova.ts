import {Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import type {FakeAccount} from './keystone.ts';

/** A server that a test places in the cloud. */
export interface FakeServer {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  /** Undefined: booted from a volume, so Nova names no image. */
  readonly imageId?: string;
  readonly status?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const DEFAULT_LIMIT = 1000;

/** Nova's `GET /servers/detail`, with the filters `image`, `all_tenants`, `name`, `limit` and `marker`, and nothing else. */
export function answerNova(servers: readonly FakeServer[], request: FakeRequest, caller: FakeAccount): Reply {
  const path = request.path.replace(/\/$/, '');
  if (request.method !== 'GET' || !['/v2.1/servers', '/v2.1/servers/detail'].includes(path)) {
    throw new Refusal(404, 'The resource could not be found.');
  }
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
  return {status: 200, json: {servers: page.map(describe), ...nextLink(request, page, found.length > start + limit)}};
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

function describe(server: FakeServer): unknown {
  return {
    id: server.id,
    name: server.name,
    status: server.status ?? 'ACTIVE',
    tenant_id: server.projectId,
    image: server.imageId === undefined ? '' : {id: server.imageId, links: []},
    metadata: server.metadata ?? {},
  };
}
