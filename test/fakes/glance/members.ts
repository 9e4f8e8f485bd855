import {asRecord, Refusal, without} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import {visibleImage} from './context.ts';
import type {GlanceContext} from './context.ts';
import type {ImageRecord, Membership} from './image-table.ts';

const STATES: readonly Membership[] = ['pending', 'accepted', 'rejected'];

/**
 * `GET`, `POST`, `PUT` and `DELETE /v2/images/{id}/members[/{member}]`, with the checks of
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/image_members.py
 */
export async function answerMembers(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  {id, member}: {id: string; member: string | undefined},
): Promise<Reply> {
  const image = visibleImage(context, id, caller);
  const isOwner = image.owner === caller.projectId;
  const isAdmin = caller.roles.includes('admin');
  const rights = {read: true, owner: isAdmin || isOwner, borrower: isAdmin || !isOwner};
  const seen = isAdmin || isOwner ? Object.keys(image.members) : [caller.projectId];
  const known = (): string => {
    if (member === undefined || !seen.includes(member) || !(member in image.members))
      throw new Refusal(404, `${member ?? ''} not found in the member list of the image ${id}.`);
    return member;
  };
  switch (request.method) {
    case 'GET': {
      requireShared(image, rights.read, 'get');
      if (member !== undefined) return {status: 200, json: describe(image, known())};
      const listed = seen.filter((each) => each in image.members).map((each) => describe(image, each));
      return {status: 200, json: {members: listed, schema: '/v2/schemas/members'}};
    }
    case 'POST': {
      const borrower = asRecord(await request.json())?.['member'];
      if (typeof borrower !== 'string' || borrower === '') throw new Refusal(400, 'Member to be added not specified');
      requireShared(image, rights.owner, 'create');
      if (borrower in image.members) throw new Refusal(409, `Member ${borrower} is duplicated for image ${id}`);
      return changed(context, image, {...image.members, [borrower]: 'pending'}, borrower);
    }
    case 'PUT': {
      const status = asRecord(await request.json())?.['status'];
      requireShared(image, rights.borrower, 'update');
      const borrower = known();
      const state = STATES.find((each) => each === status);
      if (state === undefined) throw new Refusal(400, `Incorrect request: Status must be one of ${STATES.join(', ')}`);
      return changed(context, image, {...image.members, [borrower]: state}, borrower);
    }
    default: {
      requireShared(image, rights.owner, 'delete');
      const members = without(image.members, known());
      context.table.change(id, 'member removed', (record) => Object.assign(record, {members}));
      return {status: 204};
    }
  }
}

function requireShared(image: ImageRecord, allowed: boolean, what: string): void {
  if (image.visibility !== 'shared' || !allowed)
    throw new Refusal(403, `Not allowed to ${what} members for image ${image.id}.`);
}

function changed(context: GlanceContext, image: ImageRecord, members: ImageRecord['members'], borrower: string): Reply {
  context.table.change(image.id, `member ${borrower}`, (record) => Object.assign(record, {members}));
  return {status: 200, json: describe(image, borrower)};
}

function describe(image: ImageRecord, member: string): object {
  return {
    member_id: member,
    image_id: image.id,
    status: image.members[member] ?? 'pending',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    schema: '/v2/schemas/member',
  };
}
