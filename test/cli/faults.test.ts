import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import type {MisbehaveOptions, MisbehaviourName} from '../fakes/misbehaviour.ts';
import type {UpstreamMisbehaveOptions, UpstreamMisbehaviour} from '../fakes/upstream.ts';
import type {Desk, Ran} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

async function reopen(options: FakeCloudOptions): Promise<void> {
  await desk.close();
  desk = await openDesk(options);
}

/** What other people can see, and everything that is left, after a run that failed. */
function left(): string[] {
  return desk.cloud
    .views()
    .map((image) => `${String(image['name'])} ${String(image['visibility'])} ${String(image['status'])}`)
    .sort();
}

function serve(version: string): string {
  desk.upstream.put(`/x-${version}.img`, Buffer.alloc(200_000, `version ${version} `));
  return `${desk.upstream.url}/x-${version}.img`;
}

async function manage(
  version: string,
  extra: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<Ran> {
  const images = await desk.write(yaml([listed(version, serve(version), extra)]));
  return desk.imgmgr('manage', '--cloud', 'admin', '--images', images, '--no-verify', ...flags);
}

/** One published version, so that every failure can show that it is untouched. */
async function withBase(): Promise<void> {
  expect((await manage('1')).errors).toEqual([]);
  desk.cloud.clearLog();
}

const BASE = ['X public active'];

describe('a cloud that cannot be worked with', () => {
  const images = async (): Promise<string> => desk.write(yaml([listed('1', serve('1'))]));

  it('an unknown cloud: the name, the file that was read, the known ones', async () => {
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admim', '--images', await images());
    expect(code).toBe(2);
    expect(errors).toMatchObject([
      {
        code: 'CONFIG',
        message: expect.stringContaining('admim') as string,
        hint: expect.stringContaining('admin') as string,
      },
    ]);
    expect(desk.cloud.requests).toEqual([]);
  });

  it('a wrong password: exit 4, the user and the cloud, never the password', async () => {
    await desk.writeClouds(desk.cloud.cloudsYaml().replaceAll('fake-secret', 'wr0ng-secret'));
    const {code, errors, text} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images(), '--debug');
    expect(code).toBe(4);
    expect(errors).toMatchObject([{code: 'AUTH'}]);
    expect(`${errors[0]?.message ?? ''} ${errors[0]?.place ?? ''}`).toMatch(/admin/);
    expect(errors[0]?.hint).toBeTruthy();
    expect(text).not.toContain('wr0ng-secret');
    expect(left()).toEqual([]);
  });

  it('an identity service that nobody listens for: exit 75 and its address', async () => {
    await desk.writeClouds(desk.cloud.cloudsYaml().replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:1'));
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images());
    expect(code).toBe(75);
    expect(errors).toMatchObject([{code: 'UNAVAILABLE'}]);
    expect(JSON.stringify(errors)).toContain('127.0.0.1:1');
  });

  it('an identity service that is down: exit 75', async () => {
    desk.cloud.misbehave('keystoneDown');
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images());
    expect([code, errors[0]?.code]).toEqual([75, 'UNAVAILABLE']);
  });

  it('no image service in the catalog: exit 2 and what there is', async () => {
    await reopen({imageService: false});
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images());
    expect(code).toBe(2);
    expect(errors).toMatchObject([
      {
        code: 'CONFIG',
        message: expect.stringContaining('image') as string,
        hint: expect.stringContaining('image_endpoint_override') as string,
      },
    ]);
  });

  it('an image endpoint that is no address: told with the endpoint', async () => {
    desk.cloud.misbehave('brokenEndpointInCatalog');
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images());
    expect(code).not.toBe(0);
    expect(JSON.stringify(errors)).toContain('public_host');
  });

  it('a web page instead of a listing: PROTOCOL, with the call', async () => {
    desk.cloud.misbehave('htmlInsteadOfJson', {times: 10});
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images());
    expect([code, errors[0]?.code]).toEqual([1, 'PROTOCOL']);
    expect(errors[0]?.place).toContain('/v2/images');
    expect(left()).toEqual([]);
  });

  it('does not stop the other clouds', async () => {
    await desk.writeClouds(desk.cloud.cloudsYaml().replace('fake-secret', 'wrong'));
    const {code, done} = await desk.imgmgr(
      'manage',
      '--cloud',
      'admin',
      '--cloud',
      'member',
      '--images',
      await desk.write(yaml([listed('1', serve('1'))], {visibility: 'private'})),
      '--no-verify',
    );
    expect([code, done]).toEqual([4, ['acquire 1', 'publish 1']]);
  });

  it('no right to publish: told before a byte travels, nothing left', async () => {
    const {code, errors} = await desk.imgmgr('manage', '--cloud', 'member', '--images', await images());
    expect([code, errors[0]?.code]).toEqual([1, 'FORBIDDEN']);
    expect(errors[0]?.hint).toContain('publicize_image');
    expect(desk.upstream.requests).toEqual([]);
    expect(left()).toEqual([]);
  });

  it('passing faults of reads are sat out', async () => {
    for (const name of ['glance503', 'connectionReset', 'rateLimited429'] as const)
      desk.cloud.misbehave(name, {match: {method: 'GET'}});
    expect((await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images(), '--no-verify')).code).toBe(0);
    expect(left()).toEqual(BASE);
  });

  it('a token revoked in the middle is renewed', async () => {
    desk.cloud.misbehave('tokenRevoked', {after: 3});
    expect((await desk.imgmgr('manage', '--cloud', 'admin', '--images', await images(), '--no-verify')).code).toBe(0);
    expect(desk.cloud.requests.filter(({path}) => path.endsWith('/auth/tokens'))).toHaveLength(2);
  });
});

