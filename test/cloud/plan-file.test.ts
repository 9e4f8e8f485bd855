import {mkdtemp, readFile, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {Ran, Summary} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import type {Wanted} from './support/wanted.ts';
import {show, writeWanted} from './support/wanted.ts';

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

describe.each(NEWEST)('manage --plan on the real $region Glance', ({cloud, url}) => {
  const prefix = `planned-${cloud}`;
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => `${prefix} ${letter}`) as [string, string, string];
  const validity = 'last-1';
  const next: readonly Wanted[] = [
    {name: a, version: '2', validity, algorithm: 'sha512'},
    {name: b, version: '1', validity, algorithm: 'sha512', meta: {os_version: '13'}},
    {name: c, version: '1', validity, algorithm: 'sha512'},
  ];
  let admin: RealGlance;
  let dir: string;
  let plan: string;
  let planned: readonly Summary[];

  const byPlan = async (...flags: readonly string[]): Promise<Ran> =>
    imgmgr(['manage', '--plan', plan, '--images', join(dir, 'images.yml'), ...flags]);
  const inOrder = (actions: readonly Summary[]): readonly Summary[] =>
    [...actions].sort((x, y) => (x.definition < y.definition ? -1 : x.definition > y.definition ? 1 : 0));
  const setOsVersion = async (value: string): Promise<void> => {
    const [image] = await admin.named(b);
    expect(await admin.patch(image?.id ?? '', [{op: 'replace', path: '/os_version', value}])).toBe(200);
  };

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    await admin.clear(prefix);
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-plan-'));
    plan = join(dir, 'plan.json');
    const before = [a, b].map((name): Wanted => ({name, version: '1', validity, algorithm: 'sha512'}));
    const made = await imgmgr(['manage', '--cloud', cloud, '--images', await writeWanted(upstream, dir, before)]);
    expect(made, made.stderr).toMatchObject({code: 0});
    await writeWanted(upstream, dir, next);
    const flags = ['--cloud', cloud, '--images', join(dir, 'images.yml'), '--delete', '--out', plan];
    const dry = await imgmgr(['dry-run', ...flags]);
    expect(dry, dry.stderr).toMatchObject({code: 3, writes: []});
    planned = dry.lines.find(({type}) => type === 'planned')?.actions ?? [];
    expect(planned.map(({kind}) => kind).sort()).toEqual(
      ['acquire', 'acquire', 'delete', 'publish', 'publish', 'retire', 'update'].sort(),
    );
  });
  afterAll(async () => {
    await admin.clear(prefix);
    await rm(dir, {recursive: true, force: true});
  });

  it('has a file that only its owner can read, without the password of the cloud', async () => {
    expect((await stat(plan)).mode & 0o777).toBe(0o600);
    const clouds = await readFile(process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml', 'utf8');
    const [, password = ''] = /password: ['"]?([^'"\n]+)/.exec(clouds) ?? [];
    expect(password).not.toBe('');
    expect(await readFile(plan, 'utf8')).not.toContain(password);
  });

  it('refuses another flag, another cloud and another definition before the login: exit 2', async () => {
    const other = cloud === 'latest' ? 'admin' : 'latest';
    for (const flags of [['--keep'], ['--cloud', other]])
      expect(await byPlan(...flags)).toMatchObject({code: 2, writes: []});
    await writeWanted(upstream, dir, [
      ...next.slice(0, 2),
      {name: c, version: '1', validity: 'last-2', algorithm: 'sha512'},
    ]);
    const ran = await byPlan();
    await writeWanted(upstream, dir, next);
    expect(ran).toMatchObject({code: 2, writes: [], glanceCalls: 0});
    expect(JSON.stringify(ran.lines)).toContain(c);
  });

  it('refuses a cloud that was changed by hand since: exit 1, the difference named, nothing written', async () => {
    await setOsVersion('11');
    const ran = await byPlan();
    await setOsVersion('12');
    expect(ran).toMatchObject({code: 1, writes: [], done: []});
    expect(JSON.stringify(ran.lines)).toContain(b);
  });

  it('does exactly the listed actions, its deletions without --yes, and a second time nothing: exit 1', async () => {
    const ran = await byPlan();
    expect(ran, ran.stderr).toMatchObject({code: 0});
    const performed = ran.lines.flatMap(({type, action}) => (type === 'action-done' && action ? [action] : []));
    expect(inOrder(performed)).toEqual(inOrder(planned));
    expect(show(await admin.named(prefix))).toEqual([a, b, c].map((name) => `${name} | public | generic`));
    expect(await byPlan()).toMatchObject({code: 1, writes: []});
  });
});
