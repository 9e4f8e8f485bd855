import {randomUUID} from 'node:crypto';
import {absentWhenUnknown, allowed, statusOf} from '../answers.ts';
import {everyPage, nextOf} from '../paginate.ts';
import type {ServiceClient} from '../request.ts';
import {parsed} from '../request.ts';
import * as schema from './schema.ts';
import type {ListedServer, NovaFlavor, NovaServer, ServerLimits} from './schema.ts';

const PAGE_SIZE = 1000;
/** The first microversion whose flavors include their extra specs. */
const WITH_EXTRA_SPECS = '2.61';

/** The first microversion that names the hosts of cells that do not answer. */
const WITH_SILENT_CELLS = '2.69';

/** The first microversion that answers with the id of a new image. */
const WITH_IMAGE_ID = '2.45';

/** What a create call of ours carries. */
export interface NewServer {
  readonly name: string;
  readonly flavor: string;
  readonly port: string;
  /** Root disk: the image itself, or a volume that was made from it and outlives the server. */
  readonly root: {readonly image: string} | {readonly volume: string};
  readonly metadata: Readonly<Record<string, string>>;
  /** Base64; empty: none. */
  readonly userData: string;
  readonly configDrive: boolean;
}

/** Which servers are listed, and how many pages at most. */
export interface ListedServers {
  /** False: those of our own project alone. */
  readonly allProjects: boolean;
  /** Id of the image that they were booted from; absent: all servers. */
  readonly image?: string;
  readonly pages?: number;
}

