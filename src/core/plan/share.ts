import type {Image} from '../image/image.ts';
import type {MembersRecord} from '../image/members.ts';
import {MEMBERS_PROPERTY, membersProperty, readMembersRecord, sortedIds} from '../image/members.ts';
import {saidTwice} from '../image/patch.ts';
import type {OwnImage} from '../release/release.ts';
import type {Draft} from './draft.ts';
import {about, imageOf} from './draft.ts';
import type {Sharing, Target} from './plan.ts';

/** The members of a new publication: everybody that the definition names. To be called between publication and retirement. */
export function shareNew(
  draft: Draft,
  input: {readonly target: Target; readonly version: string; readonly published: string},
): void {
  const {sharing} = draft.input;
  if (!sharing || sharing.wanted.length === 0) return;
  const {target, version, published} = input;
  const image = 'image' in target ? target.image : undefined;
  const {added, acceptRefused} = image ? readMembersRecord(image) : NOBODY;
  const record = sortedIds(sharing.wanted);
  draft.add(
    {
      kind: 'share',
      target,
      add: record,
      accept: sharing.mayAccept && !acceptRefused ? record : [],
      remove: added.filter((id) => !sharing.wanted.includes(id)),
      record,
      published,
    },
    {
      version,
      ...imageOf(target),
      reason: 'the definition says share',
      ...saidTwice([{field: 'members', from: sortedIds(added), to: record}]),
    },
  );
}

const NOBODY: MembersRecord = {added: [], acceptRefused: false};

/** Brings the members of a published image to its definition; false when that needs nothing. `counts`: nothing else about it counts. */
export function shareExisting(
  draft: Draft,
  input: {readonly own: OwnImage; readonly visibility: Image['visibility']; readonly counts: boolean},
): boolean {
  const {own, visibility, counts} = input;
  const {sharing} = draft.input;
  if (!sharing || visibility !== 'shared') return false;
  const {image} = own;
  // A swap that was begun is finished also while its definition is held, and then nobody loses the image.
  const keepsAll = draft.input.hold !== undefined && draft.swapping.has(image.id);
  const compared = compareMembers(image, sharing, {...draft.input.policy, keepsAll});
  const {add, accept, remove, record, strangers, live} = compared;
  if (compared.kept.length > 0) draft.wait(`share ${own.stamp.version}`);
  if (strangers.length > 0) draft.warnByHand(own, [`its members ${strangers.join(', ')} are not of imgmgr`]);
  if (compared.isAsWanted) return false;
  const gone = new Set(remove);
  const after = sortedIds([...live.filter((id) => !gone.has(id)), ...add]);
  draft.add(
    {kind: 'share', target: {image}, add, accept, remove, record, ...(counts && {counts: 'updated'})},
    {
      ...about(own),
      reason: 'its members are not those of its definition',
      ...saidTwice([{field: 'members', from: sortedIds(live), to: after}]),
    },
  );
  return true;
}

/** True when a project that the definition names has not got the published image yet. */
export function lacksMembers(draft: Draft, {image}: OwnImage): boolean {
  const {sharing, policy} = draft.input;
  if (!sharing || !policy.acquire || image.visibility !== 'shared') return false;
  return compareMembers(image, sharing, {forceState: false, keepsAll: false}).add.length > 0;
}

interface Compared {
  readonly live: readonly string[];
  readonly add: readonly string[];
  readonly accept: readonly string[];
  readonly remove: readonly string[];
  readonly record: readonly string[];
  /** Members that somebody else added and nobody wants. */
  readonly strangers: readonly string[];
  /** Those that nobody wants, and that stay for now. */
  readonly kept: readonly string[];
  readonly isAsWanted: boolean;
}

/** A member is ours where the record says so: it is written before the member is added, and changed after one was removed. */
function compareMembers(
  image: Image,
  sharing: Sharing,
  {forceState, keepsAll}: {readonly forceState: boolean; readonly keepsAll: boolean},
): Compared {
  const members = sharing.members.get(image.id) ?? [];
  const live = members.map(({projectId}) => projectId);
  const [there, wanted] = [new Set(live), new Set(sharing.wanted)];
  const {added, acceptRefused} = readMembersRecord(image);
  const ours = new Set(added);
  const unwanted = live.filter((id) => !wanted.has(id));
  const add = sortedIds(sharing.wanted.filter((id) => !there.has(id)));
  const unneeded = sortedIds(unwanted.filter((id) => ours.has(id) || forceState));
  const remove = keepsAll ? [] : unneeded;
  const kept = keepsAll ? unneeded : [];
  const record = sortedIds([...added.filter((id) => wanted.has(id) || kept.includes(id)), ...add]);
  const pending = members.filter(({projectId, status}) => status === 'pending' && ours.has(projectId));
  const toAccept = [...pending.map(({projectId}) => projectId).filter((id) => wanted.has(id)), ...add];
  const accept = sharing.mayAccept && !acceptRefused ? sortedIds(toAccept) : [];
  const text = membersProperty({added: record, acceptRefused})[MEMBERS_PROPERTY];
  return {
    ...{live, add, accept, remove, record, kept},
    strangers: sortedIds(unwanted.filter((id) => !ours.has(id) && !forceState)),
    isAsWanted: add.length + accept.length + remove.length === 0 && text === image.properties[MEMBERS_PROPERTY],
  };
}