describe('a source that does not give the image: the published one stays, nothing is left', () => {
  const HEX = 'f'.repeat(64);
  const cases: [UpstreamMisbehaviour, UpstreamMisbehaveOptions, number, string][] = [
    ['notFound404', {}, 1, 'SOURCE_REFUSED'],
    ['forbidden403', {}, 1, 'SOURCE_REFUSED'],
    ['redirectLoop', {}, 1, 'SOURCE_REFUSED'],
    ['htmlPage', {}, 1, 'SOURCE_REFUSED'],
    ['error500', {times: Infinity}, 75, 'SOURCE_UNAVAILABLE'],
  ];

  it.each(cases)('%s', async (name, options, code, error) => {
    await withBase();
    desk.upstream.misbehave(name, {times: Infinity, ...options, path: '/x-2.img'});
    const ran = await manage('2', {checksum: `sha256:${HEX}`});
    expect([ran.code, ran.errors[0]?.code]).toEqual([code, error]);
    expect(`${ran.errors[0]?.message ?? ''} ${ran.errors[0]?.place ?? ''}`).toContain('/x-2.img');
    expect(ran.errors[0]?.hint).toBeTruthy();
    expect(left()).toEqual(BASE);
  });

  it('a body that ends too early', async () => {
    await withBase();
    serve('2');
    desk.upstream.misbehave('truncatedBody', {times: Infinity, path: '/x-2.img'});
    const ran = await manage('2', {checksum: `sha256:${desk.upstream.digest('/x-2.img', 'sha256')}`});
    expect([ran.code, ran.errors[0]?.code]).toEqual([75, 'SOURCE_UNAVAILABLE']);
    expect(left()).toEqual(BASE);
  });

  it('other bytes than demanded: both digests, no retry of another way, nothing left', async () => {
    await withBase();
    const ran = await manage('2', {checksum: `sha256:${HEX}`});
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'DIGEST_MISMATCH']);
    expect(ran.errors[0]?.message).toContain('fff');
    expect(left()).toEqual(BASE);
  });

  it('a digest list without the file, and one that is a web page', async () => {
    await withBase();
    desk.upstream.put('/SUMS', `${HEX}  other.img\n`);
    const images = await desk.write(
      yaml([
        listed('latest', serve('2'), {checksums_url: `${desk.upstream.url}/SUMS`}).replace(
          ", build_date: '2026-01-02'",
          '',
        ),
      ]),
    );
    const missing = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images);
    expect([missing.code, missing.errors[0]?.code]).toEqual([1, 'DIGEST_UNKNOWN']);
    expect(missing.errors[0]?.message).toContain('x-2.img');
    desk.upstream.misbehave('htmlPage', {times: Infinity, path: '/SUMS'});
    const page = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images);
    expect(page.code).toBe(1);
    expect(left()).toEqual(BASE);
    expect(desk.cloud.writes()).toEqual([]);
  });

  it('a disk of another format than the definition says', async () => {
    await withBase();
    const images = await desk.write(yaml([listed('2', serve('2'))], {format: 'qcow2'}));
    const ran = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images);
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'FORMAT_REFUSED']);
    expect(left()).toEqual(BASE);
  });
});

