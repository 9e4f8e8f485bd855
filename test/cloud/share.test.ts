import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {RealImage} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {login} from './support/login.ts';

const NOBODY = 'f'.repeat(32);

let dir: string;
let demo: string;

beforeAll(async () => {
  demo = (await login('demo')).projectId;
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-share-'));
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

describe.each(NEWEST)('share on the real $region Glance', ({cloud, url}) => {
  const name = `share-${cloud} X`;
  let admin: RealGlance;
  let tenant: RealGlance;

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    tenant = await RealGlance.login(url, 'demo');
    await admin.clear(name);
  });
  afterAll(async () => admin.clear(name));

  async function manage(version: string, share: string, ...flags: string[]): Promise<Ran> {
    await writeFile(join(dir, `${version}.img`), Buffer.alloc(100_000, `${name} ${version} `));
    await writeFile(
      join(dir, 'images.yml'),
      `images:
  - name: ${name}
    format: raw
    login: debian
    min_disk: 1
    min_ram: 64
    status: active
    visibility: shared
    multi: true
    tags: []
    share: ${share}
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-3}
    versions:
      - {version: '${version}', url: 'file:${version}.img', build_date: 2026-01-02}
`,
    );
    return imgmgr(['manage', '--cloud', cloud, '--images', join(dir, 'images.yml'), '--no-verify', ...flags]);
  }

  async function membersOf({id}: RealImage): Promise<Readonly<Record<string, string>>> {
    const answer = await admin.call('GET', `/v2/images/${id}/members`);
    const {members} = (await answer.json()) as {members: {member_id: string; status: string}[]};
    return Object.fromEntries(members.map(({member_id, status}) => [member_id, status]));
  }

  const seen = async (): Promise<string[]> => (await tenant.named(name)).map((image) => image.name).sort();

  it('a member sees each version under the name, what is taken out goes, and a second run writes nothing', async () => {
    const first = await manage('1', `{projects: [${demo}, ${NOBODY}]}`);
    expect([first.code, first.done]).toEqual([0, ['acquire 1', 'publish 1', 'share 1']]);
    expect(await seen()).toEqual([name]);
    const [image] = await admin.named(name);
    if (!image) throw new Error('the image is not there');
    expect(await membersOf(image)).toEqual({[demo]: 'accepted', [NOBODY]: 'accepted'});
    const again = await manage('1', `{projects: [${demo}, ${NOBODY}]}`);
    expect([again.code, again.done, again.writes]).toEqual([0, [], []]);
    const changed = await manage('1', `{projects: [${demo}]}`);
    expect([changed.code, changed.done]).toEqual([0, ['share 1']]);
    expect(await membersOf(image)).toEqual({[demo]: 'accepted'});
    const rotated = await manage('2', `{projects: [${demo}]}`);
    expect([rotated.code, rotated.done]).toEqual([0, ['acquire 2', 'publish 2', 'share 2', 'retire 1']]);
    expect(await seen()).toEqual([name, `${name} (1)`]);
  });

  it('a domain is all of its projects', async () => {
    const planned = await manage('2', '{domains: [Default]}', '--dry-run');
    expect(planned.code).toBe(3);
    const ran = await manage('2', '{domains: [Default]}');
    expect([ran.code, ran.done]).toEqual([0, ['share 2']]);
    expect((await manage('2', '{domains: [Default]}')).writes).toEqual([]);
  });

  it('a domain that is not there is an error, and changes nobody', async () => {
    const ran = await manage('2', '{domains: [nowhere]}');
    expect([ran.code, ran.writes, ran.lines.flatMap(({error}) => error?.code ?? [])]).toEqual([1, [], ['NOT_FOUND']]);
  });
});
