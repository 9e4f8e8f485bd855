import {createHash, randomUUID} from 'node:crypto';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {KILL_MOMENTS, killAt} from '../fakes/write-gate.ts';
import type {KillMoment, WriteHooks} from '../fakes/write-gate.ts';
import type {RealImage} from './support/glance.ts';
import {GLANCES, RealGlance} from './support/glance.ts';
import {CLI, imgmgr} from './support/imgmgr.ts';
import type {Proxy} from './support/proxy.ts';
import {startProxy} from './support/proxy.ts';

const SIZE = 20_000_000;

/** The writes of a rotation that deletes the predecessor, by method. */
const BY_METHOD = {
  'web-download': [
    'the lease',
    'the probe of rights',
    'the record',
    'the import call',
    'the publication',
    'the retirement',
    'the deletion',
    'the end of the lease',
  ],
  'glance-direct': ['the lease', 'the probe of rights', 'the record', 'the staging', 'the import call'],
  upload: ['the lease', 'the probe of rights', 'the record', 'the upload'],
} as const;

type Moment = KillMoment | typeof IN_THE_MIDDLE;

interface Kill {
  readonly method: keyof typeof BY_METHOD;
  readonly number: number;
  readonly what: string;
  readonly moment: Moment;
  /** The version demands an id, which Glance never hands out twice. */
  readonly demandsId?: true;
}

const IN_THE_MIDDLE = 'in the middle of its bytes';
const MOMENTS: readonly Moment[] = [...KILL_MOMENTS, IN_THE_MIDDLE];

const KILLS: readonly Kill[] = [
  ...BY_METHOD['web-download'].flatMap((what, index) =>
    KILL_MOMENTS.map((moment): Kill => ({method: 'web-download', number: index + 1, what, moment})),
  ),
  ...KILL_MOMENTS.map((moment): Kill => ({method: 'glance-direct', number: 5, what: 'the import call', moment})),
  ...(
    [
      ['glance-direct', 'the staging'],
      ['upload', 'the upload'],
    ] as const
  ).flatMap(([method, what]) => MOMENTS.map((moment): Kill => ({method, number: 4, what, moment}))),
  ...MOMENTS.map((moment): Kill => ({
    method: 'upload',
    number: 4,
    what: 'the upload to a demanded id',
    moment,
    demandsId: true,
  })),
];

/**
 * Without FULL=1: each write once, before its answer, which leaves the cloud as the answer does; every transfer in the middle of its
 * bytes; on the older Glance the writes of images alone.
 */
const SOME: Readonly<Record<'admin' | 'latest', readonly Kill[]>> = {
  latest: KILLS.filter(({moment}) => moment === 'before the answer' || moment === IN_THE_MIDDLE),
  admin: KILLS.filter(
    ({what, moment}) =>
      moment === IN_THE_MIDDLE || (moment === 'before the answer' && !/lease|probe|demanded/.test(what)),
  ),
};

let upstream: Upstream;

beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

