import {login} from './login.ts';
import type {User} from './login.ts';

/** The real image service, spoken to without any code of imgmgr: what users and operators see. */
export interface RealImage {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly visibility: string;
  readonly os_hidden: boolean;
  readonly protected: boolean;
  readonly tags: readonly string[];
  readonly owner: string;
  readonly min_disk: number;
  readonly disk_format: string;
  readonly stores?: string;
  readonly [property: string]: unknown;
}

/** Both Glances of the one-node OpenStack: the cloud's name in clouds.yaml, its region and address. */
export const GLANCES = [
  {cloud: 'admin', region: 'RegionOne', url: 'http://127.0.0.1:9292'},
  {cloud: 'latest', region: 'Latest', url: 'http://127.0.0.1:9293'},
] as const;

/**
 * Where a test runs that the two cannot answer differently, or that fake-fidelity.test.ts and kill.test.ts show on the older one: the newest Glance. With
 * FULL=1: both.
 */
export const NEWEST = GLANCES.filter(({cloud}) => cloud === 'latest' || process.env['FULL'] === '1');

/** A user's view of one Glance. */
export class RealGlance {
  readonly #url: string;
  readonly #token: string;
  readonly #projectId: string;

  private constructor(url: string, token: string, projectId: string) {
    this.#url = url;
    this.#token = token;
    this.#projectId = projectId;
  }

  static async login(url: string, user: User): Promise<RealGlance> {
    const {token, projectId} = await login(user);
    return new RealGlance(url, token, projectId);
  }

  /** One page of a listing. */
  async list(query: string): Promise<readonly RealImage[]> {
    const answer = await this.call('GET', `/v2/images?limit=1000&${query}`);
    return ((await answer.json()) as {images: readonly RealImage[]}).images;
  }

  /** Shown and hidden images whose name starts so. */
  async named(prefix: string): Promise<readonly RealImage[]> {
    const both = await Promise.all(['false', 'true'].map(async (hidden) => this.list(`os_hidden=${hidden}`)));
    return both.flat().filter((image) => image.name.startsWith(prefix));
  }

  async create(fields: Readonly<Record<string, unknown>>): Promise<RealImage> {
    const answer = await this.call('POST', '/v2/images', {body: JSON.stringify(fields), type: 'application/json'});
    if (answer.status !== 201) throw new Error(`create: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as RealImage;
  }

  async patch(id: string, changes: readonly object[]): Promise<number> {
    return (
      await this.call('PATCH', `/v2/images/${id}`, {
        body: JSON.stringify(changes),
        type: 'application/openstack-images-v2.1-json-patch',
      })
    ).status;
  }

  async upload(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return (await this.call('PUT', `/v2/images/${id}/file`, {body: bytes, type: 'application/octet-stream'})).status;
  }

  async remove(id: string): Promise<void> {
    await this.patch(id, [{op: 'replace', path: '/protected', value: false}]);
    await this.call('DELETE', `/v2/images/${id}`);
  }

  /** Removes every image of this project that bears a property of imgmgr's. */
  async clearOurs(): Promise<void> {
    for (const image of await this.#own(''))
      if (Object.keys(image).some((key) => key.startsWith('imgmgr_'))) await this.remove(image.id);
  }

  /** Removes every image whose name starts so, and the leases of this project. */
  async clear(prefix: string): Promise<void> {
    for (const image of [...(await this.named(prefix)), ...(await this.#own('imgmgr lease'))])
      await this.remove(image.id);
  }

  /** As admin one sees those of all projects. */
  async #own(prefix: string): Promise<readonly RealImage[]> {
    return (await this.named(prefix)).filter(({owner}) => owner === this.#projectId);
  }

  async call(
    method: string,
    path: string,
    sent?: {body: string | Uint8Array<ArrayBuffer>; type: string},
  ): Promise<Response> {
    return fetch(`${this.#url}${path}`, {
      method,
      headers: {'x-auth-token': this.#token, ...(sent && {'content-type': sent.type})},
      ...(sent && {body: sent.body}),
    });
  }
}
