import type {Sharing} from '../../../../src/core/plan/plan.ts';
import {describe, expect, it} from 'vitest';
import {candidate} from '../../../../src/core/image/form.ts';
import {describeNew} from '../../../../src/core/image/record.ts';
import type {Event} from '../../../../src/core/events.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {definition} from '../../core/plan/plan-world.ts';
import {taskOf} from '../acquire/acquire-world.ts';
import {applyWorld} from './apply-world.ts';

const META = {os_purpose: 'generic', uuid_validity: 'last-1'};
const REFUSED = 'the current image could not be had, so nothing is retired';

/** Refuses the calls that begin so. */
const refuse = (start: string) => (call: string) => {
  if (call.startsWith(start)) throw new ImgmgrError('FORBIDDEN', `${start} is refused`);
};

function saysLeftOut(event: Event | undefined): boolean {
  return event?.type === 'decision' && event.message.includes('left out');
}

/** A world in which version 1 is published. */
async function published(policy: Parameters<typeof applyWorld>[0] = {}) {
  const world = applyWorld(policy);
  await world.manage(definition(['1'], {meta: META}));
  return world;
}

describe('the order', () => {
  it('is that of the plan: the predecessor is retired right after the publication, then the rest is deleted', async () => {
    const before = applyWorld();
    for (const version of ['1', '2']) await before.manage(definition([version], {meta: META}));
    const world = applyWorld({delete: true, yes: true}, before.store.images);
    await world.manage(definition(['3'], {meta: META}));
    expect(world.said()).toEqual([
      'done acquire 3',
      'done publish 3',
      'done retire 2',
      'done delete 2',
      'done delete 1',
    ]);
    const {id} = world.named('X');
    expect(world.store.calls.filter((call) => call.startsWith('patch'))[0]).toBe(`patch ${id}`);
    expect(world.show()).toEqual(['X current']);
    expect(world.counts()).toEqual({imported: 1, retired: 1, deleted: 2});
  });

  it('gives every event of an action, also of its work, the id of that action', async () => {
    const world = await published({delete: true, yes: true});
    world.used.add(world.named('X').id);
    const plan = world.plan(definition(['2'], {meta: META}));
    await world.apply(plan);
    const ids = (type: Event['type']): readonly (string | undefined)[] =>
      world.actionIds.filter((_, index) => world.events[index]?.type === type);
    const planned = plan.actions.map(({id}) => id);
    expect(planned).toHaveLength(4);
    expect(ids('action-started')).toEqual(planned);
    expect(world.actionIds).not.toContain(undefined);
    expect(ids('decision')).toEqual(planned.slice(0, 1));
    expect(ids('warning')).toEqual(planned.slice(-1));
  });

  it('gives what it says of an action that is left out the id of that action', async () => {
    const world = await published();
    world.store.before = refuse('create');
    const plan = world.plan(definition(['2'], {meta: META}));
    await world.apply(plan);
    const left = world.actionIds.filter((_, index) => saysLeftOut(world.events[index]));
    expect(left).toEqual(plan.actions.slice(1).map(({id}) => id));
  });

  it('puts what waits for publication aside as ready, and counts it as imported', async () => {
    const world = applyWorld({publish: false});
    await world.manage(definition(['1']));
    expect([world.said(), world.show()]).toEqual([['done acquire 1'], ['X (1) ready']]);
    expect(world.counts()).toEqual({imported: 1});
  });

  it('counts what is left to the cloud as pending', async () => {
    const world = applyWorld({wait: false});
    await world.manage(definition(['1']));
    expect([world.show(), world.counts()]).toEqual([['X (1) pending'], {pending: 1}]);
  });

  it('counts an image that stays although its deletion was planned as unchanged', async () => {
    const world = await published({delete: true, yes: true});
    world.used.add(world.named('X').id);
    await world.manage(definition(['2'], {meta: META}));
    expect(world.said()).toEqual(['done acquire 2', 'done publish 2', 'done retire 1']);
    expect(world.counts()).toMatchObject({unchanged: 1});
    expect(world.show()).toEqual(['X (1) retired', 'X current']);
  });
});

