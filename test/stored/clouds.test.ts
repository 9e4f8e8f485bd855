import {join} from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import type {Desk} from '../cli/operator.ts';
import {copyStored, openStored, stored} from './fixture.ts';

const BOOTS = {console: 'server login: '};
let desk: Desk;

afterEach(async () => desk.close());

/** Name, visibility, and what is not as with most images; sorted. */
function shown(): string[] {
  return desk.cloud
    .views()
    .map((view) =>
      [
        view['name'],
        view['visibility'],
        ...(view['os_hidden'] === true ? ['hidden'] : []),
        ...(view['status'] === 'active' ? [] : [view['status']]),
        view['imgmgr_state'],
      ].join(' | '),
    )
    .sort();
}

async function manage(name: string, ...flags: string[]) {
  const verify = flags.includes('--no-verify') ? [] : ['--verify'];
  return desk.imgmgr('manage', '--cloud', 'admin', '--images', await stored(desk, name), ...verify, ...flags);
}

/** The same run again writes nothing. */
async function expectQuiet(code: number, name: string, ...flags: string[]): Promise<void> {
  const before = desk.cloud.views();
  desk.cloud.clearLog();
  expect((await manage(name, ...flags)).code).toBe(code);
  expect(desk.cloud.writes()).toEqual([]);
  expect(desk.cloud.views()).toEqual(before);
}

