import {describe, expect, it} from 'vitest';
import {comparePlans} from '../../../../src/core/plan/compare-plans.ts';
import {definitionHash} from '../../../../src/core/definition/definition-hash.ts';
import {storePlan} from '../../../../src/core/plan/store-plan.ts';
import type {StoredPlan} from '../../../../src/core/plan/stored-plan.ts';
import {looksLikePlan, planText, readPlanFile} from '../../../../src/core/plan/plan-file.ts';
import type {PlanFile} from '../../../../src/core/plan/plan-file.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {World, definition, version} from './plan-world.ts';

/** The plan for version 2 where version 1 is published, whatever the world is by then. */
function planOf(world: World, given = definition(['2']), flags: Partial<Policy> = {verify: true}): StoredPlan {
  return storePlan({cloud: 'c', project: 'p', leftovers: [], definitions: [world.plan(given, flags)]});
}

function worldWith(...versions: readonly string[]): World {
  const world = new World();
  for (const one of versions) world.manage(definition([one]));
  return world;
}

/** The same in a file. */
function fileOf(...clouds: readonly StoredPlan[]): PlanFile {
  return {
    at: '2026-02-01T12:00:00.000Z',
    flags: [
      ['--latest', true],
      ['--filter', 'X'],
    ],
    definitions: [{name: 'X', hash: definitionHash(definition(['2']))}],
    clouds: [...clouds],
  };
}

const TEXT = planText(fileOf(planOf(worldWith('1'))));

const readPlan = (text: string): PlanFile => readPlanFile(text, 'p.json');

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
    const plan = storePlan({
      cloud: 'c',
      project: 'p',
      leftovers: [],
      definitions: [new World().plan(wanted, {}, [release])],
    });
    const [acquire] = plan.definitions[0]?.actions ?? [];
    expect(JSON.stringify(acquire?.facts)).toBe(
      '{"release":{"version":"20261121","latest":false,"url":"private","inputs":"aaa"}}',
    );
  });

  it('is read back as it was written', () => {
    expect(readPlan(TEXT)).toEqual(fileOf(planOf(worldWith('1'))));
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
    ['edited: a field more', (text) => text.replace('"at"', '"force": true, "at"'), 'USAGE', /checksum does not fit/],
    ['edited: a field less', (text) => text.replace(/"at": "[^"]*",/, ''), 'USAGE', /checksum does not fit/],
    [
      'edited: without its checksum',
      (text) => text.replace(/,\s*"checksum": "\w+"/, ''),
      'USAGE',
      /checksum does not fit/,
    ],
    [
      'of another form, with its checksum',
      () => planText({...fileOf(planOf(worldWith('1'))), flags: [], at: 7} as unknown as PlanFile),
      'USAGE',
      /another form: at/,
    ],
    [
      'nested deeper than any stack',
      (text) => text.replace('"at"', `"deep": ${'['.repeat(200_000)}${']'.repeat(200_000)}, "at"`),
      'USAGE',
      /checksum does not fit|cut off/,
    ],
  ])('is refused when it is %s', (_what, change, code, message) => {
    const changed = change(TEXT);
    expect(changed).not.toBe(TEXT);
    expect(() => readPlan(changed)).toThrow(
      expect.objectContaining({code, message: expect.stringMatching(message) as string}),
    );
  });

  it('may be formatted anew', () => {
    expect(readPlan(JSON.stringify(JSON.parse(TEXT))).clouds[0]?.cloud).toBe('c');
  });

  it('is known by its beginning, whatever its version, and nothing else is', () => {
    expect(looksLikePlan(TEXT.slice(0, 100))).toBe(true);
    expect(looksLikePlan(TEXT.replace('"version": 1,', '"version": 2,'))).toBe(true);
    expect(looksLikePlan('images:\n  - name: X\n')).toBe(false);
    expect(looksLikePlan('{"plan": {"schema": "imgmgr-plan"}}')).toBe(false);
  });

  it('says what each change was and will be', () => {
    const world = worldWith('1');
    world.set('X', {minRam: 128});
    const plan = planOf(world, definition(['1']));
    expect(plan.definitions[0]?.actions[0]?.facts.changes).toEqual({min_ram: {from: 128, to: 512}});
  });

  it('holds no signature that stands in a property of a live image', () => {
    const world = worldWith('1');
    const {properties} = world.named('X');
    const image_source = 'https://example.test/1.qcow2?X-Amz-Signature=top-secret&part=1';
    world.set('X', {properties: {...properties, image_source}});
    const text = planText(fileOf(planOf(world, definition(['1']))));
    expect(text).toContain('https://example.test/1.qcow2?X-Amz-Signature=***&part=1');
    expect(text).not.toContain('top-secret');
  });
});

