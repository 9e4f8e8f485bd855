import {describe, expect, it} from 'vitest';
import type {Hold} from '../../../../src/core/hold.ts';
import type {DefinitionPlan} from '../../../../src/core/plan/plan.ts';
import {membersProperty} from '../../../../src/core/image/members.ts';
import {World, definition, version} from './plan-world.ts';

const HOLD: Hold = {untilMs: Date.parse('2026-03-01T00:00:00Z'), by: 'cloud', origin: 'run r on h', reason: 'freeze'};

function filled(...runs: Parameters<World['manage']>[]): World {
  const world = new World();
  for (const run of runs) world.manage(...run);
  return world;
}

/** What the plan says about the hold: all warnings of that code. */
const said = ({warnings}: DefinitionPlan): string[] =>
  warnings.filter(({code}) => code === 'held').map(({message}) => message);

describe('while a definition is held', () => {
  it('its new version is acquired and verified and waits; nothing else changes, and a second run does nothing', () => {
    const world = filled([definition(['1'])]);
    const before = world.show();
    world.hold = HOLD;
    expect(world.manage(definition(['2']), {verify: true})).toEqual(['acquire 2 → X (2)', 'verify 2']);
    expect(world.show()).toEqual([...before.map((line) => line), 'X (2) | private | hidden | oldgeneric | 2'].sort());
    expect(world.manage(definition(['2']), {verify: true})).toEqual([]);
    expect(said(world.plan(definition(['2']), {verify: true}))).toEqual([
      'X is held until 2026-03-01 00:00 UTC (run r on h: freeze); publish 2 waits for that',
    ]);
  });

  it('what waits is published when the hold is over, without being acquired again', () => {
    const world = filled([definition(['1'])]);
    world.hold = HOLD;
    world.manage(definition(['2']));
    world.hold = undefined;
    expect(world.manage(definition(['2']))).toEqual(['publish 2 → X', 'retire 1 → X (1)']);
    expect(world.show()).toEqual(['X (1) | public | oldgeneric | 1', 'X | public | generic | 2']);
  });

  it('of the listed versions the newest alone is acquired', () => {
    const world = new World();
    world.hold = HOLD;
    expect(world.manage(definition(['1', '2', '3']))).toEqual(['acquire 3 → X (3)']);
    expect(world.manage(definition(['1', '2', '3']))).toEqual([]);
    expect(world.manage(definition(['1', '2', '3'], {multi: false}))).toEqual([]);
  });

  it('a newer candidate takes the place of the older one, in the same run', () => {
    const world = filled([definition(['1'])]);
    world.hold = HOLD;
    world.manage(definition(['1', '2']));
    expect(world.manage(definition(['1', '2', '3']))).toEqual(['acquire 3 → X (3)', 'remove 2']);
    expect(world.names()).toEqual(['X', 'X (3)']);
    expect(world.manage(definition(['1', '2', '3']))).toEqual([]);
  });

  it('an older candidate with a demanded id stays, since Glance hands no id out again', () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const demanded = version('1', {id, checksum: {algorithm: 'sha256', hex: 'a'.repeat(64)}});
    const world = new World();
    world.hold = HOLD;
    world.manage(definition([demanded]));
    expect(world.manage(definition([demanded, '2']))).toEqual(['acquire 2 → X (2)']);
  });

  it('a candidate of the command line stays, also of a version that no definition lists', () => {
    const world = filled([definition(['4'])]);
    world.create({
      name: 'X (5)',
      osHidden: true,
      tags: ['managed_by_imgmgr'],
      properties: {
        ...{imgmgr_definition: 'X', imgmgr_version: '5', imgmgr_state: 'ready', imgmgr_origin: 'command'},
      },
    });
    world.hold = HOLD;
    expect(world.manage(definition(['4']))).toEqual([]);
    world.hold = undefined;
    expect(world.manage(definition(['4']))).toEqual(['remove 5']);
  });

  it('nothing is adopted: a stamp comes with tags, and a second current image would be taken for a swap', () => {
    const world = filled([definition(['2'])]);
    const {properties} = world.named('X');
    world.others = [
      {
        ...world.named('X'),
        id: 'foreign',
        tags: [],
        properties: {
          ...Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith('imgmgr_'))),
          internal_version: '3',
        },
      },
    ];
    world.hold = HOLD;
    expect(world.manage(definition(['2', '3']), {adopt: true}).filter((line) => line.startsWith('adopt'))).toEqual([]);
    expect(said(world.plan(definition(['2', '3']), {adopt: true})).join()).toContain('adopt');
  });

  it('the older candidate goes only where the newer one could be had', () => {
    const world = filled([definition(['1'])]);
    world.hold = HOLD;
    world.manage(definition(['2']));
    const plan = world.plan(definition(['2', '3']), {verify: true});
    const remove = plan.actions.find(({kind}) => kind === 'remove');
    expect(remove?.dependsOn.map(({id}) => id)).toEqual(['verify 3']);
  });

  it('nothing is retired, hidden, renamed, deactivated or deleted, and nothing is offered for deletion', () => {
    const meta = {architecture: 'x86_64', uuid_validity: 'none'};
    const listing = (...versions: readonly string[]) => definition(versions, {meta});
    const world = filled([listing('1')], [listing('2')], [listing('3')]);
    world.hold = HOLD;
    for (const flags of [
      {delete: true, yes: true, includeNone: true},
      {hide: true},
      {deactivate: true, includeNone: true},
      {retireAs: 'renamed-by-date'},
      {retireAs: 'community'},
    ] as const) {
      expect(world.manage(listing('3'), flags)).toEqual([]);
      expect(said(world.plan(listing('3'), flags))[0]).toMatch(/; .* 2, .* 1 wait for that$/);
    }
    expect(world.plan(listing('3'), {delete: true, includeNone: true}).deletable).toEqual([]);
    expect(world.manage(definition(['3'], {meta, status: 'deactivated'}))).toEqual([]);
    world.hold = undefined;
    expect(world.manage(listing('3'), {hide: true})).toEqual(['hide 2', 'hide 1']);
  });

  it('an older version that is listed as the newest again waits for its name', () => {
    const world = filled([definition(['1'])], [definition(['2'])]);
    world.hold = HOLD;
    expect(world.manage(definition(['1']))).toEqual([]);
    expect(said(world.plan(definition(['1'])))).toEqual([
      'X is held until 2026-03-01 00:00 UTC (run r on h: freeze); publish 1 waits for that',
    ]);
  });

  it('properties are mended; name, visibility, os_hidden and tags wait', () => {
    const world = filled([definition(['1'])]);
    world.hold = HOLD;
    expect(world.manage(definition(['1'], {meta: {os_distro: 'debian', architecture: 'aarch64'}}))).toEqual([
      'update 1',
    ]);
    const world2 = filled([definition(['1'])]);
    world2.hold = HOLD;
    for (const extra of [{visibility: 'community'}, {tags: ['other']}] as const) {
      expect(world2.manage(definition(['1'], extra))).toEqual([]);
      expect(said(world2.plan(definition(['1'], extra)))[0]).toContain('; update 1 waits for that');
    }
    world2.hold = undefined;
    expect(world2.manage(definition(['1'], {tags: ['other']}))).toEqual(['update 1']);
  });

  it('a swap that an earlier run began is finished, since two images bear the name', () => {
    const world = filled([definition(['1'])]);
    const older = world.named('X');
    world.manage(definition(['2']));
    // The run died between the two PATCHes.
    world.images = world.images.map((image) => (image.id === older.id ? older : image));
    expect(world.names()).toEqual(['X', 'X']);
    world.hold = HOLD;
    expect(world.manage(definition(['2']))).toEqual(['retire 1 → X (1)']);
    expect(world.manage(definition(['2']))).toEqual([]);
    expect(world.names()).toEqual(['X', 'X (1)']);
  });

  it('a swap is finished in favour of what was published last, also where a newer version is listed', () => {
    const world = filled([definition(['1'])]);
    const older = world.named('X');
    world.manage(definition(['2']));
    world.images = world.images.map((image) => (image.id === older.id ? older : image));
    world.hold = HOLD;
    expect(world.manage(definition(['3']))).toEqual(['retire 1 → X (1)', 'acquire 3 → X (3)']);
    expect(world.show()).toContain('X | public | generic | 2');
  });

  it('members of a published image neither come nor go', () => {
    const world = filled([definition(['1'], {visibility: 'shared'})]);
    const sharing = {wanted: ['p1'], members: new Map(), mayAccept: false};
    const shared = definition(['1'], {visibility: 'shared'});
    expect(world.plan(shared, {}, undefined, sharing).actions.map(({kind}) => kind)).toEqual(['share']);
    world.hold = HOLD;
    expect(world.plan(shared, {}, undefined, sharing).actions).toEqual([]);
  });

  it('a swap that was begun is finished without taking a member away: that waits, and is done when the hold is over', () => {
    const world = filled([definition(['1'], {visibility: 'shared'})]);
    const older = world.named('X');
    const two = definition(['2'], {visibility: 'shared'});
    world.manage(two);
    world.images = world.images.map((image) =>
      image.id === older.id
        ? older
        : {...image, properties: {...image.properties, ...membersProperty({added: ['old'], acceptRefused: false})}},
    );
    const newer = world.images.find(({id}) => id !== older.id)?.id ?? '';
    const member = (projectId: string) => ({projectId, status: 'accepted' as const});
    const sharing = {wanted: ['new'], members: new Map([[newer, [member('old')]]]), mayAccept: false};
    const shareOf = () => world.plan(two, {}, undefined, sharing);
    expect(shareOf().actions.find(({kind}) => kind === 'share')).toMatchObject({add: ['new'], remove: ['old']});
    world.hold = HOLD;
    const held = shareOf();
    expect(held.actions.map(({kind}) => kind)).toEqual(['share', 'retire']);
    expect(held.actions[0]).toMatchObject({add: ['new'], remove: [], record: ['new', 'old']});
    expect(said(held)[0]).toContain('share 2 waits for that');
    const done = {...sharing, members: new Map([[newer, [member('old'), member('new')]]])};
    world.images = world.images.map((image) =>
      image.id === newer
        ? {
            ...image,
            properties: {...image.properties, ...membersProperty({added: ['new', 'old'], acceptRefused: false})},
          }
        : image,
    );
    // What is kept is no reason to write again.
    expect(world.plan(two, {}, undefined, done).actions.map(({kind}) => kind)).toEqual(['retire']);
  });

  it('half-made images of dead runs go', () => {
    const world = filled([definition(['1'])]);
    world.hold = HOLD;
    world.create({
      name: 'X (2)',
      osHidden: true,
      tags: ['managed_by_imgmgr'],
      properties: {imgmgr_definition: 'X', imgmgr_version: '0', imgmgr_state: 'importing'},
    });
    expect(world.manage(definition(['1']))).toEqual(['remove 0']);
  });

  it('says nothing by itself about a hold of all definitions, which is said once for the cloud', () => {
    const world = filled([definition(['1'])]);
    world.hold = {...HOLD, by: 'all'};
    expect(said(world.plan(definition(['1'])))).toEqual([]);
    expect(said(world.plan(definition(['2'])))).toHaveLength(1);
  });

  it('names no name that is about to be published, so that nobody is asked for it', () => {
    const world = new World();
    world.hold = HOLD;
    expect(world.plan(definition([version('1')])).publishes).toEqual([]);
  });
});
