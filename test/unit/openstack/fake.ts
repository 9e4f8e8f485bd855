import type {ImageSharing} from '../../../src/ports/image-sharing.ts';
import type {ImageStore} from '../../../src/ports/image-store.ts';
import type {ServerHost} from '../../../src/ports/server-host.ts';
import type {TestServerHost} from '../../../src/ports/test-server-host.ts';
import {createHttp} from '../../../src/http.ts';
import type {Exchange} from '../../../src/http.ts';
import {createOpenStack} from '../../../src/openstack/create-openstack.ts';
import type {OpenStackCloud} from '../../../src/core/resolved-cloud.ts';
import type {OpenStackParts} from '../../../src/openstack/create-openstack.ts';
import {cloudEntry} from '../../fakes/cloud-entry.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';

/** All ports, connected to a fake cloud, and every exchange that they caused. */
export interface Connected {
  readonly store: ImageStore;
  readonly servers: ServerHost;
  readonly tests: TestServerHost;
  readonly sharing: ImageSharing;
  readonly exchanges: Exchange[];
}

/** Connects as `admin` or `member`; `more` changes the cloud as clouds.yaml would. */
export function connect(
  fake: FakeCloud,
  more: Partial<OpenStackCloud> & Omit<OpenStackParts, 'http'> & {readonly role?: 'admin' | 'member'} = {},
): Connected {
  const {role, monotonic, sleep, own, removalMs, ...change} = more;
  const exchanges: Exchange[] = [];
  const http = createHttp({proxy: 'none', onExchange: (exchange) => exchanges.push(exchange)});
  const cloud = {...cloudOf(fake, role ?? 'admin'), ...change};
  return {
    ...createOpenStack(cloud, {
      http,
      ...(monotonic && {monotonic}),
      ...(sleep && {sleep}),
      ...(own && {own}),
      ...(removalMs !== undefined && {removalMs}),
    }),
    exchanges,
  };
}

/** The fake cloud as clouds.yaml would describe it. */
export function cloudOf(fake: FakeCloud, role: 'admin' | 'member'): OpenStackCloud {
  const account = fake.accounts[role];
  return cloudEntry({
    name: role,
    region: 'RegionOne',
    auth: {
      type: 'password',
      authUrl: fake.authUrl,
      user: {name: account.user, domain: {name: 'Default'}},
      password: account.password,
      scope: {type: 'project', project: {name: account.project, domain: {name: 'Default'}}},
    },
  });
}
