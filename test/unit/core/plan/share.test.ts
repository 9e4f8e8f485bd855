import {describe, expect, test} from 'vitest';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import type {ImageMember} from '../../../../src/core/image/members.ts';
import {membersProperty, readMembersRecord} from '../../../../src/core/image/members.ts';
import type {Sharing} from '../../../../src/core/plan/plan.ts';
import {storePlan} from '../../../../src/core/plan/store-plan.ts';
import {storedPlan} from '../../../../src/core/plan/stored-plan.ts';
import {World, definition} from './plan-world.ts';

const shared = (...versions: string[]): Definition => definition(versions, {visibility: 'shared'});

function sharing(wanted: readonly string[], members: Readonly<Record<string, readonly ImageMember[]>> = {}): Sharing {
  return {wanted, members: new Map(Object.entries(members)), mayAccept: true};
}

const accepted = (projectId: string): ImageMember => ({projectId, status: 'accepted'});

/** A world with version 1 published and shared with these projects by us. */
function worldWith(...added: string[]): World {
  const world = new World();
  world.manage(shared('1'));
  const {properties} = world.named('X');
  world.set('X', {properties: {...properties, ...membersProperty({added, acceptRefused: false})}});
  return world;
}

describe('the plan of members', () => {
  test('comes after the publication and before the predecessor is retired, which depends on both', () => {
    const world = worldWith('a');
    const {actions} = world.plan(shared('1', '2'), {}, undefined, sharing(['a', 'b']));
    expect(actions.map(({kind}) => kind)).toEqual(['acquire', 'publish', 'share', 'retire']);
    const [, publish, share, retire] = actions;
    expect(share?.dependsOn.map(({id}) => id)).toEqual(expect.arrayContaining([publish?.id]));
    expect(retire?.dependsOn.map(({id}) => id)).toEqual([publish?.id, share?.id]);
    expect(share).toMatchObject({add: ['a', 'b'], accept: ['a', 'b'], remove: [], record: ['a', 'b']});
  });

  test('is nothing where the members are those of the definition', () => {
    const world = worldWith('a');
    const {id} = world.named('X');
    const plan = world.plan(shared('1'), {}, undefined, sharing(['a'], {[id]: [accepted('a')]}));
    expect([plan.actions, plan.unchanged, plan.warnings]).toEqual([[], 1, []]);
  });

  test('counts a member that somebody else added and the definition names as there, and not as ours', () => {
    const world = worldWith();
    const {id} = world.named('X');
    expect(world.plan(shared('1'), {}, undefined, sharing(['a'], {[id]: [accepted('a')]})).actions).toEqual([]);
  });

  test('removes ours alone; with --force-state also others', () => {
    const world = worldWith('a');
    const {id} = world.named('X');
    const live = {[id]: [accepted('a'), accepted('z')]};
    const plan = world.plan(shared('1'), {}, undefined, sharing([], live));
    expect(plan.actions).toMatchObject([{kind: 'share', add: [], remove: ['a'], record: [], counts: 'updated'}]);
    expect(plan.warnings).toMatchObject([{code: 'changed-by-hand', message: expect.stringContaining('z') as string}]);
    const forced = world.plan(shared('1'), {forceState: true}, undefined, sharing([], live));
    expect(forced.actions).toMatchObject([{kind: 'share', remove: ['a', 'z']}]);
    expect(forced.warnings).toEqual([]);
  });

  test('clears the record of a member that is gone and no longer wanted', () => {
    const world = worldWith('a');
    const {id} = world.named('X');
    expect(world.plan(shared('1'), {}, undefined, sharing([], {[id]: []})).actions).toMatchObject([
      {kind: 'share', add: [], remove: [], record: []},
    ]);
  });

  test('accepts for a pending member of ours, for no other, and not again where that was refused', () => {
    const pending = (projectId: string): ImageMember => ({projectId, status: 'pending'});
    const world = worldWith('a');
    const {id, properties} = world.named('X');
    const live = {[id]: [pending('a'), pending('b')]};
    const plan = world.plan(shared('1'), {}, undefined, sharing(['a', 'b'], live));
    expect(plan.actions).toMatchObject([{kind: 'share', accept: ['a']}]);
    const refused = membersProperty({added: ['a'], acceptRefused: true});
    world.set('X', {properties: {...properties, ...refused}});
    expect(world.plan(shared('1'), {}, undefined, sharing(['a', 'b'], live)).actions).toEqual([]);
  });

  test('leaves an image alone that is not shared, because somebody pulled it', () => {
    const world = worldWith('a');
    world.set('X', {visibility: 'private'});
    const plan = world.plan(shared('1'), {}, undefined, sharing(['a', 'b']));
    expect([plan.actions, plan.warnings.map(({code}) => code)]).toEqual([[], ['changed-by-hand']]);
  });

  test('shares an image in the same run in which it becomes shared', () => {
    const world = new World();
    world.manage(definition(['1']));
    const {actions} = world.plan(shared('1'), {}, undefined, sharing(['a']));
    expect(actions.map(({kind}) => kind)).toEqual(['update', 'share']);
    expect(actions[1]?.dependsOn.map(({id}) => id)).toEqual([actions[0]?.id]);
  });

  test('an unfinished swap is closed behind the members', () => {
    const world = worldWith('a');
    const first = world.named('X');
    world.manage(shared('2'));
    world.images = [first, ...world.images.filter(({id, name}) => id !== first.id && name === 'X')];
    const lacking = world.plan(shared('2'), {}, undefined, sharing(['a']));
    expect(lacking.actions.map(({kind}) => kind)).toEqual(['share', 'retire']);
    expect(lacking.actions[1]?.dependsOn.map(({id}) => id)).toContain(lacking.actions[0]?.id);
  });

  test('is kept in a stored plan', () => {
    const world = worldWith('a');
    const plan = world.plan(shared('1', '2'), {}, undefined, sharing(['a', 'b']));
    const stored = storePlan({cloud: 'c', project: 'p', leftovers: [], definitions: [plan]});
    const read = storedPlan.parse(JSON.parse(JSON.stringify(stored)));
    expect(read.definitions[0]?.actions.map(({facts}) => facts.members).filter(Boolean)).toEqual([
      {add: ['a', 'b'], accept: ['a', 'b'], remove: [], record: ['a', 'b']},
    ]);
  });
});

test('the record of members is read as it was written', () => {
  for (const record of [
    {added: [], acceptRefused: false},
    {added: ['a', 'b'], acceptRefused: false},
    {added: ['a'], acceptRefused: true},
  ])
    expect(readMembersRecord({properties: membersProperty(record)})).toEqual(record);
  expect(membersProperty({added: [], acceptRefused: false})).toEqual({});
});
