import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {newLease} from '../../src/core/lease.ts';
import {endState} from '../kill/every-write.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

const NAMES = Array.from({length: 9}, (_, at) => `N${at}`);
const SHARDS = ['1/4', '2/4', '3/4', '4/4'];

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const all = (...versions: readonly string[]): string[] => NAMES.map((name) => table.x(versions, {name}));

describe('--shard', () => {
  it('four imports together do exactly what one does, with and without publication', async () => {
    for (const flags of [[], ['--no-publish']]) {
      const importAll = async (...more: readonly string[]) =>
        table.run('import', all('1', '2'), '--no-verify', ...flags, ...more);
      const whole = await importAll();
      const end = endState(table.cloud);
      for (const {id} of table.cloud.images.all()) table.cloud.images.remove(id, 'test');
      const ran = [];
      for (const shard of SHARDS) ran.push(await importAll('--shard', shard));
      expect(ran.map(({code}) => code)).toEqual([0, 0, 0, 0]);
      expect(ran.flatMap(({done}) => done).sort()).toEqual([...whole.done].sort());
      expect(Math.max(...ran.map(({done}) => done.length))).toBeLessThan(whole.done.length);
      expect(endState(table.cloud)).toEqual(end);
      for (const {id} of table.cloud.images.all()) table.cloud.images.remove(id, 'test');
    }
  });

  it('four shards together do exactly what one run does, and each of them nothing the second time', async () => {
    await table.manage(all('1'));
    const whole = await table.manage(all('1', '2'));
    const end = endState(table.cloud);
    for (const {id} of table.cloud.images.all()) table.cloud.images.remove(id, 'test');
    await table.manage(all('1'));
    const done: string[] = [];
    const names: (string | undefined)[] = [];
    for (const shard of SHARDS) {
      const ran = await table.manage(all('1', '2'), '--shard', shard);
      expect(ran.code, ran.text).toBe(0);
      done.push(...ran.done);
      names.push(...ran.lines.flatMap(({type, action}) => (type === 'action-done' ? [action?.definition] : [])));
      await table.expectQuiet();
    }
    expect([...done].sort()).toEqual([...whole.done].sort());
    expect(new Set(names)).toEqual(new Set(NAMES));
    expect(endState(table.cloud)).toEqual(end);
  });

  it('leaves leases of dead runs, and warnings about gone definitions, to the first shard', async () => {
    await table.manage([table.x(['1'], {name: 'Gone'}), ...all('1')]);
    const {properties, ...rest} = newLease({
      ...{id: crypto.randomUUID(), definitions: ['N1'], now: new Date('2020-01-01T00:00:00Z')},
      holder: {run: 'r1', hostName: 'other', bootId: 'b', pid: 7, startTime: '1'},
    });
    table.cloud.seed({...rest, os_hidden: true, visibility: 'private', status: 'queued', properties});
    const others = await table.manage(all('1'), '--shard', '2/4');
    expect([others.done, others.warnings.includes('definition-gone')]).toEqual([[], false]);
    const first = await table.manage(all('1'), '--shard', '1/4');
    expect([first.done, first.warnings.includes('definition-gone')]).toEqual([['remove'], true]);
  });

  it('shares what a dry run says, too', async () => {
    const actions: number[] = [];
    for (const shard of SHARDS)
      actions.push((await table.run('dry-run', all('1'), '--no-verify', '--shard', shard)).counts['pending'] ?? 0);
    expect(actions.reduce((sum, count) => sum + count, 0)).toBe(2 * NAMES.length);
    expect(Math.max(...actions)).toBeLessThan(2 * NAMES.length);
  });

  it.each<[readonly string[], RegExp]>([
    [['manage', '--shard', '5/4'], /--shard takes K\/N, not "5\/4"/],
    [['manage', '--shard', 'auto/4'], /needs JOB_COMPLETION_INDEX from 0 to 3, it is not set/],
    [['dry-run', '--shard', '1/4', '--out', 'plan.json'], /--shard contradicts --out and --plan/],
    [['import', 'https://example.test/x.img', '--shard', '1/4'], /--shard selects definitions/],
    [['verify', '--shard', '1/4'], /unknown option/],
  ])('%j is exit 2', async (argv, message) => {
    const images = argv[0] === 'import' ? [] : ['--images', await table.write(table.x(['1']))];
    const {code, err} = await table.print(...argv, '--cloud', 'admin', ...images);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });
});
