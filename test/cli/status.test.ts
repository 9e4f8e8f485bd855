import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {definition} from '../unit/core/rules/subjects.ts';
import {own} from '../unit/core/status/live.ts';
import type {Desk} from './operator.ts';
import {openDesk} from './operator.ts';

interface Row {
  readonly type: string;
  readonly cloud: string;
  readonly definition: string | null;
  readonly image: string | null;
  readonly name: string | null;
  readonly owner: string | null;
  readonly version: string | null;
  readonly state: string;
  readonly redOn: {readonly at: string; readonly now: boolean} | null;
  readonly offending: boolean;
  readonly findings: readonly {readonly rule: string}[];
  readonly ahead: readonly {readonly from: string}[];
}

let desk: Desk;
let images = '';

/** The clock of these runs stands at 2026-01-31. */
const FRESH = {build_date: '2026-01-30'};

beforeAll(async () => {
  desk = await openDesk();
});
beforeEach(async () => {
  for (const {id} of desk.cloud.images.all()) desk.cloud.images.remove(id, 'test');
  images = await desk.write(['images:', definition({version: FRESH}), ''].join('\n'));
  desk.cloud.clearLog();
});
afterAll(async () => desk.close());

/** Puts an image of ours into the fake Glance. */
function seed(changes: Parameters<typeof own>[1] = {}, stamp: Parameters<typeof own>[0] = {}): string {
  const {image} = own(stamp, {
    ...changes,
    properties: {image_build_date: '2026-01-30', ...changes.properties},
  });
  return desk.cloud.seed({
    ...{name: image.name, visibility: image.visibility, os_hidden: image.osHidden, tags: image.tags},
    ...{min_disk: 8, min_ram: 512, properties: image.properties, created_at: new Date('2026-01-30T12:00:00Z')},
  }).id;
}

async function rows(...argv: readonly string[]): Promise<{readonly code: number; readonly rows: readonly Row[]}> {
  const {code, out} = await desk.print('status', '--cloud', 'admin', '--images', images, ...argv, '--json');
  const lines = out.split('\n').filter((line) => line !== '');
  return {code, rows: lines.map((line) => JSON.parse(line) as Row).filter(({type}) => type === 'status-row')};
}

async function table(...argv: readonly string[]): Promise<{readonly code: number; readonly out: string}> {
  return desk.print('status', '--cloud', 'admin', '--images', images, ...argv);
}