describe('after a failure', () => {
  it('of an acquisition its image is neither published nor anything retired', async () => {
    const world = await published();
    world.store.before = refuse('create');
    await world.manage(definition(['2']));
    expect(world.said()).toEqual([
      'failed acquire 2',
      'publish left out: its image could not be acquired',
      `retire left out: ${REFUSED}`,
    ]);
    expect(world.counts()).toEqual({imported: 1, failed: 1});
    expect(world.errors.map(({code}) => code)).toEqual(['FORBIDDEN']);
    expect(world.show()).toEqual(['X current']);
  });

  it('of a verification the image is not published, and stays as it was left', async () => {
    const world = applyWorld({verify: true});
    // Nothing boots a server here, so the verification fails.
    await world.manage(definition(['1']));
    expect(world.said()).toEqual(['done acquire 1', 'failed verify 1', 'publish left out: its image is not verified']);
    expect([world.counts(), world.show()]).toEqual([{failed: 1}, ['X (1) importing']]);
  });

  it('of a publication the predecessor is not retired', async () => {
    const world = await published();
    const {id} = world.named('X');
    world.store.before = refuse('patch');
    await world.manage(definition(['2']));
    expect(world.said()).toEqual(['done acquire 2', 'failed publish 2', `retire left out: ${REFUSED}`]);
    expect(world.store.calls).not.toContain(`patch ${id}`);
  });

  it('of the retirement of the predecessor the publication is undone, so that no name stands twice', async () => {
    const world = await published();
    const {id} = world.named('X');
    world.store.before = refuse(`patch ${id}`);
    await world.manage(definition(['2']));
    expect(world.said()).toEqual(['done acquire 2', 'done publish 2', 'failed retire 1']);
    expect(world.show()).toEqual(['X (2) ready', 'X current']);
  });

  it('of a superseded image other images are still hidden', async () => {
    const world = applyWorld();
    for (const version of ['1', '2', '3']) await world.manage(definition([version], {meta: META}));
    const hiding = applyWorld({hide: true}, world.store.images);
    const [two, one] = [world.named('X (2)').id, world.named('X (1)').id];
    hiding.store.before = refuse(`patch ${two}`);
    await hiding.manage(definition(['3'], {meta: META}));
    expect(hiding.said()).toEqual(['failed hide 2', 'done hide 1']);
    expect(hiding.store.images.get(one)?.osHidden).toBe(true);
  });

  it('of a deletion each one that comes later is left out', async () => {
    const world = applyWorld();
    for (const version of ['1', '2', '3']) await world.manage(definition([version], {meta: META}));
    const deleting = applyWorld({delete: true, yes: true}, world.store.images);
    deleting.store.before = refuse('delete');
    await deleting.manage(definition(['4'], {meta: META}));
    const reason = 'delete left out: something of this definition failed';
    expect(deleting.said()).toEqual([
      'done acquire 4',
      'done publish 4',
      'done retire 3',
      'failed delete 3',
      reason,
      reason,
    ]);
  });

  it('of a leftover everything else goes on', async () => {
    const world = await published();
    const {id} = world.named('X');
    const gone = {...taskOf({version: '9'}), oldPurpose: 'oldgeneric', adHoc: false};
    const spec = candidate(gone, 'r0', undefined);
    await world.store.create({...spec, id: 'left', properties: describeNew('left', spec.properties)});
    world.store.before = refuse('delete left');
    await world.manage(definition(['2']));
    expect(world.said()).toEqual(['failed remove 9', 'done acquire 2', 'done publish 2', 'done retire 1']);
    expect(world.store.images.get(id)?.name).toBe('X (1)');
  });

  it('that the plan knows of before, what depends on it is left out', async () => {
    const world = await published();
    const planned = world.plan(definition(['2']));
    const failure = {id: 'failure 2', version: '2', error: new ImgmgrError('VERIFICATION', 'bad')};
    const actions = planned.actions.map((action) =>
      action.kind === 'acquire' ? {...action, dependsOn: [{id: failure.id, otherwise: 'it is bad'}]} : action,
    );
    await world.apply({...planned, failures: [failure], actions});
    expect(world.said()).toEqual([
      'acquire left out: it is bad',
      'publish left out: its image could not be acquired',
      `retire left out: ${REFUSED}`,
    ]);
  });

  it('writes nothing more where the lease of the run is lost', async () => {
    const world = await published();
    const assertMayWrite = (): void => {
      throw new ImgmgrError('LOCKED', 'lost');
    };
    await world.apply(world.plan(definition(['2'])), {assertMayWrite});
    expect([world.store.calls, world.errors.map(({code}) => code)]).toEqual([[], ['LOCKED']]);
  });

  it('is the answer where nothing may be published, before the source is asked', async () => {
    const world = applyWorld();
    const forbidden = new ImgmgrError('FORBIDDEN', 'not public');
    await world.apply(world.plan(definition(['1'])), {publishObstacle: () => Promise.resolve(forbidden)});
    expect([world.store.calls, world.source.probed, world.errors]).toEqual([[], [], [forbidden]]);
  });
});

