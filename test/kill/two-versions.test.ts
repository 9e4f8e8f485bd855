import {existsSync} from 'node:fs';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {killAt} from '../fakes/write-gate.ts';
import {PREDECESSOR_CLI} from '../stored/predecessor.ts';
import {bookOf, kindsOfWrites, rehearse} from './every-write.ts';
import type {Rehearsal} from './every-write.ts';
import {watchLaws} from './laws.ts';
import type {Child} from './place.ts';
import {cloudWith, runAsProcess} from './place.ts';
import {ROTATION} from './scenarios.ts';

type Version = 'ours' | 'of 1098701';

let rehearsal: Rehearsal;
let cloud: FakeCloud;
let laws: ReturnType<typeof watchLaws>;

const start = (version: Version, ...flags: string[]): Child =>
  runAsProcess(cloud, [...rehearsal.argv, ...flags], version === 'ours' ? {} : {program: PREDECESSOR_CLI});

/** Name, state and whether it is shown of each image. */
const shown = (): unknown[] =>
  cloud
    .views()
    .map(({name, imgmgr_state, visibility}) => `${String(name)} ${String(imgmgr_state)} ${String(visibility)}`)
    .sort();

const ROTATED = ['X (2) retired public', 'X current public'];

describe.skipIf(!existsSync(PREDECESSOR_CLI))('this version and that of commit 1098701 on one cloud', () => {
  beforeAll(async () => {
    rehearsal = await rehearse(ROTATION);
  });
  afterAll(async () => rehearsal.place.close());
  beforeEach(async () => {
    cloud = await cloudWith(rehearsal.start);
    laws = watchLaws(cloud, bookOf(ROTATION));
  });
  afterEach(async () => {
    expect(laws.broken).toEqual([]);
    await cloud.close();
  });

  describe.each<[Version, Version]>([
    ['ours', 'of 1098701'],
    ['of 1098701', 'ours'],
  ])('the first run %s, the second one %s', (first, second) => {
    it('while the first one has the lease, the second one waits; then it has nothing to do', async () => {
      const goOn = cloud.holdImports();
      const working = start(first);
      await expect.poll(() => kindsOfWrites(cloud)).toContain('POST import');
      const refused = await start(second, '--wait-lock', '0');
      expect([refused.exitCode, refused.stdout.includes('"code":"LOCKED"')]).toEqual([75, true]);
      const waiting = start(second);
      await expect.poll(() => kindsOfWrites(cloud).filter((kind) => kind === 'POST lease')).toHaveLength(3);
      goOn();
      const both = await Promise.all([working, waiting]);
      expect(both.map(({exitCode}) => exitCode)).toEqual([0, 0]);
      expect(kindsOfWrites(cloud).filter((kind) => kind === 'POST import')).toHaveLength(1);
      expect(shown()).toEqual(ROTATED);
    });

    it('what the first one left when it was killed is finished by the second one', async () => {
      const dead = start(first);
      const stop = cloud.interceptWrites(
        killAt(4, 'after the answer', async () => {
          dead.kill('SIGKILL');
          await dead;
        }),
      );
      await dead;
      stop();
      const {exitCode, stdout} = await start(second);
      expect(exitCode, stdout).toBe(0);
      expect(shown()).toEqual(ROTATED);
    });
  });
});