// One kill after the other on each Glance, both Glances at a time.
describe.each(GLANCES)('killed on the real $region Glance', {concurrent: true}, ({cloud, url}) => {
  const name = `kill-${cloud} rotation`;
  let admin: RealGlance;
  let proxy: Proxy;
  let dir: string;
  let version = 1;

  beforeAll(async () => {
    admin = await RealGlance.login(url, 'admin');
    await clear();
    proxy = await startProxy(url);
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-cloud-kill-'));
    const clouds = await readFile(process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml', 'utf8');
    const led = clouds.replaceAll(/^( +)region_name:.*$/gm, `$&\n$1image_endpoint_override: "${proxy.url}"`);
    await writeFile(join(dir, 'clouds.yaml'), led, {mode: 0o600});
    const first = await manage('web-download');
    expect(first.code, first.stderr).toBe(0);
  });
  afterAll(async () => {
    await clear();
    await proxy.close();
    await rm(dir, {recursive: true, force: true});
  });

  const kills = process.env['FULL'] === '1' ? KILLS : SOME[cloud];
  it.each(kills)('$method: at $what, $moment', {concurrent: false}, async ({method, number, moment, demandsId}) => {
    version += 1;
    const argv = await define(method, demandsId && randomUUID());
    const child = execa(process.execPath, [CLI, ...argv, '--json'], {
      reject: false,
      stdin: 'ignore',
      env: {OS_CLIENT_CONFIG_FILE: join(dir, 'clouds.yaml')},
    });
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await child;
    };
    const stop = disturb(number, moment, kill);
    const {signal, stdout} = await child;
    stop();
    // The very last answer may find the process gone already.
    if (!(number === 8 && moment === 'after the answer')) expect(signal, stdout).toBe('SIGKILL');

    const shown = await shownImages();
    expect(shown.length).toBeGreaterThanOrEqual(1);
    for (const image of shown) expect([image.status, isVerified(image)]).toEqual(['active', true]);

    const next = await imgmgr(argv, {OS_CLIENT_CONFIG_FILE: join(dir, 'clouds.yaml')});
    expect([next.code, next.lines.filter(({type}) => type === 'action-failed')], next.stderr).toEqual([0, []]);
    const left = await ours();
    expect(left.map(brief)).toEqual([[name, 'active', 'public', false, 'current', String(version), true]]);
    const third = await imgmgr(argv, {OS_CLIENT_CONFIG_FILE: join(dir, 'clouds.yaml')});
    expect([third.code, third.writes]).toEqual([0, []]);
  });

  function disturb(number: number, moment: Moment, kill: () => Promise<void>): () => void {
    proxy.gate.restart();
    if (moment !== IN_THE_MIDDLE) return proxy.gate.intercept(killAt(number, moment, kill) satisfies WriteHooks);
    proxy.midway = {
      bytes: SIZE / 2,
      reached: async () => {
        await kill();
        return true;
      },
    };
    return () => {
      proxy.midway = undefined;
    };
  }

  async function manage(method: keyof typeof BY_METHOD): Promise<Awaited<ReturnType<typeof imgmgr>>> {
    return imgmgr(await define(method), {OS_CLIENT_CONFIG_FILE: join(dir, 'clouds.yaml')});
  }

  async function define(method: keyof typeof BY_METHOD, id?: string): Promise<string[]> {
    const path = `/${name.replaceAll(' ', '-')}-${version}.img`;
    upstream.put(path, bytesOf(version));
    const text = `images:
  - name: ${name}
    format: raw
    login: debian
    min_disk: 1
    min_ram: 64
    status: active
    visibility: public
    multi: true
    tags: [${name.replaceAll(' ', '-')}]
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-1}
    versions:
      - {version: '${version}', url: '${upstream.url}${path}', checksum: 'sha512:${sha512(version)}', build_date: 2026-01-02${id === undefined ? '' : `, id: ${id}`}}
`;
    const file = join(dir, 'images.yml');
    await writeFile(file, text);
    return ['manage', '--cloud', cloud, '--images', file, '--no-verify', '--delete', '--yes', '--method', method];
  }

  async function ours(): Promise<RealImage[]> {
    const both = await Promise.all(
      ['false', 'true'].map(async (hidden) => admin.list(`tag=managed_by_imgmgr&os_hidden=${hidden}`)),
    );
    return both.flat().filter((image) => image['imgmgr_definition'] === name);
  }

  async function shownImages(): Promise<readonly RealImage[]> {
    return (await admin.list(`name=${encodeURIComponent(name)}&visibility=public`)).filter(({os_hidden}) => !os_hidden);
  }

  async function clear(): Promise<void> {
    for (const image of await ours()) await admin.remove(image.id);
  }
});

function bytesOf(version: number): Buffer {
  return Buffer.alloc(SIZE, `version ${version} `);
}

function sha512(version: number): string {
  return createHash('sha512').update(bytesOf(version)).digest('hex');
}

function isVerified(image: RealImage): boolean {
  return image['os_hash_value'] === sha512(Number(image['imgmgr_version']));
}

function brief(image: RealImage): unknown[] {
  const {status, visibility, os_hidden} = image;
  return [image.name, status, visibility, os_hidden, image['imgmgr_state'], image['imgmgr_version'], isVerified(image)];
}
