import {createHash, randomUUID} from 'node:crypto';
import {createServer} from 'node:http';
import type {RequestListener, Server} from 'node:http';
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';
import type {ImageStore, ImportState} from '../../src/ports/image-store.ts';
import type {Image, NewImage} from '../../src/core/image/image.ts';
import {ImgmgrError} from '../../src/errors.ts';
import {createHttp} from '../../src/http.ts';
import type {Exchange} from '../../src/http.ts';
import {createOpenStack} from '../../src/openstack/create-openstack.ts';
import type {OpenStackCloud} from '../../src/core/resolved-cloud.ts';
import {cloudEntry} from '../fakes/cloud-entry.ts';

/** The ports from which the test cloud's Glance agrees to fetch. */
const FETCHABLE = [18_080, 8080, 443, 80];
const PASSWORD = 'lab-secret';
const MARK = `adapter-${process.pid}-${randomUUID().slice(0, 8)}`;
const BYTES = createHash('sha512').update(MARK).digest();

let upstream: Server;
let upstreamUrl: string;

beforeAll(async () => {
  upstream = await firstFree(FETCHABLE, serveUpstream);
  const address = upstream.address();
  upstreamUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
});

describe.each([
  {glance: "Debian's Glance", region: 'RegionOne', compute: true, inspects: false},
  {glance: 'the newest Glance', region: 'Latest', compute: false, inspects: true},
])('$glance', ({region, compute, inspects}) => {
  const exchanges: Exchange[] = [];
  const admin = connect('admin', region, exchanges);
  const member = connect('demo', region, []);
  const {store} = admin;
  const made: {store: ImageStore; id: string}[] = [];

  afterEach(async () => {
    for (const {store: owner, id} of made.splice(0)) {
      const image = await owner.get(id);
      if (image?.protected === true) await owner.update(image, {protected: false});
      await owner.delete(id);
    }
    exchanges.length = 0;
  });

  afterAll(async () => {
    await Promise.all([store.close(), member.store.close()]);
  });

  async function create(more: Partial<NewImage> = {}, owner: ImageStore = store): Promise<Image> {
    const image = await owner.create({
      id: randomUUID(),
      name: `${MARK} x`,
      osHidden: true,
      diskFormat: 'raw',
      tags: [MARK],
      properties: {imgmgr_run: MARK},
      ...more,
    });
    made.push({store: owner, id: image.id});
    return image;
  }

  async function active(more: Partial<NewImage> = {}): Promise<Image> {
    const {id} = await create(more);
    await store.upload({id, bytes: Readable.from([BYTES]), size: BYTES.length});
    return the(await store.get(id));
  }

  async function outcome(id: string, stores: readonly string[] = []): Promise<{state: ImportState; looks: number}> {
    for (let looks = 1; looks < 600; looks += 1) {
      const state = await store.importState(id, stores);
      if (state.kind !== 'running') return {state, looks};
      await sleep(200);
    }
    throw new Error('the import did not end');
  }

  test('tells who we are and what it offers', async () => {
    expect(await store.account()).toMatchObject({projectName: 'admin', userName: 'admin'});
    const offer = await store.offer();
    expect(offer.methods).toEqual(['web-download', 'glance-direct', 'upload']);
    expect(offer.copyImage).toBe(true);
    expect(offer.stores).toEqual([
      {id: 'file', isDefault: true},
      {id: 'fast', isDefault: false},
    ]);
    expect(await store.quota()).toEqual({});
    expect(Math.abs(store.now().getTime() - Date.now())).toBeLessThan(10_000);
  });

  test('creates with everything at once, private and hidden, under the id that we give', async () => {
    const id = randomUUID();
    const image = await create({
      id,
      minDisk: 3,
      minRam: 64,
      tags: [MARK, 'a:b'],
      properties: {imgmgr_run: MARK, os_type: 'linux', 'a/b~c': '1'},
    });
    expect(image).toMatchObject({
      id,
      status: 'queued',
      visibility: 'private',
      osHidden: true,
      minDisk: 3,
      minRam: 64,
      diskFormat: 'raw',
      containerFormat: 'bare',
      properties: {imgmgr_run: MARK, os_type: 'linux', 'a/b~c': '1'},
    });
    expect(image.tags.toSorted()).toEqual(['a:b', MARK].toSorted());
    expect(image.owner).toBe((await store.account()).projectId);
    await expect(create({id})).rejects.toMatchObject({code: 'CONFLICT'});
    await store.delete(id);
    await expect(create({id})).rejects.toMatchObject({code: 'CONFLICT'});
  });

  test('one PATCH changes name, visibility, hidden, protection, sizes, tags and properties together', async () => {
    const image = await create({properties: {imgmgr_run: MARK, old: '1', gone: '1', 'a/b~c': '1'}});
    exchanges.length = 0;
    const changed = await store.update(image, {
      name: `${MARK} y`,
      visibility: 'community',
      osHidden: false,
      protected: true,
      minDisk: 2,
      minRam: 128,
      tags: ['other', MARK],
      set: {old: '2', fresh: '3', 'n/m~o': '4'},
      remove: ['gone', 'a/b~c', 'never there'],
    });
    expect(exchanges.map(({method}) => method)).toEqual(['PATCH']);
    expect(changed).toMatchObject({
      name: `${MARK} y`,
      visibility: 'community',
      osHidden: false,
      protected: true,
      minDisk: 2,
      minRam: 128,
    });
    expect(changed.properties).toEqual({imgmgr_run: MARK, old: '2', fresh: '3', 'n/m~o': '4'});
    expect(changed.tags.toSorted()).toEqual([MARK, 'other'].toSorted());
    expect(await store.get(image.id)).toEqual(changed);
  });

  test('a PATCH of which one operation is refused changes nothing', async () => {
    const image = await create();
    await expect(store.update(image, {name: 'new', set: {os_glance_mine: 'x'}})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await store.get(image.id)).toEqual(image);
  });

  test('a stale picture of the image does no harm: a property set meanwhile is overwritten', async () => {
    const image = await create();
    await store.update(image, {set: {late: '1'}});
    expect((await store.update(image, {set: {late: '2'}})).properties['late']).toBe('2');
  });

  test('lists by tag: shown and hidden ones, our community ones, of every owner that we can see', async () => {
    const hidden = await create();
    const shown = await create({osHidden: false});
    const community = await store.update(await create(), {visibility: 'community'});
    const foreign = await create({}, member.store);
    const listed = await store.listTagged(MARK);
    expect(listed.map(({id}) => id).toSorted()).toEqual([hidden.id, shown.id, community.id, foreign.id].toSorted());
    expect(listed.find(({id}) => id === foreign.id)?.owner).toBe((await member.store.account()).projectId);
    expect((await member.store.listTagged(MARK)).map(({id}) => id)).toEqual([foreign.id]);
  });

  test('finds names with commas, quotes, backslashes and umlauts, hidden or not', async () => {
    const names = [`${MARK} a,b`, `${MARK} "q"`, `${MARK} back\\slash`, `${MARK} Übung & co`, `${MARK} plain`];
    for (const [index, name] of names.entries()) await create({name, osHidden: index % 2 === 0});
    await create({name: `${MARK} other`});
    const found = await store.listNamed([...names, `${MARK} absent`]);
    expect(found.map(({name}) => name).toSorted()).toEqual(names.toSorted());
    exchanges.length = 0;
    await store.listNamed([`${MARK} a,b`, `${MARK} plain`]);
    expect(exchanges).toHaveLength(2);
  });

  test('the right to publish is learnt without changing anything', async () => {
    const ours = await create();
    const theirs = await create({}, member.store);
    expect(await store.mayPublish(ours, 'public')).toBe(true);
    expect(await member.store.mayPublish(theirs, 'public')).toBe(false);
    expect(await member.store.mayPublish(theirs, 'community')).toBe(true);
    // R5: the question about imports changes nothing either.
    expect(await store.mayImport(ours.id)).toBe(true);
    expect(await store.get(ours.id)).toMatchObject({status: 'queued', size: null});
    expect(await store.get(ours.id)).toEqual(ours);
    expect(await member.store.get(theirs.id)).toEqual(theirs);
    await expect(member.store.update(theirs, {visibility: 'public'})).rejects.toMatchObject({code: 'FORBIDDEN'});
  });

  test('a direct upload makes the image active, with its length and chunked, in the store that is asked for', async () => {
    const sized = await create();
    await store.upload({id: sized.id, bytes: Readable.from([BYTES]), size: BYTES.length});
    const chunked = await create();
    await store.upload({id: chunked.id, bytes: Readable.from([BYTES]), store: 'fast'});
    const expected = {
      status: 'active',
      size: BYTES.length,
      osHashAlgo: 'sha512',
      osHashValue: createHash('sha512').update(BYTES).digest('hex'),
    };
    expect(await store.get(sized.id)).toMatchObject({...expected, stores: ['file']});
    expect(await store.get(chunked.id)).toMatchObject({...expected, stores: ['fast']});
    expect((await store.importState(sized.id, ['file'])).kind).toBe('done');
    const {bytes, size} = await store.download(sized.id);
    const chunks: Buffer[] = [];
    for await (const chunk of bytes) chunks.push(chunk as Buffer);
    expect([size, Buffer.concat(chunks).equals(BYTES)]).toEqual([BYTES.length, true]);
    const empty = await create();
    await expect(store.download(empty.id)).rejects.toMatchObject({code: 'NOT_FOUND'});
    await expect(store.upload({id: sized.id, bytes: Readable.from([BYTES])})).rejects.toMatchObject({code: 'CONFLICT'});
  });

  test.each([
    ['upload', true],
    ['upload', false],
    ['stage', true],
    ['stage', false],
  ] as const)(
    '%s that fails (length known: %s) puts the record back to queued and throws the stream’s own error',
    async (way, sized) => {
      const {id} = await create();
      const mine = new ImgmgrError('DIGEST_MISMATCH', 'the bytes are not the ones that were demanded');
      async function* failing(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(2_000_000);
        // Before Glance has begun, its record is queued, too.
        await eventually(async () => expect((await store.get(id))?.status).not.toBe('queued'));
        throw mine;
      }
      const request = {id, bytes: Readable.from(failing()), ...(sized ? {size: 3_000_000} : {})};
      await expect(store[way](request)).rejects.toBe(mine);
      await eventually(async () => expect((await store.get(id))?.status).toBe('queued'));
      await store[way]({id, bytes: Readable.from([BYTES]), size: BYTES.length});
      expect((await store.get(id))?.status).toBe(way === 'upload' ? 'active' : 'uploading');
    },
  );

  test('staged bytes become the image, in all demanded stores', async () => {
    const {id} = await create();
    await store.stage({id, bytes: Readable.from([BYTES]), size: BYTES.length});
    await store.importStaged({id, stores: ['file', 'fast']});
    const {state} = await outcome(id, ['file', 'fast']);
    expect(state).toMatchObject({kind: 'done', image: {status: 'active', size: BYTES.length}});
  });

  test('web-download fetches, and few calls tell when it is done', async () => {
    const {id} = await create();
    await store.importFromUrl({id, url: `${upstreamUrl}/ok`});
    exchanges.length = 0;
    const {state, looks} = await outcome(id);
    expect(state).toMatchObject({kind: 'done', image: {size: BYTES.length, stores: ['file']}});
    expect(exchanges.length).toBeLessThanOrEqual(looks + 2);
  });

  test.each(['/missing', '/cut', '/refused-port'])(
    'a web-download that fails (%s) is read within two looks after it ended',
    async (path) => {
      const {id} = await create();
      const url = path === '/refused-port' ? 'http://127.0.0.1:80/nobody' : `${upstreamUrl}${path}`;
      await store.importFromUrl({id, url});
      const {state} = await outcome(id);
      expect(state).toMatchObject({kind: 'failed', failedStores: ['file']});
      expect(state.kind === 'failed' && state.reason).toMatch(/Task failed/);
      const fresh = connect('admin', region, []).store;
      expect((await fresh.importState(id, [])).kind).toBe('failed');
      await fresh.close();
    },
  );

  test('an address that the cloud may not fetch is refused at once', async () => {
    const {id} = await create();
    const refused = store.importFromUrl({id, url: 'http://198.18.7.9:18080/x'});
    await expect(refused).rejects.toMatchObject({
      code: 'CLOUD_REFUSED',
      message: expect.stringContaining('198.18.7.9') as unknown,
    });
    expect(await store.importState(id, [])).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('nothing is importing') as unknown,
    });
  });

  test('an unknown store is refused at once', async () => {
    const {id} = await create();
    await expect(store.importFromUrl({id, url: `${upstreamUrl}/ok`, stores: ['nowhere']})).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  test('content that is not of its disk_format: the newest Glance fails the import and refuses the upload', async () => {
    const {id} = await create({diskFormat: 'qcow2'});
    await store.importFromUrl({id, url: `${upstreamUrl}/ok`});
    expect((await outcome(id)).state.kind).toBe(inspects ? 'failed' : 'done');
    const direct = await create({diskFormat: 'qcow2'});
    const upload = store.upload({id: direct.id, bytes: Readable.from([BYTES]), size: BYTES.length});
    if (inspects) await expect(upload).rejects.toMatchObject({code: 'FORMAT_REFUSED'});
    else await upload;
  });

  test('an import that runs tells so, without many calls, and ends by being deleted under us', async () => {
    const {id} = await create();
    await store.importFromUrl({id, url: `${upstreamUrl}/slow`});
    expect((await store.importState(id, [])).kind).toBe('running');
    expect((await store.importState(id, [])).kind).toBe('running');
    exchanges.length = 0;
    expect((await store.importState(id, [])).kind).toBe('running');
    expect(exchanges.map(({url}) => url.replace(/.*\//, ''))).toEqual(['tasks']);
    await eventually(async () => {
      await store.delete(id);
      expect((await store.importState(id, [])).kind).toBe('gone');
    });
  });

  test('copy-image mends a missing store; before, an image that lacks a demanded one has failed', async () => {
    const image = await active();
    expect(await store.importState(image.id, ['file', 'fast'])).toMatchObject({kind: 'failed', failedStores: ['fast']});
    await store.copyToStores({id: image.id, stores: ['fast']});
    const {state} = await outcome(image.id, ['file', 'fast']);
    expect(state.kind === 'done' && state.image.stores.toSorted()).toEqual(['fast', 'file']);
  });

  test('deactivates and reactivates', async () => {
    const {id} = await active();
    await store.setActive(id, false);
    expect((await store.get(id))?.status).toBe('deactivated');
    await store.setActive(id, true);
    expect((await store.get(id))?.status).toBe('active');
    const queued = await create();
    await expect(store.setActive(queued.id, false)).rejects.toMatchObject({code: 'FORBIDDEN'});
  });

  test('deletes; what is gone counts as deleted, what is protected or not ours is refused', async () => {
    const {id} = await create();
    await store.delete(id);
    await store.delete(id);
    expect(await store.get(id)).toBeUndefined();
    const guarded = await store.update(await create(), {protected: true});
    await expect(store.delete(guarded.id)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining('unprotect') as unknown,
    });
    const shown = await store.update(await active({osHidden: false}), {visibility: 'public'});
    await expect(member.store.delete(shown.id)).rejects.toMatchObject({code: 'FORBIDDEN'});
  });

  test('a refusal says what, where and which request', async () => {
    const refused = create({diskFormat: 'nope'});
    await expect(refused).rejects.toMatchObject({
      code: 'CLOUD_REFUSED',
      message: expect.stringContaining("'nope'") as unknown,
    });
    await expect(refused).rejects.toMatchObject({place: expect.stringMatching(/^POST \/v2\/images \(req-/) as unknown});
  });

  test('tells who uses an image, as far as it may ask', async () => {
    const id = randomUUID();
    expect((await admin.servers.imageUses({ids: [id]})).get(id)?.kind).toBe(compute ? 'unused' : 'no-service');
    expect((await member.servers.imageUses({ids: [id]})).get(id)?.kind).toBe(compute ? 'unknown' : 'no-service');
  });
});

describe('the login', () => {
  async function loginError(more: Partial<OpenStackCloud>): Promise<ImgmgrError> {
    const {store} = openCloud({...cloudOf('admin', 'RegionOne'), ...more}, []);
    const error: unknown = await store.listTagged(MARK).catch((reason: unknown) => reason);
    await store.close();
    expect(error).toBeInstanceOf(ImgmgrError);
    return error as ImgmgrError;
  }

  test('a wrong password is AUTH', async () => {
    const {auth} = cloudOf('admin', 'RegionOne');
    if (auth.type !== 'password') throw new Error('unexpected login');
    const error = await loginError({auth: {...auth, password: 'hunter2'}});
    expect(error).toMatchObject({code: 'AUTH', message: expect.stringContaining("user 'admin'") as unknown});
    expect(JSON.stringify([error.message, error.hint, error.place])).not.toContain('hunter2');
  });

  test('a region or an interface without Glance is CONFIG that names those that have it', async () => {
    const error = await loginError({region: 'Nowhere'});
    expect(error).toMatchObject({code: 'CONFIG', hint: expect.stringContaining("public in 'RegionOne'") as unknown});
  });

  test('an auth_url that leads elsewhere is CONFIG', async () => {
    const {auth} = cloudOf('admin', 'RegionOne');
    expect((await loginError({auth: {...auth, authUrl: 'http://127.0.0.1:9292'}})).code).toBe('CONFIG');
  });

  test('a token logs in too', async () => {
    const {auth} = cloudOf('admin', 'RegionOne');
    if (auth.type !== 'password') throw new Error('unexpected login');
    const http = createHttp({proxy: 'none'});
    const {logIn} = await import('../../src/openstack/login.ts');
    const {token} = await logIn(http, cloudEntry({name: 'x', auth}));
    http.close();
    const again = openCloud(
      {
        ...cloudOf('admin', 'RegionOne'),
        auth: {type: 'token', authUrl: auth.authUrl, token, scope: auth.scope},
      },
      [],
    );
    expect((await again.store.account()).projectName).toBe('admin');
    await again.store.close();
  });
});

function connect(user: string, region: string, exchanges: Exchange[]): ReturnType<typeof createOpenStack> {
  return openCloud(cloudOf(user, region), exchanges);
}

function openCloud(cloud: OpenStackCloud, exchanges: Exchange[]): ReturnType<typeof createOpenStack> {
  const http = createHttp({proxy: 'none', onExchange: (exchange) => exchanges.push(exchange)});
  return createOpenStack(cloud, {http});
}

function cloudOf(user: string, region: string): OpenStackCloud {
  const domain = {name: 'Default'};
  return cloudEntry({
    name: `${user}@${region}`,
    region,
    auth: {
      type: 'password',
      authUrl: process.env['LAB_AUTH_URL'] ?? 'http://127.0.0.1:5000/v3',
      user: {name: user, domain},
      password: PASSWORD,
      scope: {type: 'project', project: {name: user, domain}},
    },
  });
}

const serveUpstream: RequestListener = (request, response) => {
  if (request.url === '/missing') response.writeHead(404).end();
  else if (request.url === '/cut') {
    response.writeHead(200, {'Content-Length': '1000000'});
    response.write(BYTES);
    setTimeout(() => response.destroy(), 50);
  } else if (request.url === '/slow') {
    response.writeHead(200, {'Content-Length': '1000000'});
    response.write(BYTES);
    setTimeout(() => response.destroy(), 4000);
  } else response.writeHead(200, {'Content-Length': String(BYTES.length)}).end(BYTES);
};

async function firstFree(ports: readonly number[], listener: RequestListener): Promise<Server> {
  for (const port of ports) {
    const server = createServer(listener);
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (listening) return server;
  }
  throw new Error(`none of the ports ${ports.join(', ')} is free`);
}

async function eventually(assertion: () => Promise<void>): Promise<void> {
  for (let left = 50; ; left -= 1) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(200);
    }
  }
}

function the<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}
