import {setTimeout as sleep} from 'node:timers/promises';
import type {ImageSharing} from '../ports/image-sharing.ts';
import type {ImageStore} from '../ports/image-store.ts';
import type {ServerHost} from '../ports/server-host.ts';
import type {TestServerHost} from '../ports/test-server-host.ts';
import type {Http} from '../http.ts';
import type {CloudObjects} from '../ports/cloud-object.ts';
import {CinderApi} from './cinder/api.ts';
import {OpenStackObjects} from './cloud-objects.ts';
import {ServerClock} from './clock.ts';
import type {Monotonic} from './clock.ts';
import type {OpenStackCloud} from '../core/resolved-cloud.ts';
import {glanceBase, GlanceApi} from './glance/api.ts';
import {GlanceImageSharing} from './image-sharing.ts';
import {GlanceImageStore} from './image-store.ts';
import {keystoneBase, KeystoneApi} from './keystone/api.ts';
import {neutronBase, NeutronApi} from './neutron/api.ts';
import {NovaApi} from './nova/api.ts';
import {ServiceClient} from './request.ts';
import {NovaServerHost} from './server-host.ts';
import {Session} from './session.ts';
import {NovaTestServerHost} from './test-server-host.ts';
import {thisHost} from './test-servers/callback.ts';
import type {OwnAddresses} from './test-servers/callback.ts';

/** What the adapter is given; `http` carries the cloud's TLS and proxy settings and is closed with the store. */
export interface OpenStackParts {
  readonly http: Http;
  /** Milliseconds that never go back; default: `performance.now`. */
  readonly monotonic?: Monotonic;
  /** Waits between looks at what is made or removed; default: real time. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Default: those of this host. */
  readonly own?: OwnAddresses;
  /** How long a server, a port or a volume may take to go, milliseconds. */
  readonly removalMs?: number;
}

const REMOVAL_MS = 5 * 60_000;

const asItIs = (endpoint: string): string => endpoint;

/** All ports of one cloud, sharing one login, which is made when first needed. */
export function createOpenStack(
  cloud: OpenStackCloud,
  parts: OpenStackParts,
): {store: ImageStore; servers: ServerHost; tests: TestServerHost; sharing: ImageSharing; objects: CloudObjects} {
  const {http} = parts;
  const monotonic = parts.monotonic ?? (() => performance.now());
  const clock = new ServerClock(monotonic);
  const session = new Session({cloud, http, clock, monotonic});
  const shared = {session, http, clock};
  const glance = new GlanceApi(new ServiceClient({...shared, type: 'image', base: glanceBase}));
  const novaIn = (region?: string): NovaApi =>
    new NovaApi(new ServiceClient({...shared, type: 'compute', base: asItIs, ...(region !== undefined && {region})}));
  const nova = novaIn();
  const neutron = new NeutronApi(new ServiceClient({...shared, type: 'network', base: neutronBase}));
  const cinder = new CinderApi(new ServiceClient({...shared, type: 'block-storage', base: asItIs}));
  const keystone = new KeystoneApi(new ServiceClient({...shared, type: 'identity', base: keystoneBase}));
  const paced = {
    pace: {monotonic, sleep: parts.sleep ?? ((ms, signal) => sleep(ms, undefined, {...(signal && {signal})}))},
    patienceMs: parts.removalMs ?? REMOVAL_MS,
  };
  const compute = {session, nova, neutron, cinder, ...paced};
  const tests = new NovaTestServerHost({...compute, own: parts.own ?? thisHost});
  return {
    store: new GlanceImageStore({session, glance, keystone, clock, close: () => http.close()}),
    servers: new NovaServerHost({session, nova: novaIn}),
    sharing: new GlanceImageSharing({cloud: cloud.name, glance, keystone}),
    tests,
    objects: new OpenStackObjects({...compute, glance}),
  };
}
