import type {ImageStore} from '../cloud/image-store.ts';
import type {ServerHost} from '../cloud/server-host.ts';
import type {Http} from '../http.ts';
import {ServerClock} from './clock.ts';
import type {Monotonic} from './clock.ts';
import type {OpenStackCloud} from './cloud.ts';
import {glanceBase, GlanceApi} from './glance/api.ts';
import {GlanceImageStore} from './image-store.ts';
import {NovaApi} from './nova/api.ts';
import {ServiceClient} from './request.ts';
import {NovaServerHost} from './server-host.ts';
import {Session} from './session.ts';

export type {Auth, Domain, Named, OpenStackCloud, Scope, ServiceChoice} from './cloud.ts';

/** What the adapter is given; `http` carries the cloud's TLS and proxy settings and is closed with the store. */
export interface OpenStackParts {
  readonly http: Http;
  /** Milliseconds that never go back; default: `performance.now`. */
  readonly monotonic?: Monotonic;
}

/** Both ports of one cloud, sharing one login, which is made when first needed. */
export function createOpenStack(
  cloud: OpenStackCloud,
  parts: OpenStackParts,
): {store: ImageStore; servers: ServerHost} {
  const {http} = parts;
  const monotonic = parts.monotonic ?? (() => performance.now());
  const clock = new ServerClock(monotonic);
  const session = new Session({cloud, http, clock, monotonic});
  const shared = {session, http, clock};
  const glance = new GlanceApi(new ServiceClient({...shared, type: 'image', base: glanceBase}));
  const nova = new NovaApi(new ServiceClient({...shared, type: 'compute', base: (endpoint) => endpoint}));
  return {
    store: new GlanceImageStore({session, glance, clock, close: () => http.close()}),
    servers: new NovaServerHost({session, nova}),
  };
}