describe('a fresh plan', () => {
  it('is the same as the stored one when nothing has changed but the time', () => {
    const world = worldWith('1');
    const [stored] = readPlan(planText(fileOf(planOf(world)))).clouds;
    world.now = new Date('2026-02-02T12:00:00Z');
    expect(stored && comparePlans(stored, planOf(world))).toEqual(new Map());
  });

  it.each<[string, (world: World) => StoredPlan, readonly string[]]>([
    [
      'the image was made by somebody else',
      (world) => {
        world.manage(definition(['2']));
        return planOf(world);
      },
      ['acquire 2', 'verify 2', 'publish 2', 'retire i1'].map((id) => `"${id}" is not planned now`),
    ],
    [
      'a live image was changed by hand',
      (world) => {
        world.set('X', {protected: true});
        return planOf(world);
      },
      [expect.stringMatching(/^"retire i1" differs: image\.protected was false, is true, /)],
    ],
    [
      'the source has another digest',
      (world) => planOf(world, definition([version('2', {checksum: {algorithm: 'sha256', hex: 'ab'.repeat(32)}})])),
      ['acquire 2', 'verify 2', 'publish 2'].map(
        (id) => `"${id}" differs: release.digest was absent, is "sha256:${'ab'.repeat(32)}"`,
      ),
    ],
    [
      'the definition describes the image otherwise',
      (world) => planOf(world, definition(['2'], {minDiskGib: 7})),
      ['"publish 2" differs: form.minDisk was 2, is 7'],
    ],
    [
      'it is no longer verified',
      (world) => planOf(world, definition(['2']), {verify: false}),
      [
        '"verify 2" is not planned now',
        '"acquire 2" differs: next was "verify", is "publish"',
        '"publish 2" differs: dependsOn was ["acquire 2","verify 2"], is ["acquire 2"]',
      ],
    ],
    [
      'the definition is gone',
      () => storePlan({cloud: 'c', project: 'p', leftovers: [], definitions: []}),
      ['it is not planned now'],
    ],
    [
      'the order is another',
      (world) => {
        const plan = planOf(world);
        return {...plan, definitions: plan.definitions.map((one) => ({...one, actions: one.actions.toReversed()}))};
      },
      ['the order of the actions differs'],
    ],
  ])('differs when %s', (_what, change, differences) => {
    const world = worldWith('1');
    const stored = planOf(world);
    const fresh = change(world);
    expect(comparePlans(stored, fresh).get('X')).toEqual(differences);
  });

  it('differs when a version cannot be had any more', () => {
    const world = worldWith('1');
    const stored = planOf(world);
    world.bad.add('2');
    world.manage(definition(['2']), {verify: true});
    expect(comparePlans(stored, planOf(world)).get('X')?.[0]).toBe('version 2 fails (VERIFICATION) now, not then');
  });

  it('differs when another run works on the definition', () => {
    const stored = planOf(worldWith('1'));
    const [one] = stored.definitions;
    const fresh = {...stored, definitions: one ? [{...one, busy: true, actions: []}] : []};
    expect(comparePlans(stored, fresh).get('X')?.[0]).toBe('another run works on it now');
  });

  it('names the value that a change started from, where that is another one now', () => {
    const world = worldWith('1');
    world.set('X', {minRam: 128});
    const stored = planOf(world, definition(['1']));
    world.set('X', {minRam: 192});
    expect(comparePlans(stored, planOf(world, definition(['1']))).get('X')).toEqual([
      '"update i1" differs: changes.min_ram.from was 128, is 192',
    ]);
  });

  it('is the same where only leases of dead runs are others', () => {
    const stored = planOf(worldWith('1'));
    const [action] = stored.definitions[0]?.actions ?? [];
    expect(comparePlans(stored, {...stored, leftovers: action ? [action] : []})).toEqual(new Map());
  });

  it.each([true, false])('is the same where a new build has the version of another day (multi: %s)', (multi) => {
    const wanted = definition([], {multi});
    const plan = (day: string): StoredPlan => {
      const build = {inputs: 'aaa', why: 'none is there', source: 'private', date: `2026-11-${day}`};
      const release = {kind: 'build', version: `202611${day}`, place: wanted.place, build} as const;
      const definitions = [new World().plan(wanted, {verify: true}, [release])];
      return storePlan({cloud: 'c', project: 'p', leftovers: [], definitions});
    };
    expect(comparePlans(plan('21'), plan('22'))).toEqual(new Map());
    expect(JSON.stringify(plan('21'))).not.toBe(JSON.stringify(plan('22')));
  });

  it('differs where a new build is made from something else', () => {
    const wanted = definition([]);
    const plan = (inputs: string): StoredPlan => {
      const build = {inputs, why: 'none is there', source: 'private'};
      const release = {kind: 'build', version: '20261121', place: wanted.place, build} as const;
      return storePlan({
        cloud: 'c',
        project: 'p',
        leftovers: [],
        definitions: [new World().plan(wanted, {}, [release])],
      });
    };
    expect(comparePlans(plan('aaa'), plan('bbb')).get('X')?.[0]).toBe(
      '"acquire (new build)" differs: release.inputs was "aaa", is "bbb"',
    );
  });
});

describe('the hash of a definition', () => {
  const plain = definition(['1'], {password: 'p'});

  it.each<[string, typeof plain]>([
    ['its place', {...plain, place: {file: 'other.yml', line: 9, column: 1}}],
    ['its folder', {...plain, folder: '/elsewhere'}],
    ['its password, which it would let others guess', {...plain, password: 'q'}],
  ])('does not depend on %s', (_what, other) => {
    expect(definitionHash(other)).toBe(definitionHash(plain));
  });

  it('does not depend on the signature of an address', () => {
    const [one, other] = ['a', 'b'].map((sign) => {
      return definition([version('1', {url: `https://example.test/x?X-Amz-Signature=${sign}`})]);
    });
    expect(one && other && definitionHash(one) === definitionHash(other)).toBe(true);
  });

  it.each<[string, Partial<typeof plain>]>([
    ['a version', {versions: [version('2')]}],
    ['a property', {meta: {...plain.meta, hw_disk_bus: 'virtio'}}],
    ['a size', {minRamMib: 1}],
    ['that it is disabled', {enabled: false}],
  ])('depends on %s', (_what, change) => {
    expect(definitionHash({...plain, ...change})).not.toBe(definitionHash(plain));
  });
});
