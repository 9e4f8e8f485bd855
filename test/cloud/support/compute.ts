import {setTimeout as sleep} from 'node:timers/promises';
import {login} from './login.ts';
import type {User} from './login.ts';

const NOVA = 'http://127.0.0.1:8774/v2.1';
const NEUTRON = 'http://127.0.0.1:9696';
const CINDER = 'http://127.0.0.1:8776/v3';

/** The name of all that {@link RealCompute.makeServer} makes. */
const USER = 'acceptance-user';

interface Named {
  readonly id: string;
  readonly name: string;
}

interface Booting {
  readonly status: string;
  readonly fault?: unknown;
  readonly addresses: Readonly<Record<string, readonly {readonly addr: string}[]>>;
}

/** What is there of test servers on the real OpenStack, seen without any code of imgmgr. */
export class RealCompute {
  readonly #token: string;
  readonly projectId: string;

  private constructor(token: string, projectId: string) {
    this.#token = token;
    this.projectId = projectId;
  }

  static async login(user: User): Promise<RealCompute> {
    const {token, projectId} = await login(user);
    return new RealCompute(token, projectId);
  }

  /** `server NAME`, `port NAME`, `volume NAME` and `snapshot NAME` of everything in this project that bears our prefix; Neutron shows an admin those of all. */
  async ours(): Promise<readonly string[]> {
    const [{servers}, {ports}, volumes, snapshots] = await Promise.all([
      this.#get<{servers: readonly Named[]}>(`${NOVA}/servers`),
      this.#get<{ports: readonly Named[]}>(`${NEUTRON}/v2.0/ports?project_id=${this.projectId}`),
      this.#volumes(),
      this.#snapshots(),
    ]);
    return [
      ...servers.filter(({name}) => name.startsWith('imgmgr-')).map(({name}) => `server ${name}`),
      ...ports.filter(({name}) => name.startsWith('imgmgr-')).map(({name}) => `port ${name}`),
      ...volumes.map(({name}) => `volume ${name}`),
      ...snapshots.map(({name}) => `snapshot ${name}`),
    ];
  }