describe('an image service that fails in the middle: the published image stays, nothing is left, the next run succeeds', () => {
  const sha256 = (): Readonly<Record<string, string>> => {
    serve('2');
    return {checksum: `sha256:${desk.upstream.digest('/x-2.img', 'sha256')}`};
  };
  const cases: [MisbehaviourName, MisbehaveOptions, readonly string[], number, string][] = [
    [
      'glance500',
      {times: Infinity, match: {method: 'POST', path: /\/import$/}},
      ['--method', 'web-download'],
      75,
      'UNAVAILABLE',
    ],
    ['quota413', {times: Infinity, match: {method: 'POST', path: /^\/v2\/images$/}, after: 1}, [], 75, 'QUOTA'],
    [
      'conflict409',
      {times: Infinity, match: {method: 'POST', path: /\/import$/}},
      ['--method', 'web-download'],
      1,
      'CONFLICT',
    ],
    ['unsupported415', {times: Infinity}, ['--method', 'upload'], 1, 'FORMAT_REFUSED'],
    ['quota413', {times: Infinity, match: {method: 'PUT', path: /\/file$/}}, ['--method', 'upload'], 75, 'QUOTA'],
    ['importFailsBackToQueued', {times: Infinity}, ['--method', 'web-download'], 1, 'IMPORT_FAILED'],
    ['importTaskFails', {times: Infinity}, ['--method', 'web-download'], 1, 'IMPORT_FAILED'],
    ['imageStuckInImporting', {times: Infinity}, ['--method', 'web-download'], 1, 'IMPORT_FAILED'],
    [
      'someStoresFail',
      {times: Infinity, store: 'fast'},
      ['--method', 'web-download', '--stores', 'file,fast'],
      1,
      'IMPORT_FAILED',
    ],
    ['imageStuckInQueued', {times: Infinity}, ['--method', 'web-download', '--import-timeout', '2'], 75, 'TIMEOUT'],
    ['importNeverEnds', {times: Infinity}, ['--method', 'web-download', '--import-timeout', '2'], 75, 'TIMEOUT'],
    ['imageStuckInSaving', {times: Infinity}, ['--method', 'upload', '--import-timeout', '2'], 75, 'TIMEOUT'],
  ];

  it.each(cases)('%s (%j, %j)', async (name, options, flags, code, error) => {
    await withBase();
    const extra = flags.includes('upload') ? sha256() : {};
    const misdeed = desk.cloud.misbehave(name, options);
    const ran = await manage('2', extra, flags);
    expect(misdeed.happened()).toBeGreaterThan(0);
    expect([ran.code, ran.errors[0]?.code]).toEqual([code, error]);
    expect(ran.errors[0]?.message).not.toBe('');
    expect(left()).toEqual(BASE);
    desk.cloud.behave();
    expect((await manage('2', extra)).done).toEqual(['acquire 2', 'publish 2', 'retire 1']);
  });

  it('an image that somebody deletes while it is being imported', async () => {
    await withBase();
    desk.cloud.misbehave('imageDeletedUnderUs', {match: {method: 'GET', path: /^\/v2\/images\/[^/]+$/}});
    const ran = await manage('2', {}, ['--method', 'web-download']);
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'IMAGE_GONE']);
    expect(left()).toEqual(BASE);
  });

  it('falls back from web-download to streaming, and from staging to a direct upload, and says so', async () => {
    await withBase();
    desk.cloud.misbehave('importFailsBackToQueued');
    const first = await manage('2');
    expect([first.code, first.warnings]).toEqual([0, ['import-fallback']]);
    expect(first.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire')?.detail).toMatch(
      /glance-direct.*web-download failed/,
    );
    desk.cloud.misbehave('stagingFails', {times: Infinity});
    serve('3');
    const second = await manage('3', {checksum: `sha256:${desk.upstream.digest('/x-3.img', 'sha256')}`});
    expect([second.code, second.warnings]).toEqual([0, ['import-fallback']]);
    expect(
      second.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire')?.detail,
    ).toContain('method upload');
  });

  it('takes a differing hash of a converting cloud for "not provable this way" and streams', async () => {
    serve('2');
    desk.cloud.misbehave('conversionPlugin');
    const ran = await manage('2', {checksum: `sha512:${desk.upstream.digest('/x-2.img', 'sha512')}`});
    expect([ran.code, ran.warnings]).toEqual([0, ['import-fallback']]);
    expect(left()).toEqual(BASE);
  });

  it('takes back a publication whose predecessor cannot be retired', async () => {
    await withBase();
    desk.cloud.misbehave('patchRefused', {times: Infinity, match: {method: 'PATCH', body: /retired/}});
    const ran = await manage('2');
    expect(ran.code).toBe(1);
    expect(left()).toEqual(['X (2) private active', 'X public active']);
    desk.cloud.behave();
    expect((await manage('2')).done).toEqual(['publish 2', 'retire 1']);
  });

  it('takes a lost answer of a PATCH for done when it is done', async () => {
    await withBase();
    desk.cloud.misbehave('doneButAnswers504', {match: {method: 'PATCH', body: /"current"/}});
    desk.cloud.misbehave('halfAnswer', {match: {method: 'PATCH', body: /"retired"/}});
    expect((await manage('2')).code).toBe(0);
    expect(left()).toEqual(['X (1) public active', 'X public active']);
  });
});

