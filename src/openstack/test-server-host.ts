import type {ServerState} from '../core/verdict/judge.ts';
import type {
  Callback,
  ServerAbility,
  ServerLeftover,
  ServerNeeds,
  ServerPlacement,
  ServerRequest,
  TestServer,
  TestServerHost,
} from '../ports/test-server-host.ts';
import {ImgmgrError} from '../errors.ts';
import {allowed, statusOf} from './answers.ts';
import type {CinderApi} from './cinder/api.ts';
import type {NeutronApi} from './neutron/api.ts';
import type {NovaApi} from './nova/api.ts';
import {faultCause} from './nova/fault.ts';
import type {NovaServer} from './nova/schema.ts';
import type {Session} from './session.ts';
import {findCallback} from './test-servers/callback.ts';
import type {OwnAddresses} from './test-servers/callback.ts';
import {chooseFlavor, demandOf, requireRoom} from './test-servers/choose-flavor.ts';
import {chooseNetwork} from './test-servers/choose-network.ts';
import {findLeftovers} from './test-servers/leftovers.ts';
import {removeGroup, removeMade, removePort, removeServer, removeVolume} from './test-servers/remove.ts';
import type {RemovalParts} from './test-servers/remove.ts';
import {startServer} from './test-servers/start.ts';

/** What the host of test servers works with. */
export interface TestServerHostParts extends RemovalParts {
  readonly session: Session;
  readonly nova: NovaApi;
  readonly neutron: NeutronApi;
  readonly cinder: CinderApi;
  readonly own: OwnAddresses;
}

const GIB = 2 ** 30;
const CONSOLE_BYTES = 64 * 1024;
/** It ran, and the guest does nothing any more; libvirt pauses a guest whose disk cannot be written. */
const STOPPED: readonly string[] = ['SHUTOFF', 'PAUSED', 'SUSPENDED', 'SHELVED', 'SHELVED_OFFLOADED'];
/** It has been up, and will be again. */
const UP: readonly string[] = ['ACTIVE', 'REBOOT', 'HARD_REBOOT', 'PASSWORD', 'RESCUE'];

/** Nova, Neutron and, for flavors without a disk, Cinder behind the `TestServerHost` port. */
export class NovaTestServerHost implements TestServerHost {
  readonly #parts: TestServerHostParts;

  constructor(parts: TestServerHostParts) {
    this.#parts = parts;
  }

  async ability({readsOnly} = {readsOnly: false}): Promise<ServerAbility> {
    const {session, nova, neutron} = this.#parts;
    const name = session.cloud.name;
    for (const type of ['compute', 'network'] as const)
      if (!(await session.has(type))) return {kind: 'no-service', reason: `cloud ${name} has no ${type} service`};
    const [servers, ports, networks] = await Promise.all([
      readsOnly || nova.mayCreate(),
      readsOnly || neutron.mayCreatePorts(),
      allowed(neutron.networks()),
    ]);
    const {projectName} = await session.account();
    const who = `project ${projectName} on cloud ${name}`;
    if (!servers) return {kind: 'forbidden', reason: `${who} may not create servers`};
    if (!ports || networks === undefined) return {kind: 'forbidden', reason: `${who} may not create network ports`};
    return {kind: 'able'};
  }

  async place({image, flavor: flavorName, network: networkName, root}: ServerNeeds): Promise<ServerPlacement> {
    const {session, nova, neutron} = this.#parts;
    const [{projectId}, volumes, flavors, networks, limits] = await Promise.all([
      session.account(),
      session.has('block-storage'),
      nova.flavors(),
      neutron.networks(),
      nova.limits(),
    ]);
    if (root === 'volume' && !volumes)
      throw new ImgmgrError(
        'UNSUPPORTED',
        `the server is to boot from a volume, and cloud ${session.cloud.name} has no block-storage service`,
        {hint: 'leave out --root and verify.root, or boot in another cloud with --verify-cloud'},
      );
    const flavor = chooseFlavor({flavors, image, volumes, ...(flavorName !== undefined && {named: flavorName})});
    const {id, name} = chooseNetwork({networks, projectId, ...(networkName !== undefined && {named: networkName})});
    if (limits !== undefined) requireRoom(flavor, limits);
    return {
      flavor,
      network: {id, name},
      ...(root !== undefined && {root}),
      diskBytes: (flavor.diskGib === 0 ? demandOf(image).diskGib : flavor.diskGib) * GIB,
      datasources: ['metadata', 'config-drive'],
    };
  }

