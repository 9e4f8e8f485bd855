import type {ImageMember} from '../../src/core/image/members.ts';
import type {ImageSharing, Membership} from '../../src/ports/image-sharing.ts';

/** The port of sharing in memory; every member is accepted for, and no domain is there. */
export class MemorySharing implements ImageSharing {
  /** What was done, one word and the project. */
  readonly calls: string[] = [];
  readonly #members = new Map<string, Map<string, ImageMember['status']>>();
  /** Runs before each change; may throw. */
  before: (call: string) => void = () => undefined;

  projectsOf(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  members(id: string): Promise<readonly ImageMember[]> {
    return Promise.resolve([...this.#of(id)].map(([projectId, status]) => ({projectId, status})));
  }

  async add({id, projectId}: Membership): Promise<void> {
    await this.#call(`add ${projectId}`);
    this.#of(id).set(projectId, 'pending');
  }

  async accept({id, projectId}: Membership): Promise<boolean> {
    await this.#call(`accept ${projectId}`);
    this.#of(id).set(projectId, 'accepted');
    return true;
  }

  async remove({id, projectId}: Membership): Promise<void> {
    await this.#call(`remove ${projectId}`);
    this.#of(id).delete(projectId);
  }

  #of(id: string): Map<string, ImageMember['status']> {
    const members = this.#members.get(id) ?? new Map<string, ImageMember['status']>();
    this.#members.set(id, members);
    return members;
  }

  async #call(call: string): Promise<void> {
    await Promise.resolve();
    this.before(call);
    this.calls.push(call);
  }
}