describe('sharing', () => {
  const shared = {visibility: 'shared', meta: META} as const;
  const wanted = (...ids: string[]): Sharing => ({wanted: ids, members: new Map(), mayAccept: true});

  it('that is refused keeps the predecessor: nothing is retired', async () => {
    const world = applyWorld();
    await world.manage(definition(['1'], shared));
    world.sharing.before = () => {
      throw new ImgmgrError('QUOTA', 'too many members');
    };
    await world.apply(world.plan(definition(['2'], shared), wanted('a')));
    expect(world.said()).toEqual([
      'done acquire 2',
      'done publish 2',
      'failed share 2',
      'retire left out: not every member has the current image, so nothing is retired',
    ]);
    expect(world.show()).toEqual(['X current', 'X current']);
  });

  it('whose answer got lost is tried again', async () => {
    const world = applyWorld();
    let tries = 0;
    world.sharing.before = (call) => {
      if (call === 'add a' && tries++ === 0) throw new ImgmgrError('UNAVAILABLE', '504');
    };
    await world.apply(world.plan(definition(['1'], shared), wanted('a')));
    expect([world.said(), world.errors]).toEqual([['done acquire 1', 'done publish 1', 'done share 1'], []]);
    expect(world.named('X').properties['imgmgr_members']).toBe('a');
  });
});

describe('an interruption', () => {
  it('before the publication removes what was made, and changes nothing else', async () => {
    const world = await published();
    world.store.importState = (id) => {
      world.abort.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
      const image = world.store.images.get(id);
      return Promise.resolve(image ? {kind: 'done', image} : {kind: 'gone'});
    };
    await expect(world.manage(definition(['2']))).rejects.toMatchObject({code: 'INTERRUPTED'});
    expect([world.said(), world.show()]).toEqual([['done acquire 2'], ['X current']]);
  });

  it('between publication and retirement waits for the end of the swap, and nothing comes after it', async () => {
    const world = await published({delete: true, yes: true});
    world.store.before = (call) => {
      if (call.startsWith('patch')) world.abort.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
    };
    await expect(world.manage(definition(['2'], {meta: META}))).rejects.toMatchObject({code: 'INTERRUPTED'});
    expect(world.said()).toEqual(['done acquire 2', 'done publish 2', 'done retire 1']);
    expect(world.show()).toEqual(['X (1) retired', 'X current']);
  });

  it('while members are added waits for the end of the swap, so that no member is without an image of that name', async () => {
    const world = applyWorld();
    const shared = {visibility: 'shared', meta: META} as const;
    await world.manage(definition(['1'], shared));
    world.sharing.before = (call) => {
      if (call === 'add a') world.abort.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
    };
    const plan = world.plan(definition(['2'], shared), {wanted: ['a', 'b'], members: new Map(), mayAccept: true});
    await world.apply(plan);
    expect(world.said()).toEqual(['done acquire 2', 'done publish 2', 'done share 2', 'done retire 1']);
    expect(world.sharing.calls).toEqual(['add a', 'add b', 'accept a', 'accept b']);
    expect(world.show()).toEqual(['X (1) retired', 'X current']);
  });

  it('counts as no failure', async () => {
    const world = applyWorld();
    world.store.before = (call) => {
      if (call === 'create') world.abort.abort(new ImgmgrError('INTERRUPTED', 'SIGINT'));
    };
    await expect(world.manage(definition(['1']))).rejects.toMatchObject({code: 'INTERRUPTED'});
    expect([world.errors, world.counts(), world.store.images.size]).toEqual([[], {}, 0]);
  });
});
