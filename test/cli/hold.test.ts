import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {newLease} from '../../src/core/lease.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const FAR = '2099-01-01';
const LAST1 = {uuid_validity: 'last-1'};

/** `hold` and `unhold` on the cloud, as an operator without definition files gives them. */
const hold = async (...argv: readonly string[]) => table.imgmgr('hold', '--cloud', 'admin', ...argv);
const unhold = async (...argv: readonly string[]) => table.imgmgr('unhold', '--cloud', 'admin', ...argv);

const holds = () => table.cloud.views().filter((view) => view['imgmgr_state'] === 'hold');
const names = () => table.names().filter((name) => !name.startsWith('imgmgr hold'));

describe('hold', () => {
  it('is one private, hidden record without data; while it lasts, the next version waits as a candidate, exit 0', async () => {
    await table.manage(table.x(['1']));
    const set = await hold('X', '--until', FAR, '--reason', 'migration');
    expect([set.code, set.lines.find(({type}) => type === 'hold')]).toMatchObject([
      0,
      {definition: 'X', change: 'set', until: '2099-01-02T00:00:00.000Z', reason: 'migration'},
    ]);
    expect(holds()).toMatchObject([
      {
        status: 'queued',
        visibility: 'private',
        os_hidden: true,
        tags: ['managed_by_imgmgr'],
        imgmgr_hold_definition: 'X',
      },
    ]);
    expect(JSON.stringify(holds())).not.toContain('migration');
    const ran = await table.manage(table.x(['1', '2']));
    expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['acquire 2'], ['held']]);
    expect(ran.text).toContain('X is held until 2099-01-02 00:00 UTC (run ');
    expect(names()).toEqual(['X', 'X (2)']);
    await table.expectQuiet();
  });

  it('costs a run no call, and is over when its time is: then what waits is published', async () => {
    await table.manage(table.x(['1']));
    table.cloud.clearLog();
    await table.manage(table.x(['1']));
    const without = table.cloud.requests.length;
    await hold('X', '--until', FAR);
    table.cloud.clearLog();
    await table.manage(table.x(['1']));
    expect(table.cloud.requests.length).toBe(without);
    await table.manage(table.x(['1', '2']));
    table.cloud.clock.set(new Date('2099-01-02T00:00:01Z'));
    const ran = await table.manage(table.x(['1', '2']));
    expect([ran.code, ran.done]).toEqual([0, ['publish 2', 'retire 1']]);
    expect(ran.warnings).not.toContain('held');
    expect(holds()).toHaveLength(1);
  });

  it('is seen by dry-run, hide and delete; nothing is pending', async () => {
    await table.manage(table.x(['1'], {}, LAST1));
    await table.manage(table.x(['2'], {}, LAST1));
    await table.manage(table.x(['3'], {}, LAST1));
    await hold('X', '--until', FAR);
    for (const argv of [['hide'], ['delete', '--yes'], ['dry-run', '--hide', '--delete', '--no-verify']] as const) {
      const [command, ...flags] = argv;
      const ran = await table.run(command, table.x(['3'], {}, LAST1), ...flags);
      expect([ran.done, ran.warnings[0], ran.counts['pending']], command).toEqual([[], 'held', 0]);
      if (command !== 'dry-run') expect(ran.code).toBe(0);
    }
  });

  it('--all holds every definition of the cloud, said once for the cloud', async () => {
    await table.manage([table.x(['1']), table.x(['1'], {name: 'Y'})]);
    expect((await hold('--all', '--until', FAR)).code).toBe(0);
    const ran = await table.manage([table.x(['1']), table.x(['1', '2'], {name: 'Y'})]);
    expect(ran.warnings.filter((code) => code === 'held')).toHaveLength(2);
    expect(ran.text).toContain('every definition is held until 2099-01-02 00:00 UTC');
    expect(ran.done).toEqual(['acquire 2']);
  });

  it('of file and cloud the later date counts', async () => {
    const held = (until: string) => table.x(['1', '2'], {hold: `{until: ${until}, reason: freeze}`});
    await table.manage(table.x(['1']));
    await hold('X', '--until', '2098-01-01T12:00Z');
    expect((await table.manage(held('2099-05-05'))).text).toMatch(
      /held until 2099-05-06 00:00 UTC \(its definition, .*: freeze\)/,
    );
    expect((await table.manage(held('2097-05-05'))).text).toContain('held until 2098-01-01 12:00 UTC (run ');
    await unhold('X');
    expect((await table.manage(held('2020-05-05'))).done).toEqual(['publish 2', 'retire 1']);
  });

  it('twice writes once; another date changes the one record; the date may come nearer', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR);
    table.cloud.clearLog();
    const again = await hold('X', '--until', FAR);
    expect([again.code, table.cloud.writes()]).toEqual([0, []]);
    const nearer = await hold('X', '--until', '2098-01-01', '--reason', 'why', '--public-reason');
    expect(nearer.lines.find(({type}) => type === 'hold')).toMatchObject({change: 'changed'});
    expect(holds()).toMatchObject([{imgmgr_hold_until: '2098-01-02T00:00:00.000Z', imgmgr_hold_reason: 'why'}]);
    await hold('X', '--until', '2098-01-01');
    expect(holds()[0]).not.toHaveProperty('imgmgr_hold_reason');
  });

  it('of two records, which two hosts made at the same time, one stays; the later date counts until then', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', '2097-01-01');
    const [first] = holds();
    table.cloud.seed({
      ...{name: 'imgmgr hold X', visibility: 'private', os_hidden: true, tags: ['managed_by_imgmgr'], status: 'queued'},
      properties: {
        ...{imgmgr_state: 'hold', imgmgr_hold: 'definition', imgmgr_hold_definition: 'X'},
        ...{imgmgr_hold_until: '2099-01-01T00:00:00.000Z', imgmgr_run: 'r', imgmgr_host: 'other'},
      },
    });
    expect((await table.manage(table.x(['2']))).text).toContain('held until 2099-01-01 00:00 UTC (run r on other)');
    await hold('X', '--until', '2098-01-01');
    expect(holds()).toHaveLength(1);
    expect(holds()[0]?.['id']).not.toBe(first?.['id']);
    expect(holds()[0]).toMatchObject({imgmgr_hold_until: '2098-01-02T00:00:00.000Z'});
  });

  it('what cannot be read of a record holds, and is lifted as any other', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR);
    table.byHand('imgmgr hold X', {properties: {imgmgr_state: 'hold', imgmgr_hold_until: 'soon'}});
    const ran = await table.manage(table.x(['2']));
    expect([ran.code, ran.done]).toEqual([0, ['acquire 2']]);
    expect(ran.text).toContain('every definition is held until it is lifted (its date cannot be read)');
    expect((await unhold('--all')).code).toBe(0);
    expect(holds()).toEqual([]);
  });

  it('a record of another project holds nothing here', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR);
    table.byHand('imgmgr hold X', {owner: 'another'});
    expect((await table.manage(table.x(['2']))).done).toEqual(['acquire 2', 'publish 2', 'retire 1']);
  });

  it('waits for a run that began before; where that goes on, exit 75, and the hold stays', async () => {
    await table.manage(table.x(['1']));
    const {properties, ...rest} = newLease({
      ...{id: crypto.randomUUID(), definitions: ['X'], now: table.cloud.clock.now()},
      holder: {run: 'r1', hostName: 'other', bootId: 'b', pid: 7, startTime: '1'},
    });
    const lease = table.cloud.seed({...rest, os_hidden: true, visibility: 'private', status: 'queued', properties});
    const ran = await hold('X', '--until', FAR, '--wait-lock', '0');
    expect([ran.code, ran.errors[0]?.code, holds().length]).toEqual([75, 'LOCKED', 1]);
    expect(ran.errors[0]?.message).toContain('run r1 (process 7 on other');
    table.cloud.images.change(lease.id, 'its run', (record) => {
      Object.assign(record, {properties: {...record.properties, imgmgr_held: 'Y'}});
    });
    expect((await hold('X', '--until', FAR, '--wait-lock', '0')).code).toBe(0);
    expect((await hold('--all', '--until', FAR, '--wait-lock', '0')).code).toBe(75);
  });

  it('goes to every cloud that is named, each with its result', async () => {
    await table.manage(table.x(['1']));
    const ran = await table.imgmgr('hold', 'X', '--cloud', 'admin', '--cloud', 'credential', '--until', FAR);
    const changes = ran.lines.filter(({type}) => type === 'hold');
    // Two entries of one project here: both were looked at before the first write, and the next call leaves one record.
    expect([ran.code, changes.length, holds().length]).toEqual([0, 2, 2]);
    expect([(await hold('X', '--until', FAR)).code, holds().length]).toEqual([0, 1]);
  });

  it('holds a definition that has no image yet, by its file', async () => {
    const images = await table.write(table.x(['1']));
    expect((await hold('X', '--until', FAR, '--images', images)).code).toBe(0);
    expect((await table.manage(table.x(['1']))).done).toEqual(['acquire 1']);
  });
});