describe('images that are not as imgmgr left them', () => {
  const id = (name: string): string => String(desk.cloud.views().find((image) => image['name'] === name)?.['id']);
  const change = (name: string, fields: {readonly status?: 'deactivated'; readonly visibility?: 'private'}): void => {
    desk.cloud.images.change(id(name), 'an operator', (record) => Object.assign(record, fields));
  };

  it('a deactivated image of ours: reported at once, left alone, no wait', async () => {
    await withBase();
    change('X', {status: 'deactivated'});
    const ran = await manage('1');
    expect([ran.code, ran.warnings, desk.cloud.writes()]).toEqual([0, ['changed-by-hand'], []]);
  });

  it('an image that an operator made private: left alone, unless --force-state', async () => {
    await withBase();
    change('X', {visibility: 'private'});
    const ran = await manage('1');
    expect([ran.code, ran.warnings, desk.cloud.writes()]).toEqual([0, ['changed-by-hand'], []]);
    expect((await manage('1', {}, ['--force-state'])).done).toEqual(['update 1']);
    expect(left()).toEqual(BASE);
  });

  it('a foreign image with our name in our project stops the definition; with our tag it is left alone', async () => {
    const foreign = desk.cloud.seed({name: 'X', owner: desk.cloud.accounts.admin.projectId});
    const ran = await manage('1');
    expect([ran.code, ran.errors[0]?.code]).toEqual([1, 'FOREIGN_IMAGE']);
    expect(ran.errors[0]?.message).toContain(foreign.id);
    expect(ran.errors[0]?.hint).toContain('--adopt');
    expect(desk.cloud.writes()).toEqual([]);
  });

  it('an image of another project with our name and our tag: warnings, never touched', async () => {
    const theirs = desk.cloud.seed({name: 'X', owner: 'somebody', visibility: 'public', tags: ['managed_by_imgmgr']});
    const ran = await manage('1');
    expect(ran.code).toBe(0);
    expect(ran.warnings).toEqual(expect.arrayContaining(['foreign-tag', 'foreign-name']));
    expect(desk.cloud.writes().filter(({path}) => path.includes(theirs.id))).toEqual([]);
  });

  it('an image in use is not deleted, is reported, and exit is 0 (D10); --delete-in-use deletes it', async () => {
    const meta = {uuid_validity: 'last-1'};
    const run = async (version: string, ...flags: string[]): Promise<Ran> =>
      desk.imgmgr(
        'manage',
        '--cloud',
        'admin',
        '--images',
        await desk.write(yaml([listed(version, serve(version))], {}, meta)),
        '--no-verify',
        ...flags,
      );
    await run('1');
    await run('2');
    const used = id('X (1)');
    desk.cloud.servers.push({id: 's1', name: 'web', projectId: 'somebody', imageId: used});
    const kept = await run('2', '--delete', '--yes');
    expect([kept.code, kept.done, kept.warnings]).toEqual([0, [], ['in-use']]);
    expect(left()).toContain('X (1) public active');
    const gone = await run('2', '--delete', '--yes', '--delete-in-use');
    expect([gone.code, gone.done]).toEqual([0, ['delete 1']]);
  });

  it('a dry run asks once who uses the images that would go, for all of them together', async () => {
    const run = async (version: string, ...flags: string[]): Promise<Ran> =>
      desk.imgmgr(
        ...['manage', '--cloud', 'admin', '--no-verify', '--images'],
        await desk.write(yaml([listed(version, serve(version))], {}, {uuid_validity: 'last-1'})),
        ...flags,
      );
    for (const version of ['1', '2', '3', '4']) await run(version);
    desk.cloud.servers.push({id: 's1', name: 'web', projectId: 'somebody', imageId: id('X (2)')});
    desk.cloud.clearLog();
    const ran = await run('4', '--delete', '--yes', '--dry-run');
    expect([ran.code, ran.warnings]).toEqual([3, ['in-use']]);
    expect(
      [...ran.text.matchAll(/"kind":"delete","definition":"X","version":"(\d)"/g)].map(([, version]) => version),
    ).toEqual(['3', '1']);
    const asked = desk.cloud.requests.filter(({path}) => path.endsWith('/servers/detail'));
    expect(asked).toHaveLength(1);
  });

  it('a delete that the cloud refuses half-way leaves everything as it was', async () => {
    const meta = {uuid_validity: 'last-1'};
    const run = async (version: string, ...flags: string[]): Promise<Ran> =>
      desk.imgmgr(
        'manage',
        '--cloud',
        'admin',
        '--images',
        await desk.write(yaml([listed(version, serve(version))], {protected: 'true', stores: '[file, fast]'}, meta)),
        '--no-verify',
        ...flags,
      );
    await run('1');
    await run('2');
    desk.cloud.misbehave('deletePartlyDone', {store: 'fast', match: {method: 'DELETE', path: new RegExp(id('X (1)'))}});
    const ran = await run('2', '--delete', '--yes');
    expect([ran.code, ran.warnings]).toEqual([0, ['delete-refused']]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const after = desk.cloud.views().find((image) => image['name'] === 'X (1)');
    expect([after?.['protected'], after?.['visibility'], String(after?.['stores']).split(',').sort()]).toEqual([
      true,
      'public',
      ['fast', 'file'],
    ]);
  });

  it('a leftover of a killed run is removed and imported again', async () => {
    await withBase();
    desk.cloud.seed({
      name: 'X (2)',
      owner: desk.cloud.accounts.admin.projectId,
      status: 'queued',
      visibility: 'private',
      os_hidden: true,
      tags: ['managed_by_imgmgr'],
      properties: {imgmgr_definition: 'X', imgmgr_version: '2', imgmgr_state: 'importing', imgmgr_run: 'dead'},
    });
    expect((await manage('2')).done).toEqual(['remove 2', 'acquire 2', 'publish 2', 'retire 1']);
  });

  it('--no-wait hands over and the next run picks up where it stands', async () => {
    const begun = await manage('1', {}, ['--no-wait']);
    expect([begun.code, begun.counts['pending']]).toEqual([0, 1]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const ended = await manage('1');
    expect([ended.code, ended.done]).toEqual([0, ['resume 1', 'publish 1']]);
    expect(left()).toEqual(BASE);
  });
});

describe('definitions with mistakes: all at once, exit 2, no call to the cloud', () => {
  it('lists every problem of the file with line, value and hint', async () => {
    const text = yaml([listed('1', 'https://example.test/a.img', {checksum: 'sha256:zz'})], {
      visibilty: 'public',
      multi: 'maybe',
    }).replace("version: '1'", 'version: 1.10');
    const ran = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await desk.write(text));
    expect(ran.code).toBe(2);
    const problems = ran.errors[0]?.problems ?? [];
    expect(problems.length).toBeGreaterThanOrEqual(4);
    const reported = problems.map(({message, hint, place}) => `${place.line}: ${message} (${hint ?? ''})`).join('\n');
    expect(reported).toContain('visibilty');
    expect(reported).toContain('visibility');
    expect(reported).toContain('maybe');
    expect(reported).toContain('1.10');
    expect(reported).toContain('zz');
    expect(desk.cloud.requests).toEqual([]);
  });

  it.each([
    ['YAML that cannot be read', 'images:\n  - name: [X\n', /images\.yml|line|flow/],
    ['two definitions of one name', `${yaml([])}${yaml([]).replace('images:\n', '')}`, /X/],
    ['latest without a digest source', yaml(["- {version: latest, url: 'https://example.test/a.img'}"]), /checksum/],
  ])('%s', async (_title, text, reported) => {
    const ran = await desk.imgmgr('manage', '--cloud', 'admin', '--images', await desk.write(text));
    expect(ran.code).toBe(2);
    expect(JSON.stringify(ran.errors)).toMatch(reported);
    expect(desk.cloud.requests).toEqual([]);
  });

  it('a filter that is no regular expression, and one without a match: the nearest names', async () => {
    const images = await desk.write(yaml([], {name: 'AlmaLinux 9'}));
    const bad = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images, '--filter', '(');
    expect([bad.code, bad.errors[0]?.message.includes('(')]).toEqual([2, true]);
    const none = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images, '--filter', 'AlmaLinus 9');
    expect(none.code).toBe(2);
    expect(JSON.stringify(none.errors)).toContain('AlmaLinux 9');
    expect(desk.cloud.requests).toEqual([]);
  });
});
