import {setTimeout as sleep} from 'node:timers/promises';
import {login} from './login.ts';

const NOVA = 'http://127.0.0.1:8774/v2.1';
const CINDER = 'http://127.0.0.1:8776/v3';
const LIMIT_MS = 180_000;

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

/** Volumes, snapshots and servers of an administrator's project, made as users make them, without any code of imgmgr. */
export class RealDisks {
  readonly #token: string;
  readonly #cinder: string;
  readonly #name: string;

  private constructor(token: string, projectId: string, name: string) {
    this.#token = token;
    this.#cinder = `${CINDER}/${projectId}`;
    this.#name = name;
  }

  /** `name`: that of all that is made here. */
  static async login(name: string): Promise<RealDisks> {
    const {token, projectId} = await login('admin');
    return new RealDisks(token, projectId, name);
  }

  /** A volume of 1 GiB with what the image has. */
  async volume(image: string): Promise<string> {
    const wanted = {name: this.#name, size: 1, imageRef: image};
    const {volume} = await this.#post<{volume: Thing}>(`${this.#cinder}/volumes`, {volume: wanted});
    return this.#until(`${this.#cinder}/volumes/${volume.id}`, 'available');
  }

  /** A snapshot of a volume. */
  async snapshot(volume: string): Promise<string> {
    const wanted = {name: this.#name, volume_id: volume};
    const {snapshot} = await this.#post<{snapshot: Thing}>(`${this.#cinder}/snapshots`, {snapshot: wanted});
    return this.#until(`${this.#cinder}/snapshots/${snapshot.id}`, 'available');
  }

  /** A server that boots from an image or a volume, and is stopped as soon as it runs. */
  async stopped(root: {readonly image: string} | {readonly volume: string}): Promise<string> {
    const {flavors} = await this.#get<{flavors: readonly Thing[]}>(`${NOVA}/flavors`);
    const flavor = flavors.find(({name}) => name === 'lab.nano');
    const disk =
      'image' in root
        ? {imageRef: root.image}
        : {
            block_device_mapping_v2: [
              {boot_index: 0, uuid: root.volume, source_type: 'volume', destination_type: 'volume'},
            ],
          };
    const wanted = {name: this.#name, flavorRef: flavor?.id, networks: 'none', ...disk};
    const {server} = await this.#post<{server: Thing}>(`${NOVA}/servers`, {server: wanted});
    const url = `${NOVA}/servers/${server.id}`;
    await this.#until(url, 'ACTIVE');
    await this.#post(`${url}/action`, {'os-stop': null});
    return this.#until(url, 'SHUTOFF');
  }

  /** Removes all of the name: each is in use until what came of it has gone. */
  async clear(): Promise<void> {
    for (const [base, kind] of [
      [NOVA, 'servers'],
      [this.#cinder, 'snapshots'],
      [this.#cinder, 'volumes'],
    ] as const)
      await this.#clear(`${base}/${kind}`, kind);
  }

  async #clear(url: string, kind: string): Promise<void> {
    for (const endMs = performance.now() + LIMIT_MS; performance.now() < endMs;) {
      const found = (await this.#get<Readonly<Record<string, readonly Thing[]>>>(url))[kind] ?? [];
      const ours = found.filter(({name}) => name === this.#name);
      if (ours.length === 0) return;
      for (const {id} of ours) await fetch(`${url}/${id}`, {method: 'DELETE', headers: this.#headers(url)});
      await sleep(500);
    }
    throw new Error(`${kind} named ${this.#name} cannot be removed`);
  }

  /** Gives its id once it has the status. */
  async #until(url: string, status: string): Promise<string> {
    for (const endMs = performance.now() + LIMIT_MS; performance.now() < endMs;) {
      const [thing] = Object.values(await this.#get<Readonly<Record<string, Thing>>>(url));
      if (thing?.status === status) return thing.id;
      if (thing?.status.toLowerCase() === 'error') throw new Error(`${url}: ${JSON.stringify(thing)}`);
      await sleep(500);
    }
    throw new Error(`${url} is not ${status} after ${LIMIT_MS / 1000} s`);
  }

  /** With Nova's 2.37 a server can be made without a network; Cinder takes no header that names another service. */
  #headers(url: string): Record<string, string> {
    return {
      'x-auth-token': this.#token,
      'content-type': 'application/json',
      ...(url.startsWith(NOVA) && {'openstack-api-version': 'compute 2.37'}),
    };
  }

  async #get<T>(url: string): Promise<T> {
    const answer = await fetch(url, {headers: this.#headers(url)});
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async #post<T>(url: string, body: object): Promise<T> {
    const answer = await fetch(url, {method: 'POST', headers: this.#headers(url), body: JSON.stringify(body)});
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}
