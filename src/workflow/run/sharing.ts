import type {Definition} from '../../core/definition/definition.ts';
import {readMembersRecord} from '../../core/image/members.ts';
import type {ImageMember} from '../../core/image/members.ts';
import type {Sharing} from '../../core/plan/plan.ts';
import type {OwnImage} from '../../core/release/release.ts';
import type {ImageSharing} from '../../ports/image-sharing.ts';
import type {ImgmgrError} from '../../errors.ts';
import {asImgmgrError} from '../../errors.ts';
import {pool} from '../pool.ts';
import type {CloudRun} from '../types.ts';

/** Who is to see the images of each definition that shares them or did, or why that could not be found out. */
export type Sharings = ReadonlyMap<Definition, Sharing | ImgmgrError>;

/** What is known of the images. */
interface Known {
  readonly own: readonly OwnImage[];
  readonly projectId: string;
}

/**
 * Asks for the projects of domains, and for the members of current images that are shared: one call for each of those. Definitions without
 * members of ours cost no call; nothing is asked where the cloud has one project only. One definition's failure is its own.
 */
export async function readSharings(
  run: Pick<CloudRun, 'ports' | 'options'>,
  definitions: readonly Definition[],
  known: Known,
): Promise<Sharings> {
  const {sharing, store} = run.ports;
  const found = new Map<Definition, Sharing | ImgmgrError>();
  if (!sharing) return found;
  const shared = definitions.flatMap((definition) => {
    const current = currentOf(definition, known);
    return definition.share || current.some(({image}) => readMembersRecord(image).added.length > 0)
      ? [{definition, current}]
      : [];
  });
  await pool(run.options.jobs, shared, async ({definition, current}) => {
    try {
      const {roles} = await store.account();
      found.set(definition, {
        wanted: await projectsOf(sharing, definition, known.projectId),
        members: await membersOf(sharing, current),
        mayAccept: roles.includes('admin'),
      });
    } catch (error) {
      found.set(definition, asImgmgrError(error));
    }
  });
  return found;
}

function currentOf({name}: Definition, {own}: Known): readonly OwnImage[] {
  return own.filter(
    ({image, stamp}) => stamp.definition === name && stamp.state === 'current' && image.visibility === 'shared',
  );
}

/** Our own project sees its images anyway. */
async function projectsOf(sharing: ImageSharing, {share}: Definition, projectId: string): Promise<readonly string[]> {
  const {projects = [], domains = []} = share ?? {};
  const ofDomains = await Promise.all(domains.map((domain) => sharing.projectsOf(domain)));
  return [...new Set([...projects, ...ofDomains.flat()])].filter((id) => id !== projectId);
}

async function membersOf(
  sharing: ImageSharing,
  images: readonly OwnImage[],
): Promise<ReadonlyMap<string, readonly ImageMember[]>> {
  const members = new Map<string, readonly ImageMember[]>();
  for (const {image} of images) members.set(image.id, await sharing.members(image.id));
  return members;
}