describe('unhold', () => {
  it('lifts the hold; what waits is published by the next run; a second time there is nothing to lift, exit 0', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR);
    await table.manage(table.x(['1', '2']));
    const lifted = await unhold('X');
    expect([lifted.code, lifted.lines.find(({type}) => type === 'hold')]).toMatchObject([0, {change: 'lifted'}]);
    expect(holds()).toEqual([]);
    expect((await unhold('X')).lines.find(({type}) => type === 'hold')).toMatchObject({change: 'none'});
    expect((await table.manage(table.x(['1', '2']))).done).toEqual(['publish 2', 'retire 1']);
  });

  it('says what else holds it: the hold of every definition, or its file', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR);
    await hold('--all', '--until', FAR);
    expect((await unhold('X')).text).toContain('every definition is held until');
    await hold('X', '--until', FAR);
    const all = await unhold('--all');
    expect([all.code, all.warnings, holds().length]).toEqual([0, ['held'], 1]);
    const images = await table.write(table.x(['1'], {hold: '{until: 2099-05-05, reason: freeze}'}));
    expect((await unhold('X', '--images', images)).text).toContain('its definition, ');
  });
});

describe('refused with exit 2, and nothing is written', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['a day that is over', ['hold', 'X', '--until', '2020-01-01'], /--until ended at 2020-01-02 00:00 UTC, it is /],
    ['no date', ['hold', 'X'], /hold needs --until/],
    ['what is no date', ['hold', 'X', '--until', 'tomorrow'], /--until takes a day or a moment, not \\"tomorrow\\"/],
    ['a day that no calendar has', ['hold', 'X', '--until', '2099-02-30'], /not \\"2099-02-30\\"/],
    ['a name and --all', ['hold', 'X', '--all', '--until', FAR], /takes a name or --all, not both/],
    ['neither', ['unhold'], /unhold needs the name of a definition/],
    [
      'a name that nothing has',
      ['hold', 'XX', '--until', FAR],
      /there is no definition \\"XX\\".*did you mean \\"X\\"\?/,
    ],
    ['the same for unhold', ['unhold', 'Xx'], /there is no definition \\"Xx\\"/],
    ['--public-reason alone', ['hold', 'X', '--until', FAR, '--public-reason'], /means nothing without --reason/],
    [
      'a reason that Glance cannot keep',
      ['hold', 'X', '--until', FAR, '--public-reason', '--reason', 'x'.repeat(256)],
      /--reason has 256 characters, on the cloud at most 255 can stand/,
    ],
    ['a form without cases', ['hold', 'X', '--until', FAR, '--format', 'junit'], /hold has no --format junit/],
  ])('%s', async (_what, [verb = '', ...argv], message) => {
    await table.manage(table.x(['1']));
    const images = await table.write(table.x(['1']));
    table.cloud.clearLog();
    const {code, out, err} = await table.print(verb, ...argv, '--cloud', 'admin', '--images', images, '--debug');
    expect([code, JSON.stringify(out + err)]).toEqual([2, expect.stringMatching(message)]);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('a moment that is over by the clock of the cloud', async () => {
    await table.manage(table.x(['1']));
    table.cloud.clearLog();
    // The host's clock stands at 2026-01-31; the cloud is further.
    expect((await hold('X', '--until', '2026-02-01T00:00Z')).code).toBe(2);
    expect(table.cloud.writes()).toEqual([]);
  });
});

describe('status and show', () => {
  it('say the hold, its end, and when it is over', async () => {
    await table.manage(table.x(['1']));
    await hold('X', '--until', FAR, '--public-reason', '--reason', 'why so');
    const images = await table.write(table.x(['1']));
    const look = async (...argv: readonly string[]) =>
      (await table.print(...argv, '--cloud', 'admin', '--images', images)).out;
    expect(await look('status')).toContain(' ok, held ');
    expect(await look('status', '--wide')).toContain('    held until 2099-01-02 00:00 UTC (run ');
    expect(await look('show', 'X')).toMatch(/hold {8}held until 2099-01-02 00:00 UTC \(run .*: why so\)/);
    expect(await look('status', '--json')).toContain(
      '"hold":{"until":"2099-01-02T00:00:00.000Z","lasts":true,"by":"cloud"',
    );
    table.cloud.clock.set(new Date('2099-01-03T00:00:00Z'));
    expect(await look('status')).toContain(' ok, hold over ');
  });
});
