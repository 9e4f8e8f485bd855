import type {ServerUse} from '../../cloud/server-host.ts';
import type {ServiceClient} from '../request.ts';
import {parsed} from '../request.ts';
import {servers} from './schema.ts';

/** Enough to name; one is enough to keep an image. */
const MOST = 100;

/** Nova's calls, one method each (https://docs.openstack.org/api-ref/compute/). */
export class NovaApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /**
   * Servers of all projects that were booted from the image; FORBIDDEN for ordinary tenants. Nova leaves deleted ones out by
   * itself, and those that boot from a volume (they hold a copy).
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/servers.py (_get_servers)
   */
  async serversOfImage(imageId: string): Promise<readonly ServerUse[]> {
    const query = new URLSearchParams({all_tenants: '1', image: imageId, limit: String(MOST)});
    const path = `/servers/detail?${query.toString()}`;
    const answer = await this.#client.call({method: 'GET', path, expect: [200], response: 'json'});
    return parsed(servers, answer, 'GET').servers.map((server) => ({
      id: server.id,
      name: server.name,
      projectId: server.tenant_id,
    }));
  }
}
