import {mkdir, readFile, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {PlanFile} from '../../src/core/plan/plan-file.ts';
import {planText, readPlanFile} from '../../src/core/plan/plan-file.ts';
import type {StoredAction} from '../../src/core/plan/stored-plan.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
let path: string;
let planned: PlanFile;

const LAST1 = {uuid_validity: 'last-1'};

beforeEach(async () => {
  table = await openTable();
  path = join(table.folder, 'plan.json');
  await table.manage(table.x(['1'], {}, LAST1));
  await table.manage(table.x(['2'], {}, LAST1));
  await table.run('dry-run', table.x(['3'], {}, LAST1), '--delete', '--out', path);
  planned = readPlanFile(await readFile(path, 'utf8'), path);
  table.cloud.clearLog();
});
afterEach(async () => table.close());

/** The plan with other actions, its checksum made to fit. */
async function edit(change: (actions: readonly StoredAction[]) => readonly unknown[]): Promise<void> {
  const clouds = planned.clouds.map((cloud) => ({
    ...cloud,
    definitions: cloud.definitions.map((one) => ({...one, actions: change(one.actions) as StoredAction[]})),
  }));
  await writeFile(path, planText({...planned, clouds}));
}

function each(change: (action: StoredAction) => unknown): (actions: readonly StoredAction[]) => readonly unknown[] {
  return (actions) => actions.map((action) => change(action));
}

function inFacts(change: (facts: StoredAction['facts']) => unknown): (actions: readonly StoredAction[]) => unknown[] {
  return (actions) => actions.map((action) => ({...action, facts: change(action.facts)}));
}

const HUGE = 'x'.repeat(100_000);
const OTHER_ID = '00000000-0000-4000-8000-000000000000';

describe('an edited plan whose checksum fits', () => {
  it('is carried out as it was made', async () => {
    await edit((actions) => actions);
    const ran = await table.imgmgr('manage', '--plan', path);
    expect([ran.code, ran.done]).toEqual([0, ['acquire 3', 'publish 3', 'retire 2', 'delete 2', 'delete 1']]);
  });

  it.each<[string, (actions: readonly StoredAction[]) => readonly unknown[]]>([
    ['other kinds', each((action) => ({...action, kind: action.kind === 'retire' ? 'delete' : action.kind}))],
    ['a kind that there is not', each((action) => ({...action, kind: 'destroy'}))],
    [
      'the image of a deletion',
      inFacts((facts) => ({...facts, ...(facts.image && {image: {...facts.image, id: OTHER_ID}})})),
    ],
    [
      'the address',
      inFacts((facts) => ({...facts, ...(facts.release && {release: {...facts.release, url: 'https://evil.test/'}})})),
    ],
    [
      'the digest',
      inFacts((facts) => ({...facts, ...(facts.release && {release: {...facts.release, digest: 'sha256:00'}})})),
    ],
    [
      'what is published',
      inFacts((facts) => ({...facts, ...(facts.form && {form: {...facts.form, visibility: 'private'}})})),
    ],
    ['what is written', inFacts((facts) => ({...facts, ...(facts.patch && {patch: {...facts.patch, name: 'Y'}})}))],
    ['a fact more', inFacts((facts) => ({...facts, unprotect: true}))],
    ['facts of nothing', inFacts(() => ({}))],
    ['what it waits for', each((action) => ({...action, dependsOn: []}))],
    ['ids', each((action) => ({...action, id: `${action.id} `}))],
    ['ids in letters that look alike', each((action) => ({...action, id: action.id.replace('e', 'е')}))],
    ['huge ids', each((action) => ({...action, id: HUGE}))],
    ['huge values', inFacts((facts) => ({...facts, ...(facts.release && {release: {...facts.release, url: HUGE}})}))],
    ['a huge field', inFacts((facts) => ({...facts, [HUGE]: 1}))],
    [
      'hostile values',
      inFacts((facts) => ({...facts, ...(facts.release && {release: {...facts.release, url: '\u001b[2J\u202e'}})})),
    ],
    ['the order', (actions) => [...actions].reverse()],
    ['an action less', (actions) => actions.slice(1)],
    ['no action', () => []],
    ['an action twice', (actions) => [...actions, ...actions.slice(-1)]],
    [
      'a thousand deletions more',
      (actions) => [
        ...actions,
        ...actions.slice(-1).flatMap((one) => Array.from({length: 1000}, (_, n) => ({...one, id: `delete ${n}`}))),
      ],
    ],
  ])('with %s: it is refused, nothing is written, and the message is short', async (_what, change) => {
    await edit(change);
    const {code, out, err} = await table.print('manage', '--plan', path);
    expect([1, 2]).toContain(code);
    expect(table.cloud.writes()).toEqual([]);
    expect(err).toMatch(/dry-run --out/);
    expect((out + err).length).toBeLessThan(8000);
    // eslint-disable-next-line no-control-regex
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it.each<[string, (plan: PlanFile) => unknown]>([
    ['another definition', (plan) => ({...plan, definitions: plan.definitions.map((one) => ({...one, name: 'Y'}))})],
    ['a huge definition', (plan) => ({...plan, definitions: [...plan.definitions, {name: HUGE, hash: HUGE}]})],
    ['another hash', (plan) => ({...plan, definitions: plan.definitions.map((one) => ({...one, hash: '0'}))})],
    ['no definition', (plan) => ({...plan, definitions: []})],
    ['another project', (plan) => ({...plan, clouds: plan.clouds.map((one) => ({...one, project: 'q'}))})],
    ['another cloud', (plan) => ({...plan, clouds: plan.clouds.map((one) => ({...one, cloud: 'member'}))})],
    ['a huge cloud', (plan) => ({...plan, clouds: plan.clouds.map((one) => ({...one, cloud: HUGE}))})],
    ['no cloud', (plan) => ({...plan, clouds: []})],
    ['a cloud twice', (plan) => ({...plan, clouds: [...plan.clouds, ...plan.clouds]})],
    ['a flag that keeps images', (plan) => ({...plan, flags: [...plan.flags, ['--keep', true], ['--hide', true]]})],
    ['a flag that there is not', (plan) => ({...plan, flags: [['--evil', HUGE]]})],
    [
      'a definition planned twice',
      (plan) => ({
        ...plan,
        clouds: plan.clouds.map((one) => ({
          ...one,
          definitions: [...one.definitions, {...one.definitions[0], name: HUGE}],
        })),
      }),
    ],
  ])('with %s: it is refused, nothing is written, and the message is short', async (_what, change) => {
    await writeFile(path, planText(change(planned) as PlanFile));
    const {code, out, err} = await table.print('manage', '--plan', path);
    expect([1, 2]).toContain(code);
    expect(table.cloud.writes()).toEqual([]);
    expect((out + err).length).toBeLessThan(8000);
  });

  it('with other reasons, time and leases of dead runs it is what was planned, and the reasons are those of now', async () => {
    const clouds = planned.clouds.map((cloud) => ({
      ...cloud,
      leftovers: [],
      definitions: cloud.definitions.map((one) => ({
        ...one,
        actions: one.actions.map((action) => ({...action, reason: 'because I say so'})),
      })),
    }));
    await writeFile(path, planText({...planned, at: '1970-01-01T00:00:00Z', clouds}));
    const ran = await table.imgmgr('manage', '--plan', path);
    expect([ran.code, ran.text.includes('because I say so')]).toEqual([0, false]);
    expect(ran.done).toEqual(['acquire 3', 'publish 3', 'retire 2', 'delete 2', 'delete 1']);
  });
});

describe('what is no file for a plan', () => {
  it.each(['-', '/proc/plan.json', '/sys/plan.json', '/dev/full', '/dev/null', '/dev/stdout'])(
    'dry-run --out %s is refused before the login, exit 2',
    async (out) => {
      const ran = await table.run('dry-run', table.x(['3']), '--out', out);
      expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
      expect(ran.errors[0]?.hint).toMatch(/name a/);
    },
  );

  it('manage --plan - is refused before the login, exit 2', async () => {
    const ran = await table.imgmgr('manage', '--plan', '-');
    expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
  });

  it('a folder in which the plan is tried has nothing more than the plan', async () => {
    const folder = join(table.folder, 'plans');
    await mkdir(folder);
    await table.run('dry-run', table.x(['3']), '--out', join(folder, 'p.json'));
    expect(await readdir(folder)).toEqual(['p.json']);
  });
});
