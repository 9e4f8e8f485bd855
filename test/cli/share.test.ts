import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Desk, Ran} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string];

let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

interface Wish {
  readonly share?: string;
  readonly cloud?: string;
  readonly visibility?: string;
}

async function manage(
  version: string,
  {share, cloud = 'admin', visibility = 'shared'}: Wish,
  ...flags: string[]
): Promise<Ran> {
  desk.upstream.put(`/x-${version}.img`, Buffer.alloc(100_000, `version ${version} `));
  const top = {visibility, ...(share !== undefined && {share})};
  const images = await desk.write(yaml([listed(version, `${desk.upstream.url}/x-${version}.img`)], top));
  return desk.imgmgr('manage', '--cloud', cloud, '--images', images, '--no-verify', ...flags);
}

function image(name = 'X'): {id: string; members: Readonly<Record<string, string>>; record: unknown} {
  const found = desk.cloud.images.all().find((each) => each.name === name);
  return {id: found?.id ?? '', members: found?.members ?? {}, record: found?.properties['imgmgr_members']};
}

/** The member calls that changed something, and PATCHes. */
function writes(): string[] {
  return desk.cloud
    .writes()
    .map(({method, path}) => `${method} ${path.replace(/^.*\/images\/[^/]+\/?/, '')}`)
    .filter((line) => /^PATCH|members/.test(line));
}

