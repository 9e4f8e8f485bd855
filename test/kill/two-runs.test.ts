import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {killAt} from '../fakes/write-gate.ts';
import {bookOf, endState, kindsOfWrites, rehearse} from './every-write.ts';
import type {Rehearsal} from './every-write.ts';
import {watchLaws} from './laws.ts';
import type {Child} from './place.ts';
import {cloudWith, runAsProcess, runHere} from './place.ts';
import {ROTATION} from './scenarios.ts';

/** Makes a process believe that it runs on another host. */
const ELSEWHERE = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import {syncBuiltinESMExports} from 'node:module';
  const read = fs.readFileSync;
  fs.readFileSync = (path, ...rest) => path === '/proc/sys/kernel/random/boot_id' ? 'elsewhere' : read(path, ...rest);
  syncBuiltinESMExports();
`)}`;

let rehearsal: Rehearsal;
let cloud: FakeCloud;
let laws: ReturnType<typeof watchLaws>;

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

const start = (where: 'here' | 'elsewhere', ...flags: string[]): Child =>
  runAsProcess(
    cloud,
    [...rehearsal.argv, ...flags],
    where === 'elsewhere' ? {nodeOptions: ['--import', ELSEWHERE]} : {},
  );

describe.each(['here', 'elsewhere'] as const)('two runs at once, the second one %s', (where) => {
  it('one does the work, the other waits and has nothing to do', async () => {
    const both = await Promise.all([start('here'), start(where)]);
    expect(both.map(({exitCode}) => exitCode)).toEqual([0, 0]);
    expect(kindsOfWrites(cloud).filter((kind) => kind === 'POST import')).toHaveLength(1);
    expect(endState(cloud)).toEqual(rehearsal.end);
  });
});

describe('a run on another host that died', () => {
  beforeEach(async () => {
    const dead = start('elsewhere');
    const stop = cloud.interceptWrites(
      killAt(4, 'after the answer', async () => {
        dead.kill('SIGKILL');
        await dead;
      }),
    );
    await dead;
    stop();
  });

  it('keeps its lease for as long as it lives: exit 75 after --wait-lock, and nothing is written but the own lease', async () => {
    cloud.clearLog();
    const {code, text} = await runHere(cloud, [...rehearsal.argv, '--wait-lock', '1s']);
    expect(code, text).toBe(75);
    expect(text).toContain('"code":"LOCKED"');
    expect(cloud.writes().map(({method, path}) => `${method} ${path.split('/').length}`)).toEqual([
      'POST 3',
      'PATCH 4',
      'DELETE 4',
    ]);
  });

  it('is superseded when its time is over: what it left is cleared up', async () => {
    cloud.clock.advance(61_000);
    const {code, text} = await runHere(cloud, rehearsal.argv);
    expect(code, text).toBe(0);
    expect(endState(cloud)).toEqual(rehearsal.end);
  });

  it('is superseded by a run that waits, the moment its time is over; its lease goes too', async () => {
    const waiting = start('here');
    await expect
      .poll(() => kindsOfWrites(cloud).filter((kind) => kind === 'PATCH lease').length, {timeout: 20_000})
      .toBe(2);
    cloud.clock.advance(61_000);
    const {exitCode, stdout} = await waiting;
    expect(exitCode, stdout).toBe(0);
    expect(endState(cloud)).toEqual(rehearsal.end);
  });
});
