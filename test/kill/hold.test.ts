import {existsSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {PREDECESSOR_CLI} from '../stored/predecessor.ts';
import type {Rehearsal} from './every-write.ts';
import {kindsOfWrites, rehearse, testEveryWrite} from './every-write.ts';
import {cloudWith, runAsProcess, runHere} from './place.ts';
import type {Scenario} from './scenarios.ts';
import {ROTATION, of, version} from './scenarios.ts';

const FIRST = [{definitions: of([version('1')])}];
const HOLD = {definitions: of([version('1')]), command: 'hold', flags: ['X', '--until', '2099-01-01']};
const UNHOLD = {...HOLD, command: 'unhold', flags: ['X']};

const SCENARIOS: readonly Scenario[] = [
  {what: 'a hold', before: FIRST, disturbed: HOLD, writes: ['POST image']},
  {
    what: 'a hold with another date',
    before: [...FIRST, HOLD],
    disturbed: {...HOLD, flags: ['X', '--until', '2098-01-01']},
    writes: ['PATCH image'],
  },
  {what: 'the end of a hold', before: [...FIRST, HOLD], disturbed: UNHOLD, writes: ['DELETE image']},
  {
    what: 'a new version of a held definition',
    before: [...FIRST, HOLD],
    disturbed: {definitions: of([version('1'), version('2')])},
    writes: undefined,
    among: ['POST image', 'POST import'],
  },
  {
    what: 'a newer candidate in place of an older one',
    before: [...FIRST, HOLD, {definitions: of([version('1'), version('2')])}],
    disturbed: {definitions: of([version('1'), version('2'), version('3')])},
    writes: undefined,
    among: ['POST import', 'DELETE image'],
  },
];

describe('killed at every write, the next run ends where an undisturbed one does, and the laws hold at every instant', () => {
  testEveryWrite(SCENARIOS);
});

describe.skipIf(!existsSync(PREDECESSOR_CLI))('commit 1098701, which knows no hold', () => {
  let rehearsal: Rehearsal;
  let cloud: FakeCloud;
  beforeAll(async () => {
    rehearsal = await rehearse({...ROTATION, before: [...ROTATION.before, HOLD]});
    cloud = await cloudWith(rehearsal.start);
  });
  afterAll(async () => Promise.all([rehearsal.place.close(), cloud.close()]));

  it('takes the record for no image, no lease and no leftover: it warns, rotates as before, and leaves it as it is', async () => {
    const held = () => cloud.views().filter((view) => view['imgmgr_state'] === 'hold');
    const before = held();
    expect(before).toHaveLength(1);
    const {exitCode, stdout} = await runAsProcess(cloud, rehearsal.argv, {program: PREDECESSOR_CLI});
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain('no complete stamp');
    expect(held()).toEqual(before);
    cloud.clearLog();
    const ours = await runHere(cloud, rehearsal.argv);
    expect([ours.code, kindsOfWrites(cloud)]).toEqual([0, []]);
    expect(ours.text).toContain('"code":"held"');
  });
});