describe('share', () => {
  it('gives the published image its members, accepts for them, and a second run writes nothing', async () => {
    const ran = await manage('1', {share: `{projects: [${A}, ${B}]}`});
    expect([ran.errors, ran.done]).toEqual([[], ['acquire 1', 'publish 1', 'share 1']]);
    expect(image()).toMatchObject({members: {[A]: 'accepted', [B]: 'accepted'}, record: `${A} ${B}`});
    desk.cloud.clearLog();
    const again = await manage('1', {share: `{projects: [${A}, ${B}]}`});
    expect([again.code, again.done, desk.cloud.writes()]).toEqual([0, [], []]);
  });

  it('means every project of a domain, our own left out', async () => {
    desk.cloud.domains.push({id: 'd1', name: 'science', projects: [A, B, desk.cloud.accounts.admin.projectId]});
    await manage('1', {share: '{domains: [science]}'});
    expect(Object.keys(image().members).sort()).toEqual([A, B]);
  });

  it('is a clear error of the definition where the projects of a domain may not be listed', async () => {
    const ran = await manage('1', {share: '{domains: [science]}', cloud: 'member'});
    expect(ran.code).toBe(1);
    expect(ran.errors).toMatchObject([{code: 'FORBIDDEN', message: expect.stringContaining('"science"') as string}]);
    expect(desk.cloud.views()).toEqual([]);
  });

  it('adds and removes what the definition adds and removes', async () => {
    await manage('1', {share: `{projects: [${A}, ${B}]}`});
    const planned = await manage('1', {share: `{projects: [${B}, ${C}]}`}, '--dry-run');
    expect(planned.lines.find(({type}) => type === 'planned')?.actions).toMatchObject([
      {kind: 'share', fieldChanges: [{field: 'members', from: [A, B], to: [B, C]}]},
    ]);
    await manage('1', {share: `{projects: [${B}, ${C}]}`});
    expect(image()).toMatchObject({members: {[B]: 'accepted', [C]: 'accepted'}, record: `${B} ${C}`});
  });

  it('taken out of the definition takes our members away, and nobody else’s', async () => {
    await manage('1', {share: `{projects: [${A}]}`});
    desk.cloud.images.change(image().id, 'by hand', (record) =>
      Object.assign(record, {members: {...record.members, [C]: 'accepted'}}),
    );
    const ran = await manage('1', {});
    expect(ran.warnings).toEqual(['changed-by-hand']);
    expect(image()).toMatchObject({members: {[C]: 'accepted'}, record: undefined});
    const quiet = await manage('1', {});
    expect([quiet.done, quiet.warnings]).toEqual([[], []]);
  });

  it('leaves members that somebody else added, and removes them with --force-state', async () => {
    await manage('1', {share: `{projects: [${A}]}`});
    desk.cloud.images.change(image().id, 'by hand', (record) =>
      Object.assign(record, {members: {...record.members, [C]: 'accepted'}}),
    );
    const kept = await manage('1', {share: `{projects: [${A}]}`});
    expect([kept.done, kept.warnings]).toEqual([[], ['changed-by-hand']]);
    expect(Object.keys(image().members)).toEqual([A, C]);
    const forced = await manage('1', {share: `{projects: [${A}]}`}, '--force-state');
    expect(forced.done).toEqual(['share 1']);
    expect(Object.keys(image().members)).toEqual([A]);
  });

  it('adds a member again that somebody removed, and leaves a refusal as it is', async () => {
    await manage('1', {share: `{projects: [${A}, ${B}]}`});
    desk.cloud.images.change(image().id, 'by hand', (record) => Object.assign(record, {members: {[B]: 'rejected'}}));
    const ran = await manage('1', {share: `{projects: [${A}, ${B}]}`});
    expect(ran.done).toEqual(['share 1']);
    expect(image().members).toEqual({[A]: 'accepted', [B]: 'rejected'});
    expect((await manage('1', {share: `{projects: [${A}, ${B}]}`})).done).toEqual([]);
  });

  it('lets the projects accept where the account is no admin, and says how', async () => {
    const ran = await manage('1', {share: `{projects: [${A}]}`, cloud: 'member'});
    expect(image().members).toEqual({[A]: 'pending'});
    expect(ran.lines.find(({action, type}) => type === 'action-done' && action?.kind === 'share')?.detail).toContain(
      '--accept',
    );
    desk.cloud.clearLog();
    expect((await manage('1', {share: `{projects: [${A}]}`, cloud: 'member'})).done).toEqual([]);
    expect(desk.cloud.writes()).toEqual([]);
  });

  it('gives the successor its members before the predecessor is retired, which keeps its own', async () => {
    const share = `{projects: [${A}]}`;
    await manage('1', {share});
    const ran = await manage('2', {share});
    expect(ran.done).toEqual(['acquire 2', 'publish 2', 'share 2', 'retire 1']);
    expect(image('X').members).toEqual({[A]: 'accepted'});
    expect(image('X (1)')).toMatchObject({members: {[A]: 'accepted'}, record: A});
  });

  it('retires nothing where a member cannot be added, and the next run goes on', async () => {
    const share = `{projects: [${A}, ${B}]}`;
    await manage('1', {share});
    const refused = desk.cloud.misbehave('glance500', {times: Infinity, match: {method: 'POST', path: /\/members$/}});
    const ran = await manage('2', {share});
    expect(ran.done).toEqual(['acquire 2', 'publish 2']);
    expect(desk.cloud.views().map((each) => each['name'])).toEqual(['X', 'X']);
    refused.stop();
    const next = await manage('2', {share});
    expect(next.done).toEqual(['share 2', 'retire 1']);
    expect(image('X').members).toEqual({[A]: 'accepted', [B]: 'accepted'});
  });

  it('writes nobody to a candidate', async () => {
    await manage('1', {share: `{projects: [${A}]}`}, '--no-publish');
    expect(desk.cloud.images.all().map(({members}) => members)).toEqual([{}]);
    expect(writes().filter((line) => line.includes('members'))).toEqual([]);
  });

  it('costs no call where nothing is shared', async () => {
    await manage('1', {visibility: 'public'});
    await manage('1', {visibility: 'public'});
    expect(desk.cloud.requests.filter(({path}) => path.includes('members') || path.includes('/v3/projects'))).toEqual(
      [],
    );
  });

  it('counts an image that gets another member as updated', async () => {
    await manage('1', {share: `{projects: [${A}]}`});
    const ran = await manage('1', {share: `{projects: [${A}, ${B}]}`});
    expect([ran.counts['updated'], ran.counts['unchanged']]).toEqual([1, 0]);
  });

  it('is left out on a cloud with one project', async () => {
    const ran = await manage('1', {share: `{projects: [${A}]}`, cloud: 'local'});
    expect([ran.code, ran.done]).toEqual([0, ['acquire 1', 'publish 1']]);
  });
});
