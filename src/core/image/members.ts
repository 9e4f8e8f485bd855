import {byCharacters} from '../order.ts';
import type {Image} from './image.ts';

/** A project that an image is shared with; `pending`: its listings do not show the image until it accepts. */
export interface ImageMember {
  readonly projectId: string;
  readonly status: 'pending' | 'accepted' | 'rejected';
}

/** What we know of the members of one image: those that we added, and whether the cloud let us accept for them. */
export interface MembersRecord {
  readonly added: readonly string[];
  readonly acceptRefused: boolean;
}

/** The property that holds the {@link MembersRecord}. */
export const MEMBERS_PROPERTY = 'imgmgr_members';
const REFUSED = 'accept=refused';

/** Nobody and nothing refused where the property is not there. */
export function readMembersRecord({properties}: Pick<Image, 'properties'>): MembersRecord {
  const words = (properties[MEMBERS_PROPERTY] ?? '').split(' ').filter((word) => word !== '');
  return {added: words.filter((word) => word !== REFUSED), acceptRefused: words.includes(REFUSED)};
}

/** `accept=refused ID ID`, the ids sorted; the property as a whole, none where there is nothing to say. */
export function membersProperty({added, acceptRefused}: MembersRecord): Readonly<Record<string, string>> {
  const words = [...(acceptRefused ? [REFUSED] : []), ...sortedIds(added)];
  return words.length === 0 ? {} : {[MEMBERS_PROPERTY]: words.join(' ')};
}

/** Each id once, in one order. */
export function sortedIds(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].sort(byCharacters);
}
