import {MEMBERS_PROPERTY, membersProperty, readMembersRecord} from '../../core/image/members.ts';
import type {Image} from '../../core/image/image.ts';
import type {Action} from '../../core/plan/plan.ts';
import type {ImageSharing} from '../../ports/image-sharing.ts';
import type {SureContext} from '../sure-writes.ts';
import {patchSurely, surely} from '../sure-writes.ts';

/** The members of one image, as they are to be; ids of projects. */
export type MemberChanges = Pick<Extract<Action, {kind: 'share'}>, 'add' | 'accept' | 'remove' | 'record'>;

/** The image afterwards, and what is to be said about it. */
export interface SharedImage {
  readonly image: Image;
  readonly detail: string;
}

/**
 * Adds, accepts for and removes members of an image of visibility `shared`. Whom we add stands on the image before it is done, and whom we
 * removed until it is done, so that a run that dies in between leaves nothing that the next one takes for somebody else's.
 */
export async function shareImage(
  context: SureContext & {readonly sharing: ImageSharing},
  image: Image,
  changes: MemberChanges,
): Promise<SharedImage> {
  const {sharing} = context;
  const {id} = image;
  const statuses = new Map((await sharing.members(id)).map((member) => [member.projectId, member.status]));
  const before = readMembersRecord(image);
  const missing = changes.add.filter((projectId) => !statuses.has(projectId));
  // Whom somebody else added meanwhile is not ours.
  const record = changes.record.filter((projectId) => missing.includes(projectId) || before.added.includes(projectId));
  const during = await writeRecord(context, image, {...before, added: [...before.added, ...record]});
  for (const projectId of missing) await surely(context, () => sharing.add({id, projectId}));
  const pending = changes.accept.filter((projectId) => (statuses.get(projectId) ?? 'pending') === 'pending');
  const refused = await acceptAll(context, id, pending);
  for (const projectId of changes.remove) await surely(context, () => sharing.remove({id, projectId}));
  const after = await writeRecord(context, during, {
    added: record,
    acceptRefused: before.acceptRefused || refused.length > 0,
  });
  const waiting = missing.filter((projectId) => !pending.includes(projectId) || refused.includes(projectId));
  return {image: after, detail: describe({id, added: missing.length, removed: changes.remove.length, waiting})};
}

/** Projects for which we may not accept; asked once, since policy is the same for all of them. */
async function acceptAll(
  context: SureContext & {readonly sharing: ImageSharing},
  id: string,
  projects: readonly string[],
): Promise<readonly string[]> {
  for (const [at, projectId] of projects.entries())
    if (!(await surely(context, () => context.sharing.accept({id, projectId})))) return projects.slice(at);
  return [];
}

function writeRecord(
  context: SureContext,
  image: Image,
  record: Parameters<typeof membersProperty>[0],
): Promise<Image> {
  const set = membersProperty(record);
  return patchSurely(context, image, MEMBERS_PROPERTY in set ? {set} : {remove: [MEMBERS_PROPERTY]});
}

function describe(done: {
  readonly id: string;
  readonly added: number;
  readonly removed: number;
  readonly waiting: readonly string[];
}): string {
  const {id, added, removed, waiting} = done;
  const accepts = `${waiting.length} project(s) have to accept it: openstack image set --accept ${id}`;
  return [`${added} member(s) added, ${removed} removed`, ...(waiting.length > 0 ? [accepts] : [])].join('; ');
}
