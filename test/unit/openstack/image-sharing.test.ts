import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

let fake: FakeCloud;
let admin: Connected;
let member: Connected;

beforeEach(async () => {
  fake = await startFakeCloud();
  admin = connect(fake);
  member = connect(fake, {role: 'member'});
});

afterEach(async () => {
  await Promise.all([admin.store.close(), member.store.close()]);
  await fake.close();
});

function shared(visibility: 'shared' | 'private' = 'shared', owner = fake.accounts.admin.projectId): string {
  return fake.seed({name: 'X', visibility, owner}).id;
}

describe('the members of an image', () => {
  test('are added as pending, accepted by an admin on their behalf, and removed', async () => {
    const id = shared();
    await admin.sharing.add({id, projectId: 'p1'});
    expect(await admin.sharing.members(id)).toEqual([{projectId: 'p1', status: 'pending'}]);
    expect(await admin.sharing.accept({id, projectId: 'p1'})).toBe(true);
    expect(await admin.sharing.members(id)).toEqual([{projectId: 'p1', status: 'accepted'}]);
    await admin.sharing.remove({id, projectId: 'p1'});
    expect(await admin.sharing.members(id)).toEqual([]);
  });

  test('are added once and removed once, however often that is asked for', async () => {
    const id = shared();
    await admin.sharing.add({id, projectId: 'p1'});
    await admin.sharing.add({id, projectId: 'p1'});
    expect(await admin.sharing.members(id)).toHaveLength(1);
    await admin.sharing.remove({id, projectId: 'p1'});
    await admin.sharing.remove({id, projectId: 'p1'});
    expect(await admin.sharing.members(id)).toEqual([]);
  });

  test('that are no ids of projects are left out: they would lead elsewhere in the path of a call', async () => {
    const id = shared();
    fake.images.change(id, 'by hand', (record) =>
      Object.assign(record, {members: {'..': 'pending', 'a/b': 'pending', 'p 1': 'pending', p1: 'pending'}}),
    );
    expect(await admin.sharing.members(id)).toEqual([{projectId: 'p1', status: 'pending'}]);
  });

  test('are not accepted by an owner who is no admin', async () => {
    const id = shared('shared', fake.accounts.member.projectId);
    await member.sharing.add({id, projectId: 'p1'});
    expect(await member.sharing.accept({id, projectId: 'p1'})).toBe(false);
  });

  test('cannot be read or added where the image is not shared', async () => {
    const id = shared('private');
    await expect(admin.sharing.members(id)).rejects.toMatchObject({code: 'FORBIDDEN'});
    await expect(admin.sharing.add({id, projectId: 'p1'})).rejects.toMatchObject({code: 'FORBIDDEN'});
  });
});

describe('the projects of a domain', () => {
  test('are found by its name and by its id, and asked for once', async () => {
    fake.domains.push({id: 'd1', name: 'Science', projects: ['p1', 'p2']});
    for (const name of ['Science', 'd1', 'Science']) expect(await admin.sharing.projectsOf(name)).toEqual(['p1', 'p2']);
    const asked = admin.exchanges.filter(({url}) => url.includes('/projects?'));
    expect(asked).toHaveLength(2);
  });

  test('who may not list them gets a clear error', async () => {
    fake.domains.push({id: 'd1', name: 'Science', projects: ['p1']});
    await expect(member.sharing.projectsOf('Science')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'member does not let us list the projects of domain "Science"',
      hint: expect.stringContaining('share.projects') as unknown,
    });
  });

  test('a domain that is not there or has none is an error, never nobody', async () => {
    await expect(admin.sharing.projectsOf('Sience')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('"Sience"') as unknown,
    });
  });

  test('a project without an id that could be one is an error', async () => {
    fake.domains.push({id: 'd1', name: 'Science', projects: ['p1', '../x']});
    await expect(admin.sharing.projectsOf('Science')).rejects.toMatchObject({code: 'PROTOCOL'});
  });

  test('a list that was cut off is an error', async () => {
    fake.domains.push({id: 'd1', name: 'Science', projects: ['p1'], truncated: true});
    await expect(admin.sharing.projectsOf('Science')).rejects.toMatchObject({code: 'PROTOCOL'});
  });
});
