import type {ImageMember} from '../core/image/members.ts';
import type {ImageSharing, Membership} from '../ports/image-sharing.ts';
import {ImgmgrError} from '../errors.ts';
import {allowed} from './answers.ts';
import type {GlanceApi} from './glance/api.ts';
import type {KeystoneApi} from './keystone/api.ts';
import {recoded} from './request.ts';

/** What sharing works with. */
export interface ImageSharingParts {
  /** The cloud's name, for messages. */
  readonly cloud: string;
  readonly glance: GlanceApi;
  readonly keystone: KeystoneApi;
}

/** Glance's members and Keystone's projects, behind the `ImageSharing` port. */
export class GlanceImageSharing implements ImageSharing {
  readonly #parts: ImageSharingParts;
  /** The projects of domains that were asked for, for the whole run. */
  readonly #projects = new Map<string, Promise<readonly string[]>>();

  constructor(parts: ImageSharingParts) {
    this.#parts = parts;
  }

  projectsOf(domain: string): Promise<readonly string[]> {
    const known = this.#projects.get(domain);
    if (known) return known;
    const asked = this.#listProjects(domain);
    this.#projects.set(domain, asked);
    return asked;
  }

  members(id: string): Promise<readonly ImageMember[]> {
    return this.#parts.glance.members(id);
  }

  add({id, projectId}: Membership): Promise<void> {
    return unless('CONFLICT', this.#parts.glance.addMember(id, projectId));
  }

  /**
   * By default policy allows it to the member itself and to admins.
   * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/policies/image.py (modify_member)
   */
  async accept({id, projectId}: Membership): Promise<boolean> {
    const accepted = this.#parts.glance.acceptMembership(id, projectId).then(() => true);
    return (await allowed(accepted)) ?? false;
  }

  remove({id, projectId}: Membership): Promise<void> {
    return unless('NOT_FOUND', this.#parts.glance.removeMember(id, projectId));
  }

  async #listProjects(domain: string): Promise<readonly string[]> {
    const {cloud, keystone} = this.#parts;
    const forbidden = (error: ImgmgrError): ImgmgrError =>
      new ImgmgrError('FORBIDDEN', `${cloud} does not let us list the projects of domain "${domain}"`, {
        ...(error.place !== undefined && {place: error.place}),
        hint: 'use an account that may (a reader or admin of the domain), or name the projects in share.projects',
        cause: error,
      });
    const named = await recoded(keystone.domainsNamed(domain), {FORBIDDEN: forbidden});
    const found = await recoded(keystone.projectsOf(named[0] ?? domain), {FORBIDDEN: forbidden});
    if (found.length > 0) return found;
    throw new ImgmgrError('NOT_FOUND', `${cloud} has no domain "${domain}" with projects`, {
      hint: 'correct share.domains (the name or the id of a domain), or take it out',
    });
  }
}

async function unless(code: ImgmgrError['code'], call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ImgmgrError) || error.code !== code) throw error;
  }
}
