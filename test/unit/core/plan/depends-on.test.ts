import {describe, expect, it} from 'vitest';
import type {DefinitionPlan} from '../../../../src/core/plan/plan.ts';
import {World, definition} from './plan-world.ts';

const META = {os_purpose: 'generic', uuid_validity: 'last-1'};

/** `id ← ids that it depends on`, with the ids of the images replaced by their names. */
function graph(world: World, plan: DefinitionPlan): string[] {
  const readable = (id: string): string => {
    const image = world.images.find((other) => id.endsWith(` ${other.id}`));
    return image ? id.replace(image.id, image.name ?? '') : id;
  };
  return plan.actions.map(({id, dependsOn}) =>
    [readable(id), ...(dependsOn.length === 0 ? [] : ['←', dependsOn.map((one) => readable(one.id)).join(', ')])].join(
      ' ',
    ),
  );
}

function worldWith(...versions: readonly string[]): World {
  const world = new World();
  for (const version of versions) world.manage(definition([version], {meta: META}));
  return world;
}

describe('the dependencies of a plan', () => {
  it('are the acquisition, the verification, and for what is retired the publication that replaces it', () => {
    const world = worldWith('1');
    expect(graph(world, world.plan(definition(['2'], {meta: META}), {verify: true}))).toEqual([
      'acquire 2',
      'verify 2 ← acquire 2',
      'publish 2 ← acquire 2, verify 2',
      'retire X ← publish 2',
    ]);
  });

  it('of what is published or given back is its reactivation', () => {
    const world = worldWith('1', '2');
    world.set('X (1)', {
      status: 'deactivated',
      properties: {
        ...world.named('X (1)').properties,
        imgmgr_applied: 'visibility=public os_hidden=false status=deactivated protected=false',
      },
    });
    expect(graph(world, world.plan(definition(['1'], {meta: META})))).toEqual([
      'reactivate X (1)',
      'publish X (1) ← reactivate X (1)',
      'retire X ← publish X (1)',
    ]);
    const pulled = worldWith('1', '2');
    pulled.pull(definition(['2'], {meta: META}));
    const plan = pulled.plan(definition(['2'], {meta: META}), {}, undefined, undefined, {kind: 'undo', version: '2'});
    expect(graph(pulled, plan)).toEqual(['reactivate X', 'lift X ← reactivate X', 'publish X ← lift X, reactivate X']);
  });

  it('of what is hidden or deactivated are those that make the current image', () => {
    const world = worldWith('1', '2');
    expect(graph(world, world.plan(definition(['3'], {meta: META}), {hide: true, deactivate: true}))).toEqual([
      'acquire 3',
      'publish 3 ← acquire 3',
      'retire X ← publish 3',
      'deactivate X ← acquire 3, publish 3',
      'hide X (1) ← acquire 3, publish 3',
      'deactivate X (1) ← acquire 3, publish 3',
    ]);
  });

  it('of a deletion are everything before it, of the next one that deletion', () => {
    const world = worldWith('1', '2');
    expect(graph(world, world.plan(definition(['3'], {meta: META}), {delete: true}))).toEqual([
      'acquire 3',
      'publish 3 ← acquire 3',
      'retire X ← publish 3',
      'delete X ← acquire 3, publish 3, retire X',
      'delete X (1) ← delete X',
    ]);
  });

  it('are the failures that the plan knows of, too', () => {
    const world = worldWith('1', '2');
    world.bad.add('3');
    world.manage(definition(['3'], {meta: META}), {verify: true});
    const plan = world.plan(definition(['3'], {meta: META}), {verify: true, hide: true});
    expect(plan.failures.map(({id}) => id)).toEqual(['failure 3']);
    expect(graph(world, plan)).toEqual(['hide X (1) ← failure 3']);
  });

  it('name nothing that comes later or is not there, and no id stands twice', () => {
    const world = worldWith('1', '2');
    const plan = world.plan(definition(['3', '4'], {meta: META, multi: false}), {
      verify: true,
      hide: true,
      delete: true,
    });
    const known = new Set(plan.failures.map(({id}) => id));
    for (const {id, dependsOn} of plan.actions) {
      expect(known).not.toContain(id);
      for (const dependency of dependsOn) expect(known).toContain(dependency.id);
      known.add(id);
    }
    expect(plan.actions.length).toBeGreaterThan(5);
  });
});

describe('the effects of a plan', () => {
  const effects = (plan: DefinitionPlan): unknown[] =>
    plan.actions.map((action) => [action.kind, 'next' in action ? action.next : undefined, action.counts]);

  it.each([
    [
      {verify: true},
      [
        ['acquire', 'verify', undefined],
        ['verify', 'publish', undefined],
        ['publish', undefined, 'imported'],
      ],
    ],
    [
      {verify: false},
      [
        ['acquire', 'publish', undefined],
        ['publish', undefined, 'imported'],
      ],
    ],
    [
      {verify: true, publish: false},
      [
        ['acquire', 'verify', undefined],
        ['verify', 'ready', 'imported'],
      ],
    ],
    [{verify: false, publish: false}, [['acquire', 'ready', 'imported']]],
    [{verify: true, wait: false}, [['acquire', 'ready', 'imported']]],
  ] as const)('say of a new image what comes next, and count it once: %o', (flags, expected) => {
    expect(effects(new World().plan(definition(['1']), flags))).toEqual(expected);
  });

  it('count an image that is published again as updated', () => {
    const world = worldWith('1', '2');
    expect(effects(world.plan(definition(['1'], {meta: META})))).toEqual([
      ['publish', undefined, 'updated'],
      ['retire', undefined, 'retired'],
    ]);
  });

  it('count a change of status as part of a publication, else as an update', () => {
    const world = new World();
    expect(effects(world.plan(definition(['1'], {status: 'deactivated'})))).toContainEqual([
      'deactivate',
      undefined,
      undefined,
    ]);
    world.manage(definition(['1']));
    const plan = world.plan(definition(['1'], {status: 'deactivated'}));
    expect(effects(plan)).toContainEqual(['deactivate', undefined, 'updated']);
  });
});
