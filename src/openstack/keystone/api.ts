import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {resourceId} from '../id.ts';
import type {ServiceClient} from '../request.ts';

/** https://docs.openstack.org/api-ref/identity/v3/#list-projects; `truncated` where the service has a limit of its own. */
const projects = z.object({
  projects: z.array(z.object({id: resourceId})),
  links: z.object({next: z.string().nullish()}).optional(),
  truncated: z.boolean().optional(),
});

/** https://docs.openstack.org/api-ref/identity/v3/#list-domains */
const domains = z.object({domains: z.array(z.object({id: resourceId}))});

/** https://docs.openstack.org/api-ref/identity/v3/#show-application-credential-details; the time is UTC, written without a zone. */
const credential = z.object({
  application_credential: z.object({
    expires_at: z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/)
      .nullish(),
  }),
});

/** `…/v3`, whatever version the catalog's URL ends with. */
export function keystoneBase(endpoint: string): string {
  return `${endpoint.replace(/\/v\d+(\.\d+)?$/, '')}/v3`;
}

/** Keystone's calls besides the login, one method each. */
export class KeystoneApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /**
   * When an application credential ends, by Keystone's clock; undefined: never. Its user may ask by default policy, also with the credential itself.
   */
  async credentialExpiry({userId, id}: {readonly userId: string; readonly id: string}): Promise<Date | undefined> {
    const path = `/users/${resourceId.parse(userId)}/application_credentials/${resourceId.parse(id)}`;
    const text = (await this.#client.read(credential, path)).application_credential.expires_at;
    return text == null ? undefined : new Date(`${text.slice(0, 19)}Z`);
  }

  /** Ids of the domains of that name; FORBIDDEN for ordinary users. */
  async domainsNamed(name: string): Promise<readonly string[]> {
    const query = new URLSearchParams({name});
    return (await this.#client.read(domains, `/domains?${query.toString()}`)).domains.map(({id}) => id);
  }

  /**
   * Ids of the projects of a domain; FORBIDDEN for ordinary users, PROTOCOL where Keystone gives a part only, since a project that is missing
   * would lose the image.
   * https://opendev.org/openstack/keystone/src/branch/stable/zed/keystone/api/projects.py (_list_projects)
   */
  async projectsOf(domainId: string): Promise<readonly string[]> {
    const query = new URLSearchParams({domain_id: domainId});
    const path = `/projects?${query.toString()}`;
    const answer = await this.#client.read(projects, path);
    if (answer.truncated === true || (answer.links?.next ?? '') !== '')
      throw new ImgmgrError('PROTOCOL', `Keystone lists only a part of the projects of domain ${domainId}`, {
        place: `GET /v3${path}`,
        hint: 'have its list_limit raised, or name the projects in share.projects',
      });
    return answer.projects.map(({id}) => id);
  }
}