  async callback({network}: ServerPlacement): Promise<Callback> {
    const {session, neutron, own} = this.#parts;
    const [subnets, endpoint] = await Promise.all([neutron.subnets(network.id), session.endpoint('compute')]);
    return findCallback({own, subnets, endpoint});
  }

  async start(request: ServerRequest): Promise<TestServer> {
    const {session} = this.#parts;
    const {projectId} = await session.account();
    return startServer({...this.#parts, projectId, hasVolumes: () => session.has('block-storage')}, request);
  }

  async look({id}: TestServer): Promise<ServerState> {
    const {nova} = this.#parts;
    const server = await nova.server(id);
    if (server === undefined || ['DELETED', 'SOFT_DELETED'].includes(server.status)) return {kind: 'gone'};
    if (UP.includes(server.status)) return {kind: 'active'};
    if (STOPPED.includes(server.status)) return {kind: 'stopped'};
    if (server.status !== 'ERROR')
      return {kind: 'building', detail: server['OS-EXT-STS:task_state'] ?? server.status.toLowerCase()};
    const requestId = await nova.createRequest(id);
    const cause = faultCause(server.fault?.message ?? '');
    return {
      kind: 'error',
      fault: faultText(server),
      ...(cause !== undefined && {cause}),
      ...(requestId !== undefined && {requestId}),
    };
  }

  async console({id}: TestServer): Promise<string | undefined> {
    try {
      const output = (await this.#parts.nova.console(id)) ?? undefined;
      return output === undefined ? undefined : lastBytes(output, CONSOLE_BYTES);
    } catch (error) {
      if ([403, 404, 409, 501].includes(statusOf(error) ?? 0)) return undefined;
      throw error;
    }
  }

  remove({id, port, volume, securityGroup}: TestServer): Promise<void> {
    return removeMade(this.#parts, {
      server: id,
      ...(port !== undefined && {port}),
      ...(volume !== undefined && {volume}),
      ...(securityGroup !== undefined && {securityGroup}),
    });
  }

  async leftovers(): Promise<readonly ServerLeftover[]> {
    const {session, nova, neutron, cinder} = this.#parts;
    for (const type of ['compute', 'network'] as const) if (!(await session.has(type))) return [];
    const {projectId} = await session.account();
    return findLeftovers({projectId, nova, neutron, ...((await session.has('block-storage')) && {cinder})});
  }

  async removeLeftover({kind, id, name}: ServerLeftover): Promise<void> {
    switch (kind) {
      case 'server':
        return removeServer(this.#parts, id);
      case 'port':
        return removePort(this.#parts, id);
      case 'volume':
        return removeVolume(this.#parts, id);
      case 'security-group':
        return removeGroup(this.#parts, id);
      default:
        kind satisfies never;
        throw new ImgmgrError('INTERNAL', `'${name}' is of no known kind`);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function faultText({fault, status}: NovaServer): string {
  if (fault === undefined || fault.message.trim() === '') return `Nova says ${status} and gives no fault`;
  return `${fault.message.trim()}${fault.code === undefined ? '' : ` (code ${fault.code})`}`;
}

// A letter of several bytes that is cut in two becomes a replacement mark, which nobody needs.
function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= most
    ? text
    : bytes
        .subarray(-most)
        .toString()
        .replace(/^\uFFFD+/, '');
}