describe('images that commit 1098701 published and retired', () => {
  it('are left as they are by the same definitions, and the quarantined one is named with its evidence', async () => {
    desk = await openStored('published');
    const state = copyStored(desk, 'state');
    const ran = await manage('published-2', '--tag', 'T2');
    expect(ran.code, ran.text).toBe(5);
    expect(ran.done).toEqual([]);
    expect(ran.text).toContain(join(state, 'evidence'));
    expect(ran.errors.map(({code}) => code)).toEqual(['VERIFICATION']);
    expect(ran.warnings.filter((code) => code !== 'not-verified')).toEqual([]);
    await expectQuiet(5, 'published-2', '--tag', 'T2');
  });

  it('are rotated, each in the way of its definition, and what failed gets its next version', async () => {
    desk = await openStored('published');
    desk.cloud.compute.life = BOOTS;
    const ran = await manage('published-3', '--tag', 'T2');
    expect(ran.code, ran.text).toBe(0);
    expect(shown()).toEqual([
      'Broken (1) | public | retired',
      'Broken (2) | private | hidden | quarantined',
      'Broken | public | current',
      'Community (1) | community | retired',
      'Community (2) | community | retired',
      'Community | public | current',
      'Dated 20260102 | public | retired',
      'Dated 20260102-1 | public | retired',
      'Dated | public | current',
      'Deactivated (1) | public | deactivated | retired',
      'Deactivated (2) | public | deactivated | retired',
      'Deactivated | public | current',
      'Hidden | public | current',
      'Hidden | public | hidden | retired',
      'Hidden | public | hidden | retired',
      'Loose | private | current',
      'Numbered 1 | public | current',
      'Numbered 2 | public | retired',
      'Numbered 3 | public | current',
      'Protected (1) | public | retired',
      'Protected (2) | public | retired',
      'Protected | public | current',
      'Rolling | public | current',
      'Unproven (1) | public | retired',
      'Unproven (2) | public | retired',
      'Unproven | public | current',
      'Verified (1) | public | retired',
      'Verified (2) | public | retired',
      'Verified | public | current',
    ]);
    await expectQuiet(0, 'published-3', '--tag', 'T2');
  });

  it('are deleted where nothing promises them any more, and nowhere else', async () => {
    desk = await openStored('published');
    const images = await stored(desk, 'published-2');
    const ran = await desk.imgmgr('delete', '--cloud', 'admin', '--images', images, '--yes', '--include-none');
    expect([ran.code, [...ran.done]]).toEqual([0, ['delete 1', 'delete 1']]);
    expect(shown().filter((line) => /^(?:Deactivated|Unproven) \(/.test(line))).toEqual([]);
    expect(shown()).toHaveLength(18);
  });

  it('are hidden by hide, and the current ones stay', async () => {
    desk = await openStored('published');
    const images = await stored(desk, 'published-2');
    const ran = await desk.imgmgr('hide', '--cloud', 'admin', '--images', images);
    expect([ran.code, new Set(ran.done)]).toEqual([0, new Set(['hide 1'])]);
    expect(shown().filter((line) => line.endsWith('retired') && !line.includes('hidden'))).toEqual([]);
    expect(shown().filter((line) => line.endsWith('current') && line.includes('hidden'))).toEqual([]);
  });
});

const UNFINISHED = ['Booting', 'Importing', 'Pending', 'Queued', 'Ready', 'Volume'];
const FINISHED = UNFINISHED.map((name) => `${name} | public | current`);

/** Everything of test servers that is there. */
function servers(): string[] {
  const {servers: all, ports, groups, volumes} = desk.cloud.compute;
  return [...all, ...ports, ...groups, ...volumes].map(({name}) => name).filter((name) => name.startsWith('imgmgr-'));
}

describe('what killed or early ended runs of commit 1098701 left', () => {
  it('is finished, and its leases and servers go, once the time of the dead runs on another host is over', async () => {
    desk = await openStored('unfinished');
    desk.cloud.compute.life = BOOTS;
    expect(servers()).toHaveLength(5);
    desk.cloud.clock.advance(61_000);
    const ran = await manage('unfinished');
    expect(ran.code, ran.text).toBe(0);
    expect(ran.done).toContain('publish 1');
    expect([shown(), servers()]).toEqual([FINISHED, []]);
    await expectQuiet(0, 'unfinished');
  });

  it('is finished at once where the dead processes were on this host', async () => {
    desk = await openStored('unfinished', {here: true});
    desk.cloud.compute.life = BOOTS;
    const ran = await manage('unfinished', '--no-verify', '--wait-lock', '0');
    expect(ran.code, ran.text).toBe(0);
    expect([shown(), servers()]).toEqual([FINISHED, []]);
  });

  it('is left to its runs while they may live on another host: exit 75, and only the others go on', async () => {
    desk = await openStored('unfinished');
    desk.cloud.compute.life = BOOTS;
    const ran = await manage('unfinished', '--no-verify', '--wait-lock', '0');
    expect(ran.code, ran.text).toBe(75);
    expect(ran.errors.map(({code}) => code)).toEqual(['LOCKED', 'LOCKED', 'LOCKED', 'LOCKED']);
    expect(shown().filter((line) => line.endsWith('current'))).toEqual([
      'Pending | public | current',
      'Ready | public | current',
    ]);
    expect(servers()).toHaveLength(5);
  });
});

describe('leases of commit 1098701', () => {
  it('are obeyed while they live: exit 75 with who holds it, and nothing is written but the own lease', async () => {
    desk = await openStored('leases');
    const ran = await manage('leases', '--wait-lock', '0');
    expect(ran.code, ran.text).toBe(75);
    expect(ran.errors[0]?.code).toBe('LOCKED');
    expect(ran.errors[0]?.message).toMatch(/process \d+ on build-1, since/);
    expect(desk.cloud.writes().map(({method}) => method)).toEqual(['POST', 'PATCH', 'DELETE']);
    expect(shown()).toHaveLength(3);
  });

  it('are over after a minute without a sign of life, and go', async () => {
    desk = await openStored('leases');
    desk.cloud.compute.life = BOOTS;
    desk.cloud.clock.advance(61_000);
    const ran = await manage('leases', '--no-verify');
    expect(ran.code, ran.text).toBe(0);
    expect(shown()).toEqual(['Leased | public | current']);
  });

  it('have the fields that ours have, so that ours are obeyed as well', async () => {
    desk = await openStored('leases', {here: true});
    const theirs = desk.cloud.views().find((view) => view['imgmgr_state'] === 'lease') ?? {};
    expect((await manage('leases', '--no-verify')).code).toBe(0);
    const ours = desk.cloud.writes().find(({method}) => method === 'POST')?.body as typeof theirs;
    expect(formOf(ours)).toEqual(formOf(theirs));
  });
});

/** Names and values of a lease's properties, but for numbers and the name of the host. */
function formOf(lease: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(lease)
    .filter(([key]) => key.startsWith('imgmgr_') && key !== 'imgmgr_host')
    .map(([key, value]) => [key, key === 'imgmgr_held' ? value : String(value).replaceAll(/[0-9a-f]+/g, '#')])
    .sort();
}