/** Nova's calls, one method each (https://docs.openstack.org/api-ref/compute/). */
export class NovaApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /**
   * Servers that were booted from an image, or all servers; undefined where there are more pages of them than asked for. FORBIDDEN for
   * ordinary tenants that ask for all projects. Nova leaves deleted ones out by itself; those that boot from a volume hold a copy, and
   * have no image in the list and in the filter alike.
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/servers.py (_get_servers)
   */
  async servers(which: ListedServers): Promise<readonly ListedServer[] | undefined> {
    const {allProjects, image, pages = Infinity} = which;
    const read = {pages: 0, isWhole: true};
    const found = await everyPage(async (marker) => {
      const query = new URLSearchParams({
        ...(allProjects && {all_tenants: '1'}),
        ...(image !== undefined && {image}),
        limit: String(PAGE_SIZE),
        ...(marker && {marker}),
      });
      const page = await this.#client.read(schema.listedServers, `/servers/detail?${query.toString()}`);
      const next = nextOf(page.servers_links);
      read.pages += 1;
      read.isWhole = next.next === undefined || read.pages < pages;
      return {items: page.servers, ...(read.isWhole && next)};
    });
    return read.isWhole ? found : undefined;
  }

  /**
   * Compute hosts of cells that do not answer; `forbidden` for ordinary tenants, `too-old` where Nova is older than 2.69.
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/services.py (_get_service_detail)
   */
  async silentHosts(): Promise<readonly string[] | 'forbidden' | 'too-old'> {
    const headers = {'X-OpenStack-Nova-API-Version': WITH_SILENT_CELLS};
    try {
      const answer = await allowed(this.#client.read(schema.services, '/os-services', {headers}));
      if (answer === undefined) return 'forbidden';
      return answer.services.filter(({status}) => status === 'UNKNOWN').map(({host}) => host);
    } catch (error) {
      if (statusOf(error) !== 406) throw error;
      return 'too-old';
    }
  }

  /** Servers of our project whose name begins so (letters, digits and dashes: the filter is a regular expression). */
  async ownServers(prefix: string): Promise<readonly NovaServer[]> {
    return everyPage(async (marker) => {
      const query = new URLSearchParams({name: `^${prefix}`, limit: String(PAGE_SIZE), ...(marker && {marker})});
      const page = await this.#client.read(schema.serverPage, `/servers/detail?${query.toString()}`);
      return {items: page.servers, ...nextOf(page.servers_links)};
    });
  }

  /** All flavors that we may use; without extra specs where this Nova is older than 2.61 or policy hides them. */
  async flavors(): Promise<readonly NovaFlavor[]> {
    const list = (headers: Readonly<Record<string, string>>): Promise<NovaFlavor[]> =>
      everyPage(async (marker) => {
        const query = new URLSearchParams({limit: String(PAGE_SIZE), ...(marker && {marker})});
        const page = await this.#client.read(schema.flavorPage, `/flavors/detail?${query.toString()}`, {headers});
        return {items: page.flavors, ...nextOf(page.flavors_links)};
      });
    try {
      return await list({'X-OpenStack-Nova-API-Version': WITH_EXTRA_SPECS});
    } catch (error) {
      if (statusOf(error) !== 406) throw error;
      return list({});
    }
  }

  /** Undefined where the cloud does not say. */
  async limits(): Promise<ServerLimits | undefined> {
    const answer = await allowed(absentWhenUnknown(this.#client.read(schema.limits, '/limits')));
    return answer?.limits.absolute;
  }

  /**
   * Would Nova let us create servers? Asks for one of a flavor and an image that do not exist: policy is looked at first (403), the
   * flavor next (400), so that nothing can come of it.
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/servers.py (create)
   */
  async mayCreate(): Promise<boolean> {
    const server = {name: 'imgmgr-probe', flavorRef: randomUUID(), imageRef: randomUUID()};
    const call = this.#client.call({
      method: 'POST',
      path: '/servers',
      json: {server},
      expect: [400, 404],
      response: 'none',
    });
    return (await allowed(call)) !== undefined;
  }

  /** Returns the id once Nova has accepted. */
  async create(server: NewServer): Promise<string> {
    const {name, flavor, port, root, metadata, userData, configDrive} = server;
    const answer = await this.#client.call({
      method: 'POST',
      path: '/servers',
      json: {
        server: {
          name,
          flavorRef: flavor,
          networks: [{port}],
          metadata,
          ...(userData !== '' && {user_data: userData}),
          config_drive: configDrive,
          ...('image' in root ? {imageRef: root.image} : {block_device_mapping_v2: [fromVolume(root.volume)]}),
        },
      },
      expect: [202],
      response: 'json',
    });
    return parsed(schema.createdServer, answer, 'POST').server.id;
  }

  async server(id: string): Promise<NovaServer | undefined> {
    return (await absentWhenUnknown(this.#client.read(schema.oneServer, `/servers/${id}`)))?.server;
  }

  /** NOT_FOUND when it is gone already; Nova works on it after it has answered. */
  async delete(id: string): Promise<void> {
    await this.#client.call({method: 'DELETE', path: `/servers/${id}`, expect: [204], response: 'none'});
  }

  /** Ends what is only marked as deleted (`reclaim_instance_interval`). */
  async forceDelete(id: string): Promise<void> {
    await this.#act(id, {forceDelete: null}, 'none');
  }

  /**
   * All that the serial console said, null where there is none; 404, 409 and 501 where Nova cannot give it.
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/api/openstack/compute/console_output.py
   */
  async console(id: string): Promise<string | null> {
    const answer = await this.#act(id, {'os-getConsoleOutput': {}}, 'json');
    return parsed(schema.consoleOutput, answer, 'POST').output;
  }

  /**
   * Has Nova make an image of a server's disk; the answer is its id, the bytes follow. The metadata become properties, and win over those
   * that the image inherits.
   * https://opendev.org/openstack/nova/src/branch/stable/zed/nova/compute/api.py (snapshot, _create_image)
   */
  async createImage(
    id: string,
    createImage: {readonly name: string; readonly metadata: Readonly<Record<string, string>>},
  ): Promise<string> {
    const answer = await this.#client.call({
      method: 'POST',
      path: `/servers/${id}/action`,
      json: {createImage},
      headers: {'X-OpenStack-Nova-API-Version': WITH_IMAGE_ID},
      expect: [200, 202],
      response: 'json',
    });
    return parsed(schema.createdImage, answer, 'POST').image_id;
  }

  /** The volumes of a server, by their ids, with the names that the guest has for them where Nova knows any. */
  async volumesOf(
    id: string,
  ): Promise<readonly {readonly volumeId: string; readonly device?: string | null | undefined}[]> {
    const path = `/servers/${id}/os-volume_attachments`;
    return (await this.#client.read(schema.volumeAttachments, path)).volumeAttachments;
  }

  /** The request that created the server, as operators find it in Nova's logs; undefined where Nova does not give it. */
  async createRequest(id: string): Promise<string | undefined> {
    const call = this.#client.read(schema.instanceActions, `/servers/${id}/os-instance-actions`);
    const answer = await allowed(absentWhenUnknown(call));
    return answer?.instanceActions.find(({action}) => action === 'create')?.request_id;
  }

  #act<Kind extends 'json' | 'none'>(id: string, json: object, response: Kind) {
    return this.#client.call({method: 'POST', path: `/servers/${id}/action`, json, expect: [200, 202], response});
  }
}

function fromVolume(uuid: string): object {
  return {boot_index: 0, uuid, source_type: 'volume', destination_type: 'volume', delete_on_termination: false};
}