describe('imgmgr status', () => {
  it('shows what is live in a table on stdout, exit 0', async () => {
    seed();
    const {code, out} = await table();
    expect(out.split('\n')).toEqual([
      'CLOUD  DEFINITION    VERSION   BUILT  NEWER  VERIFIED  RED ON  BY      STATE  FINDINGS',
      'admin  Ubuntu 24.04  20261124  1 d    –      never     03-05   update  ok     –',
      '1 row, 0 to look at',
      '',
    ]);
    expect(code).toBe(0);
  });

  it('asks for the login and the two listings alone', async () => {
    seed();
    await rows();
    expect(desk.cloud.requests.map(({method, path}) => `${method} ${path.split('?')[0] ?? ''}`).sort()).toEqual([
      'GET /v2/images',
      'GET /v2/images',
      'POST /v3/auth/tokens',
    ]);
  });

  it('asks with --all besides for the public and the community images, page by page, and for nothing else', async () => {
    desk.cloud.seedImages(2100, {owner: 'someone', tags: []});
    await rows('--all');
    expect(desk.cloud.requests.filter(({query}) => query['visibility'] === 'public').length).toBe(3);
    expect(desk.cloud.requests.filter(({query}) => query['visibility'] === 'community').length).toBe(1);
    expect(desk.cloud.requests.length).toBe(7);
  });

  it('fails no run for findings, but with --fail-on, exit 3', async () => {
    seed({properties: {os_purpose: 'general'}});
    expect((await table()).out).toContain('NOW     manage  ok     1e');
    expect((await table()).code).toBe(0);
    expect((await table('--fail-on', 'error')).code).toBe(3);
    expect((await table('--fail-on', 'error', '--profile', 'openstack')).code).toBe(0);
  });

  it('fails with --due-within for what breaks within that time, exit 3', async () => {
    seed();
    expect((await table('--due-within', '32d')).code).toBe(0);
    const {code, out} = await table('--due-within', '34d');
    expect(out).toContain('1 due');
    expect(code).toBe(3);
    expect((await table('--due-within', '900h')).code).toBe(3);
  });

  it.each(['7', '0d', '7w', '-1d', '99999d', ''])('refuses --due-within %s, exit 2', async (text) => {
    const {code, err} = await desk.print('status', `--due-within=${text}`);
    expect(err).toContain(`--due-within takes a time ahead, not "${text}"`);
    expect(code).toBe(2);
  });

  it('shows only rows about which something has to be done with -q', async () => {
    seed();
    expect((await table('-q')).out).toBe('1 row, 0 to look at\n');
    expect((await rows('-q')).rows).toEqual([]);
    const {out} = await table('-q', '--due-within', '40d');
    expect(out).toContain('Ubuntu 24.04');
  });

  it('has a row for each state: missing, gone, changed by hand, quarantined', async () => {
    expect((await rows()).rows).toMatchObject([{state: 'missing', definition: 'Ubuntu 24.04', offending: true}]);
    seed({changes: {visibility: 'private'}});
    seed({}, {definition: 'Gone', version: '1'});
    seed({changes: {visibility: 'private', osHidden: true}}, {version: '20261125', state: 'quarantined'});
    expect((await rows()).rows.map(({definition: name, state}) => `${name ?? ''} ${state}`).sort()).toEqual([
      'Gone definition-gone',
      'Ubuntu 24.04 changed-by-hand',
      'Ubuntu 24.04 quarantined',
    ]);
  });

  it('shows the named definitions alone, one that is gone among them; a name that nobody has is exit 2', async () => {
    seed();
    seed({}, {definition: 'Gone', version: '1'});
    expect((await rows('Gone')).rows.map((row) => row.definition)).toEqual(['Gone']);
    expect((await rows('--filter', 'Ubuntu')).rows.map((row) => row.definition)).toEqual(['Ubuntu 24.04']);
    const {code, err} = await desk.print('status', 'Ubuntu 24.4', '--cloud', 'admin', '--images', images);
    expect(err).toContain('there is no definition "Ubuntu 24.4"');
    expect(err).toContain('did you mean "Ubuntu 24.04"?');
    expect(code).toBe(2);
  });

  it('has a row for a cloud that refuses the login, exit 4, and goes on with the others', async () => {
    seed();
    const clouds = desk.cloud.cloudsYaml();
    await desk.writeClouds(clouds.replace(/(member:[^]*?"password":")[^"]+/, '$1wrong'));
    try {
      const {code, out} = await desk.print('status', '--cloud', 'member', '--cloud', 'admin', '--images', images);
      expect(out.split('\n')[1]).toMatch(/^member +– .*unreachable/);
      expect(out).toContain('admin   Ubuntu 24.04  20261124');
      expect(out).toContain('1 cloud not reached');
      expect(code).toBe(4);
    } finally {
      await desk.writeClouds(clouds);
    }
  });

  it('has a row for a cloud that does not answer, exit 75, never green', async () => {
    desk.cloud.misbehave('keystoneDown');
    try {
      const {code, rows: found} = await rows();
      expect(found).toMatchObject([{state: 'unreachable', offending: true}]);
      expect(code).toBe(75);
    } finally {
      desk.cloud.behave();
    }
  });

  it('says of a name that no file has that the cloud which may have it did not answer, not that there is none', async () => {
    desk.cloud.misbehave('keystoneDown');
    try {
      const {code, rows: found} = await rows('Gone');
      expect(found).toMatchObject([{state: 'unreachable'}]);
      expect(code).toBe(75);
    } finally {
      desk.cloud.behave();
    }
  });

  it('judges with --all what others offer, and what is missing on the cloud', async () => {
    const theirs = desk.cloud.seed({name: 'Theirs', owner: 'someone', visibility: 'community', properties: {}});
    desk.cloud.seed({name: 'Hidden', owner: 'someone', os_hidden: true, properties: {}});
    const {rows: found} = await rows('--all');
    expect(found.filter(({state}) => state === 'not-ours')).toMatchObject([
      {image: theirs.id, name: 'Theirs', owner: 'someone', definition: null, redOn: {now: true}},
    ]);
    expect(found.filter(({state}) => state === 'cloud')).toMatchObject([
      {redOn: {now: true, rule: 'scs-0104/presence'}},
    ]);
    expect((await rows()).rows.map(({state}) => state)).toEqual(['missing']);
    expect((await rows('Ubuntu 24.04', '--all')).rows.map(({state}) => state)).toEqual(['missing']);
  });

  it('takes hostile names and values of others for text, in every form', async () => {
    desk.cloud.seed({
      ...{name: '\u001b[31m\u202e\n::error::x', owner: 'someone'},
      properties: {os_version: '\u001b]0;x\u0007', image_build_date: '9'.repeat(5000), __proto__x: '[object]'},
    });
    desk.cloud.seed({name: '', owner: 'someone', properties: {os_distro: '\u0000'}});
    for (const form of ['human', 'json', 'junit'])
      for (const wide of [[], ['--wide']]) {
        const {out, code} = await table('--all', '--format', form, ...wide);
        // eslint-disable-next-line no-control-regex
        expect(out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
        expect(code).toBe(0);
      }
  });

  it('shows with --wide ids, names, and all findings with what to do', async () => {
    const id = seed({properties: {os_purpose: 'general'}});
    const {out} = await table('--wide');
    expect(out).toContain(`${id}  Ubuntu 24.04`);
    expect(out).toMatch(/ {4}error scs-0102\/os_purpose-value: os_purpose of image "Ubuntu 24.04" is "general"/);
    expect(out).toMatch(/ {6}hint \(manage\): /);
    expect(out).toMatch(/ {4}from 2026-03-05 on \(update\): error scs-0102\/recency/);
  });

  it('takes exceptions of the profile file for an image whose definition is gone', async () => {
    const id = seed({properties: {os_purpose: 'general'}}, {definition: 'Gone', version: '1'});
    const profile = join(desk.folder, 'profile.yml');
    await writeFile(
      profile,
      `extends: scs-v1\nexceptions: [{image: ${id}, rule: scs-0102/os_purpose-value, reason: r, until: 2026-12-31}]\n`,
    );
    expect((await table('Gone', '--fail-on', 'error')).code).toBe(3);
    expect((await table('Gone', '--fail-on', 'error', '--profile', profile)).code).toBe(0);
  });

  it('writes JUnit with a case for each row, failed where a rule is broken', async () => {
    seed({properties: {os_purpose: 'general'}});
    const {out} = await table('--format', 'junit');
    expect(out).toContain('<testcase classname="admin" name="Ubuntu 24.04 (20261124)"');
    expect(out).toContain('<failure type="scs-0102/os_purpose-value"');
  });

  it('has no --format sarif, exit 2', async () => {
    expect((await table('--format', 'sarif')).code).toBe(2);
  });

  it('shows one row for each definition above three clouds, and names the clouds that differ', async () => {
    seed();
    const clouds = desk.cloud.cloudsYaml();
    const entry = /^ {2}admin:\n(?: {4}.*\n)+/m.exec(clouds)?.[0] ?? '';
    await desk.writeClouds(`${clouds}${['b', 'c', 'd'].map((name) => entry.replace('admin:', `${name}:`)).join('')}`);
    try {
      const argv = ['--cloud', 'admin,b,c,d', '--cloud', 'member', '--images', images];
      const {out} = await desk.print('status', ...argv);
      expect(out.split('\n').slice(0, 3)).toEqual([
        'CLOUD     DEFINITION    VERSION   BUILT  NEWER  VERIFIED  RED ON  BY      STATE  FINDINGS',
        '4 clouds  Ubuntu 24.04  20261124  1 d    –      never     03-05   update  ok     –',
        '    member: missing, newer 20261124',
      ]);
    } finally {
      await desk.writeClouds(clouds);
    }
  });
});
