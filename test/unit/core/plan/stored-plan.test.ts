import {describe, expect, it} from 'vitest';
import {comparePlans, samePlan} from '../../../../src/core/plan/compare-plans.ts';
import {storePlan} from '../../../../src/core/plan/store-plan.ts';
import type {StoredPlan} from '../../../../src/core/plan/stored-plan.ts';
import {readPlan} from '../../../../src/core/plan/stored-plan.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {World, definition, version} from './plan-world.ts';

/** The plan for version 2 where version 1 is published, whatever the world is by then. */
function planOf(world: World, given = definition(['2']), flags: Partial<Policy> = {verify: true}): StoredPlan {
  return storePlan({cloud: 'c', leftovers: [], definitions: [world.plan(given, flags)]});
}

function worldWith(...versions: readonly string[]): World {
  const world = new World();
  for (const one of versions) world.manage(definition([one]));
  return world;
}

const TEXT = JSON.stringify(planOf(worldWith('1')), undefined, 2);

describe('a stored plan', () => {
  it('says what is done, on what it was decided, and what depends on what', () => {
    const [one] = planOf(worldWith('1')).definitions;
    expect(one?.actions.map(({id, dependsOn, effects}) => [id, dependsOn, effects])).toEqual([
      ['acquire 2', [], {next: 'verify'}],
      ['verify 2', ['acquire 2'], {next: 'publish'}],
      ['publish 2', ['acquire 2', 'verify 2'], {publishes: 'X', counts: 'imported'}],
      ['retire i1', ['publish 2'], {retires: 'i1', replacedBy: 'publish 2', counts: 'retired'}],
    ]);
    expect(one?.actions[0]?.facts).toEqual({
      release: {version: '2', latest: false, url: 'https://example.test/2.qcow2'},
    });
    expect(one?.actions[3]?.facts).toMatchObject({image: {id: 'i1', name: 'X'}, patch: {name: 'X (1)'}});
  });

  it('says of a build what it always said: the word private for its address, and its inputs', () => {
    const wanted = definition([]);
    const build = {inputs: 'aaa', why: 'no image of it is there', source: 'https://example.test/'};
    const release = {kind: 'build', version: '20261121', place: wanted.place, build} as const;
    const plan = storePlan({cloud: 'c', leftovers: [], definitions: [new World().plan(wanted, {}, [release])]});
    const [acquire] = plan.definitions[0]?.actions ?? [];
    expect(JSON.stringify(acquire?.facts)).toBe(
      '{"release":{"version":"20261121","latest":false,"url":"private","inputs":"aaa"}}',
    );
  });

  it('is read back as it was written', () => {
    expect(readPlan(TEXT)).toEqual(planOf(worldWith('1')));
  });

  it('holds no signature of an address', () => {
    const url = 'https://example.test/2.qcow2?X-Amz-Signature=top-secret&part=1';
    const text = JSON.stringify(planOf(new World(), definition([version('2', {url})])));
    expect(text).toContain('example.test/2.qcow2');
    expect(text).not.toContain('top-secret');
  });

  it.each<[string, (text: string) => string, string, RegExp]>([
    ['cut off', (text) => text.slice(0, text.length / 2), 'USAGE', /cut off or no JSON/],
    ['empty', () => '', 'USAGE', /cut off or no JSON/],
    ['something else', () => '{"schema": "imgmgr", "version": 1}', 'USAGE', /no plan of imgmgr/],
    ['a list', () => '[]', 'USAGE', /no plan of imgmgr/],
    [
      'of a later version',
      (text) => text.replace('"version": 1,', '"version": 2,'),
      'NEWER_FORMAT',
      /version 2.*reads version 1/,
    ],
    ['edited: another image', (text) => text.replaceAll('"i1"', '"i7"'), 'USAGE', /checksum does not fit/],
    ['edited: a field more', (text) => text.replace('"cloud": "c"', '"cloud": "c", "force": true'), 'USAGE', /force/],
    ['edited: a field less', (text) => text.replace('"cloud": "c",', ''), 'USAGE', /cloud/],
    [
      'edited: another kind of action',
      (text) => text.replace('"kind": "retire"', '"kind": "burn"'),
      'USAGE',
      /actions\.3\.kind/,
    ],
    ['edited: without its checksum', (text) => text.replace(/,\s*"checksum": "\w+"/, ''), 'USAGE', /checksum/],
  ])('is refused when it is %s', (_what, change, code, message) => {
    const changed = change(TEXT);
    expect(changed).not.toBe(TEXT);
    expect(() => readPlan(changed)).toThrow(
      expect.objectContaining({code, message: expect.stringMatching(message) as string}),
    );
  });

  it('may be formatted anew', () => {
    expect(readPlan(JSON.stringify(JSON.parse(TEXT))).cloud).toBe('c');
  });
});

describe('a fresh plan', () => {
  it('is the same as the stored one when nothing has changed but the time', () => {
    const world = worldWith('1');
    const stored = readPlan(JSON.stringify(planOf(world)));
    world.now = new Date('2026-02-02T12:00:00Z');
    expect(comparePlans(stored, planOf(world))).toEqual([]);
    expect(samePlan(stored, planOf(world))).toBe(true);
  });

  it.each<[string, (world: World) => StoredPlan, readonly string[]]>([
    [
      'the image was made by somebody else',
      (world) => {
        world.manage(definition(['2']));
        return planOf(world);
      },
      ['acquire 2', 'verify 2', 'publish 2', 'retire i1'].map((id) => `X: "${id}" is not planned now`),
    ],
    [
      'a live image was changed by hand',
      (world) => {
        world.set('X', {protected: true});
        return planOf(world);
      },
      ['X: "retire i1" differs in facts.image, facts.patch'],
    ],
    [
      'the source has another digest',
      (world) => planOf(world, definition([version('2', {checksum: {algorithm: 'sha256', hex: 'ab'.repeat(32)}})])),
      ['acquire 2', 'verify 2', 'publish 2'].map((id) => `X: "${id}" differs in facts.release`),
    ],
    [
      'the definition describes the image otherwise',
      (world) => planOf(world, definition(['2'], {minDiskGib: 7})),
      ['X: "publish 2" differs in facts.form'],
    ],
    [
      'it is no longer verified',
      (world) => planOf(world, definition(['2']), {verify: false}),
      [
        'X: "verify 2" is not planned now',
        'X: "acquire 2" differs in effects.next',
        'X: "publish 2" differs in dependsOn',
      ],
    ],
    [
      'the definition is gone',
      () => storePlan({cloud: 'c', leftovers: [], definitions: []}),
      ['X: is not planned now'],
    ],
    ['the cloud is another', (world) => ({...planOf(world), cloud: 'd'}), ['the plan is for the cloud c, not for d']],
    [
      'the order is another',
      (world) => {
        const plan = planOf(world);
        return {...plan, definitions: plan.definitions.map((one) => ({...one, actions: one.actions.toReversed()}))};
      },
      ['X: the order of the actions differs'],
    ],
  ])('differs when %s', (_what, change, differences) => {
    const world = worldWith('1');
    const stored = planOf(world);
    const fresh = change(world);
    expect(comparePlans(stored, fresh)).toEqual(differences);
    expect(samePlan(stored, fresh)).toBe(false);
  });

  it('differs when a version cannot be had any more', () => {
    const world = worldWith('1');
    const stored = planOf(world);
    world.bad.add('2');
    world.manage(definition(['2']), {verify: true});
    expect(comparePlans(stored, planOf(world))[0]).toBe('X: other versions cannot be had now');
  });
});
