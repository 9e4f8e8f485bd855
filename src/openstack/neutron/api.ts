import {randomUUID} from 'node:crypto';
import type {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {absentWhenUnknown, allowed, wordsOf} from '../answers.ts';
import {everyPage, nextOf} from '../paginate.ts';
import {parsed, recoded} from '../request.ts';
import type {ServiceClient} from '../request.ts';
import * as schema from './schema.ts';
import type {Network, Port, SecurityGroup} from './schema.ts';

/** A name and the text that Neutron keeps beside it, at most 255 characters each. */
export interface Labels {
  readonly name: string;
  readonly description: string;
}

/** `…/v2.0`; the catalog's URL has it in some clouds only. */
export function neutronBase(endpoint: string): string {
  return `${endpoint.replace(/\/v2\.0$/, '')}/v2.0`;
}

/** Neutron's calls, one method each (https://docs.openstack.org/api-ref/network/v2/). */
export class NeutronApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /** Every network that we see; an admin sees those of all projects. */
  async networks(): Promise<readonly Network[]> {
    return this.#list('/networks', schema.networkPage, (page) => ({items: page.networks, links: page.networks_links}));
  }

  /** CIDRs of the network's subnets. */
  async subnets(networkId: string): Promise<readonly string[]> {
    const path = `/subnets?${new URLSearchParams({network_id: networkId}).toString()}`;
    const {subnets} = await this.#client.read(schema.subnetPage, path);
    return subnets.map(({cidr}) => cidr);
  }

  /**
   * Would Neutron let us create ports? Asks for one in a network that does not exist: 403 by policy, else 404 or 400, so that nothing
   * can come of it.
   * https://opendev.org/openstack/neutron/src/branch/stable/zed/neutron/pecan_wsgi/hooks/policy_enforcement.py (before)
   */
  async mayCreatePorts(): Promise<boolean> {
    const call = this.#client.call({
      method: 'POST',
      path: '/ports',
      json: {port: {network_id: randomUUID(), name: 'imgmgr-probe'}},
      expect: [400, 404],
      response: 'none',
    });
    return (await allowed(call)) !== undefined;
  }

  async createPort(networkId: string, labels: Labels): Promise<Port> {
    const json = {port: {network_id: networkId, ...labels}};
    const call = this.#client.call({method: 'POST', path: '/ports', json, expect: [201], response: 'json'});
    return parsed(schema.onePort, await withQuota(call), 'POST').port;
  }

  async guardPort(id: string, groups: readonly string[]): Promise<void> {
    const json = {port: {security_groups: groups}};
    await this.#client.call({method: 'PUT', path: `/ports/${id}`, json, expect: [200], response: 'none'});
  }

  /** Ports of one project, of one name where it is given. */
  async ports(projectId: string, name?: string): Promise<readonly Port[]> {
    const filter = {project_id: projectId, ...(name !== undefined && {name})};
    return this.#list('/ports', schema.portPage, (page) => ({items: page.ports, links: page.ports_links}), filter);
  }

  /** NOT_FOUND when it is gone already. */
  async deletePort(id: string): Promise<void> {
    await this.#client.call({method: 'DELETE', path: `/ports/${id}`, expect: [204], response: 'none'});
  }

  /** A new group lets everything out and nothing in: Neutron adds the two rules itself. */
  async createGroup(labels: Labels): Promise<string> {
    const json = {security_group: labels};
    const call = this.#client.call({method: 'POST', path: '/security-groups', json, expect: [201], response: 'json'});
    return parsed(schema.oneGroup, await withQuota(call), 'POST').security_group.id;
  }

  async group(id: string): Promise<SecurityGroup | undefined> {
    const answer = await absentWhenUnknown(this.#client.read(schema.oneGroup, `/security-groups/${id}`));
    return answer?.security_group;
  }

  /** Groups of one project; none where Neutron has no security groups. */
  async groups(projectId: string): Promise<readonly SecurityGroup[]> {
    const list = this.#list(
      '/security-groups',
      schema.groupPage,
      (page) => ({items: page.security_groups, links: page.security_groups_links}),
      {project_id: projectId},
    );
    return (await absentWhenUnknown(list)) ?? [];
  }

  /** NOT_FOUND when it is gone already, CONFLICT as long as a port has it. */
  async deleteGroup(id: string): Promise<void> {
    await this.#client.call({method: 'DELETE', path: `/security-groups/${id}`, expect: [204], response: 'none'});
  }

  // Without a limit Neutron gives all, unless `pagination_max_limit` makes pages of it; then there is a link to the next one.
  #list<Page, Item>(
    path: string,
    form: z.ZodType<Page>,
    read: (page: Page) => {items: readonly Item[]; links: readonly {rel: string; href: string}[]},
    filter: Readonly<Record<string, string>> = {},
  ): Promise<Item[]> {
    return everyPage(async (marker) => {
      const query = new URLSearchParams({...filter, ...(marker !== undefined && {marker})}).toString();
      const whole = query === '' ? path : `${path}?${query}`;
      const {items, links} = read(await this.#client.read(form, whole));
      return {items, ...nextOf(links)};
    });
  }
}

// Neutron says 409 where others say 403 or 413.
// https://opendev.org/openstack/neutron-lib/src/branch/stable/zed/neutron_lib/exceptions/__init__.py (OverQuota)
function withQuota<T>(call: Promise<T>): Promise<T> {
  return recoded(call, {
    CONFLICT: (error) =>
      /quota/i.test(wordsOf(error))
        ? new ImgmgrError('QUOTA', error.message, {
            ...(error.place !== undefined && {place: error.place}),
            cause: error.cause,
          })
        : undefined,
  });
}