  /** Those that bear our prefix. */
  async #volumes(): Promise<readonly Named[]> {
    const {volumes} = await this.#get<{volumes: readonly Named[]}>(`${CINDER}/${this.projectId}/volumes`);
    return volumes.filter(({name}) => name.startsWith('imgmgr-'));
  }

  /** Those that bear our prefix. */
  async #snapshots(): Promise<readonly Named[]> {
    const {snapshots} = await this.#get<{snapshots: readonly Named[]}>(`${CINDER}/${this.projectId}/snapshots`);
    return snapshots.filter(({name}) => name.startsWith('imgmgr-'));
  }

  /** Removes whatever of this project bears our prefix, and what {@link makeServer} made. */
  async clear(): Promise<void> {
    const mine = ({name}: {readonly name: string}): boolean => name.startsWith('imgmgr-') || name === USER;
    const {servers} = await this.#get<{servers: readonly Named[]}>(`${NOVA}/servers`);
    for (const {id} of servers.filter(mine)) await this.#delete(`${NOVA}/servers/${id}`);
    const {ports} = await this.#get<{ports: readonly Named[]}>(`${NEUTRON}/v2.0/ports?project_id=${this.projectId}`);
    for (const {id} of ports.filter(mine)) await this.#delete(`${NEUTRON}/v2.0/ports/${id}`);
    await this.#clearVolumes();
    await this.#clearAccess();
  }

  /** A server that SSH reaches, made as users make one, with a key pair and a security group of its own. One at a time. */
  async makeServer(setting: {
    readonly image: string;
    readonly flavor: string;
    readonly network: string;
    readonly publicKey: string;
  }): Promise<{readonly address: string; readonly remove: () => Promise<void>}> {
    const made: string[] = [];
    const remove = async (): Promise<void> => {
      for (const url of made) await this.#delete(url);
      await this.#clearAccess();
    };
    try {
      await this.#clearAccess();
      await this.#send('POST', `${NOVA}/os-keypairs`, {keypair: {name: USER, public_key: setting.publicKey}});
      const group = {name: USER, description: 'SSH to a server of the acceptance suite'};
      const {security_group: open} = await this.#send<{security_group: {id: string}}>(
        'POST',
        `${NEUTRON}/v2.0/security-groups`,
        {security_group: group},
      );
      const ssh = {direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 22, port_range_max: 22};
      await this.#send('POST', `${NEUTRON}/v2.0/security-group-rules`, {
        security_group_rule: {...ssh, security_group_id: open.id},
      });
      const {flavors} = await this.#get<{flavors: readonly Named[]}>(`${NOVA}/flavors`);
      const {networks} = await this.#get<{networks: readonly Named[]}>(
        `${NEUTRON}/v2.0/networks?name=${setting.network}`,
      );
      const {server} = await this.#send<{server: {id: string}}>('POST', `${NOVA}/servers`, {
        server: {
          name: USER,
          imageRef: setting.image,
          flavorRef: flavors.find(({name}) => name === setting.flavor)?.id,
          key_name: USER,
          networks: [{uuid: networks[0]?.id}],
          security_groups: [{name: USER}],
        },
      });
      made.push(`${NOVA}/servers/${server.id}`);
      return {address: await this.#addressOf(server.id), remove};
    } catch (error) {
      await remove();
      throw error;
    }
  }

  async #addressOf(id: string): Promise<string> {
    for (const endMs = performance.now() + 180_000; performance.now() < endMs;) {
      const {server} = await this.#get<{server: Booting}>(`${NOVA}/servers/${id}`);
      if (server.status === 'ERROR') throw new Error(`server ${id}: ${JSON.stringify(server.fault)}`);
      const address = Object.values(server.addresses).flat()[0]?.addr;
      if (server.status === 'ACTIVE' && address !== undefined) return address;
      await sleep(1000);
    }
    throw new Error(`server ${id} is not active after 180 s`);
  }

  /** A volume stays until its server has gone, and perhaps a snapshot until the volume that was made of it. */
  async #clearVolumes(): Promise<void> {
    const url = `${CINDER}/${this.projectId}`;
    for (let tries = 180; tries > 0; tries -= 1) {
      const [volumes, snapshots] = await Promise.all([this.#volumes(), this.#snapshots()]);
      if (volumes.length + snapshots.length === 0) return;
      for (const {id} of volumes) await this.#delete(`${url}/volumes/${id}`);
      for (const {id} of snapshots) await this.#delete(`${url}/snapshots/${id}`);
      await sleep(1000);
    }
    throw new Error('volumes and snapshots of ours cannot be removed');
  }

  /** A group is in use until the server's port has gone; an admin would see those of other projects, too. */
  async #clearAccess(): Promise<void> {
    await this.#delete(`${NOVA}/os-keypairs/${USER}`);
    const url = `${NEUTRON}/v2.0/security-groups`;
    const groups = async (): Promise<readonly Named[]> =>
      (await this.#get<{security_groups: readonly Named[]}>(`${url}?name=${USER}&project_id=${this.projectId}`))
        .security_groups;
    for (let tries = 180; tries > 0; tries -= 1) {
      const there = await groups();
      if (there.length === 0) return;
      for (const {id} of there) await this.#delete(`${url}/${id}`);
      await sleep(1000);
    }
    throw new Error(`the security group ${USER} cannot be removed`);
  }

  /** Starts a snapshot of a server, as users do it; gives the id of the image. */
  async snapshot(server: string, name: string): Promise<string> {
    const headers = {
      'x-auth-token': this.#token,
      'content-type': 'application/json',
      'openstack-api-version': 'compute 2.45',
    };
    const url = `${NOVA}/servers/${server}/action`;
    const answer = await fetch(url, {method: 'POST', headers, body: JSON.stringify({createImage: {name}})});
    if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as {image_id: string}).image_id;
  }

  /**
   * Makes a flavor, lends its id to the work, and removes it; first one of that name that a run which was cut off left behind. No other
   * test may place a server by itself meanwhile.
   */
  async withFlavor<T>(
    setting: {readonly name: string; readonly ram: number; readonly disk: number},
    work: (id: string) => Promise<T>,
  ): Promise<T> {
    const {flavors} = await this.#get<{flavors: readonly Named[]}>(`${NOVA}/flavors?limit=1000`);
    for (const {id, name} of flavors) if (name === setting.name) await this.#delete(`${NOVA}/flavors/${id}`);
    const flavor = {...setting, vcpus: 1};
    const made = await this.#send<{flavor: {id: string}}>('POST', `${NOVA}/flavors`, {flavor});
    try {
      return await work(made.flavor.id);
    } finally {
      await this.#delete(`${NOVA}/flavors/${made.flavor.id}`);
    }
  }

  /** Lets the project of another login have so many servers while the work is done. */
  async withInstances<T>(of: RealCompute, instances: number, work: () => Promise<T>): Promise<T> {
    const url = `${NOVA}/os-quota-sets/${of.projectId}`;
    await this.#send('PUT', url, {quota_set: {instances, force: true}});
    try {
      return await work();
    } finally {
      // Back to the defaults.
      await this.#delete(url);
    }
  }

  async #send<T>(method: string, url: string, body: unknown): Promise<T> {
    const headers = {'x-auth-token': this.#token, 'content-type': 'application/json'};
    const answer = await fetch(url, {method, headers, body: JSON.stringify(body)});
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async #get<T>(url: string): Promise<T> {
    const answer = await fetch(url, {headers: {'x-auth-token': this.#token}});
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  async #delete(url: string): Promise<void> {
    await fetch(url, {method: 'DELETE', headers: {'x-auth-token': this.#token}});
  }
}
