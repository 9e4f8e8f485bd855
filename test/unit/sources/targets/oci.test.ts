import {writeFileSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {describe, expect, it, onTestFinished} from 'vitest';
import {PushRegistry} from '../../../fakes/push-registry.ts';
import {failure, readAll, request, source} from '../under-test.ts';
import {serve} from '../web-server.ts';
import {layerOf, layerSize} from '../../../../src/sources/targets/oci/container-disk.ts';
import {tarEntries} from '../../../../src/sources/tar.ts';
import {DISK, image, pieces, write} from './under-test.ts';

const registry = async (): Promise<PushRegistry> => new PushRegistry().start();
const methods = ({calls}: PushRegistry): string[] =>
  calls.map(({method, path}) => `${method} ${/(manifests|uploads|blobs(?!\/uploads))/.exec(path)?.[1] ?? path}`);

/** Raw, with a partition table, so that it can be imported again. */
const RAW = Buffer.from(DISK.subarray(0, 512 * 1000));
RAW.fill(0, 0, 512);
RAW.set([0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0], 446);
RAW.set([0x55, 0xaa], 510);

describe('an image that is pushed', () => {
  it('is the container disk of KubeVirt: one file of the user 107 below /disk, and can be imported again', async () => {
    const at = await registry();
    const written = await write(at.url(), image(RAW, {format: 'raw'}));
    expect(written.target).toBe(`${at.url()}@${written.manifest ?? ''}`);
    const tagged = at.tagged('1');
    const [layer] = tagged?.layers ?? [];
    const tar = at.blobs.get(layer?.digest ?? '');
    expect([at.tags.get('1'), tar?.length]).toEqual([written.manifest, layer?.size]);
    const config: unknown = JSON.parse(String(at.blobs.get(tagged?.config.digest ?? '')));
    expect(config).toMatchObject({
      architecture: 'arm64',
      os: 'linux',
      rootfs: {type: 'layers', diff_ids: [layer?.digest]},
    });
    expect(tar?.subarray(108, 115).toString()).toBe('0000153');
    expect(tar?.subarray(512, 525).toString()).toBe('disk/disk.img');
    const again = await readAll(source().open(request(at.url(), {format: 'raw', architecture: 'aarch64'})));
    expect(again.content.equals(RAW)).toBe(true);
  });

  it('gets its tag last, when layer and configuration are there', async () => {
    const at = await registry();
    await write(at.url());
    expect(methods(at)).toEqual([
      'GET manifests',
      ...['POST uploads', 'PATCH uploads', 'PUT uploads'],
      ...['HEAD blobs', 'POST uploads', 'PUT uploads'],
      ...['HEAD blobs', 'HEAD blobs'],
      ...['PUT manifests', 'GET manifests'],
    ]);
  });

  it('is not sent again where the registry has it, and has the same digest', async () => {
    const at = await registry();
    const first = await write(at.url());
    at.calls.length = 0;
    expect((await write(at.url())).manifest).toBe(first.manifest);
    expect(methods(at).filter((each) => /^(?:POST|PATCH)/.test(each))).toEqual([]);
  });

  it('is sent again where another one of the same size is there', async () => {
    const at = await registry();
    const other = Buffer.from(DISK).fill(3, 0, 10);
    await write(at.url(), image(other));
    const before = at.tags.get('1');
    await write(at.url());
    expect(at.tags.get('1')).not.toBe(before);
    expect(at.open).toBe(0);
  });

  it('is counted first where nobody knows its size', async () => {
    const at = await registry();
    const {digests, show, format, architecture, createdAt, seen} = image();
    const unsized = {digests, show, format, architecture, createdAt, seen};
    const written = await write(at.url(), {
      ...unsized,
      read: () => Promise.resolve({bytes: Readable.from(pieces(DISK), {objectMode: false})}),
    });
    expect(written.bytes).toBe(DISK.length);
  });

  it.each([404, 405, 415])('goes in one PUT where the registry takes no PATCH (%i)', async (status) => {
    const at = await registry();
    at.answer = ({method}, response) => method === 'PATCH' && Boolean(response.writeHead(status).end());
    await write(at.url());
    expect(at.tagged('1')?.layers).toHaveLength(1);
    expect(at.open).toBe(0);
  });
});

describe('nothing gets the tag', () => {
  const bytes = (content: Buffer) => ({
    read: () => Promise.resolve({bytes: Readable.from(pieces(content), {objectMode: false})}),
  });

  it.each([
    ['of other bytes than the cloud says', image(DISK, bytes(Buffer.from(DISK).fill(9, 0, 5)))],
    ['of a reading that was cut', image(DISK, bytes(DISK.subarray(0, 200_000)))],
  ])('%s, and the upload is cancelled', async (_, what) => {
    const at = await registry();
    expect((await failure(write(at.url(), what))).code).toBe('DIGEST_MISMATCH');
    expect([at.tags.size, at.open]).toEqual([0, 0]);
  });

  it('after an interruption, and the upload is cancelled', async () => {
    const at = await registry();
    const abort = new AbortController();
    const stop = image(DISK, {seen: (seen) => seen > 1_000_000 && abort.abort()});
    expect((await failure(write(at.url(), stop, {signal: abort.signal}))).code).toBe('INTERRUPTED');
    await expect.poll(() => [at.tags.size, at.open]).toEqual([0, 0]);
  });

  it.each([
    ['another digest for the layer', 'PUT', /uploads/, 'DIGEST_MISMATCH'],
    ['another digest for the manifest', 'PUT', /manifests/, 'DIGEST_MISMATCH'],
    ['another digest for a blob that it has', 'HEAD', /blobs/, 'DIGEST_MISMATCH'],
  ])('where the registry answers %s', async (_, method, path, code) => {
    const at = await registry();
    at.answer = (asked, response) => {
      if (asked.method !== method || !path.test(asked.url ?? '')) return false;
      asked
        .resume()
        .once('end', () =>
          response
            .writeHead(method === 'HEAD' ? 200 : 201, {'Docker-Content-Digest': `sha256:${'0'.repeat(64)}`})
            .end(),
        );
      return true;
    };
    expect((await failure(write(at.url()))).code).toBe(code);
    expect(at.tags.size).toBe(0);
  });

  it('where the registry takes a blob and does not have it', async () => {
    const at = await registry();
    at.answer = ({method}, response) => method === 'HEAD' && Boolean(response.writeHead(404).end());
    expect((await failure(write(at.url()))).message).toContain('does not have it');
    expect(at.tags.size).toBe(0);
  });

  it('where the registry has another size of it', async () => {
    const at = await registry();
    at.answer = ({method}, response) =>
      method === 'HEAD' && Boolean(response.writeHead(200, {'Content-Length': 5}).end());
    expect((await failure(write(at.url()))).code).toBe('DIGEST_MISMATCH');
  });

  it.each(['POST', 'PATCH'])(
    'where %s leads to another server, which learns neither login nor bytes',
    async (method) => {
      const at = await registry();
      const elsewhere = await serve((_, response) => void response.writeHead(202).end());
      at.answer = (asked, response) => {
        if (asked.method !== method) return false;
        asked.resume().once('end', () => response.writeHead(202, {Location: `${elsewhere.url}/upload`}).end());
        return true;
      };
      expect((await failure(write(at.url()))).message).toContain('which is another server');
      expect(elsewhere.requests).toEqual([]);
      expect(at.tags.size).toBe(0);
    },
  );

  it('where a redirect would lead elsewhere', async () => {
    const at = await registry();
    const elsewhere = await serve((_, response) => void response.writeHead(202).end());
    at.answer = ({method}, response) =>
      method === 'POST' && Boolean(response.writeHead(307, {Location: `${elsewhere.url}/v2/`}).end());
    await failure(write(at.url()));
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([
    [401, 'SOURCE_UNAVAILABLE', 'in the middle of the upload'],
    [413, 'SOURCE_REFUSED', 'refuses the image (413)'],
    [507, 'SOURCE_UNAVAILABLE', 'answered 507'],
  ])('where the upload ends with %i', async (status, code, text) => {
    const at = await registry();
    at.answer = ({method}, response) => method === 'PATCH' && Boolean(response.writeHead(status).end());
    const error = await failure(write(at.url()));
    expect(error).toMatchObject({code});
    expect(error.message).toContain(text);
    expect([at.tags.size, at.open]).toEqual([0, 0]);
  });

  it('where the connection is cut in the middle', async () => {
    const at = await registry();
    at.answer = (asked) => asked.method === 'PATCH' && Boolean(asked.once('data', () => asked.destroy()));
    expect((await failure(write(at.url()))).code).toBe('SOURCE_UNAVAILABLE');
    expect(at.tags.size).toBe(0);
  });

  it('where the upload has no place', async () => {
    const at = await registry();
    at.answer = ({method}, response) => method === 'POST' && Boolean(response.writeHead(202).end());
    expect((await failure(write(at.url()))).message).toContain('without saying where to');
  });
});

describe('the login', () => {
  const loggedIn = (host: string): {readonly files: {readonly named: string; readonly others: []}} => {
    const folder = mkdtempSync(join(tmpdir(), 'imgmgr-logins-'));
    onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
    const named = join(folder, 'auth.json');
    writeFileSync(named, JSON.stringify({auths: {[host]: {auth: Buffer.from('me:horse').toString('base64')}}}), {
      mode: 0o600,
    });
    return {files: {named, others: []}};
  };

  it('asks for the right to push', async () => {
    const at = await registry();
    const scopes: (string | null)[] = [];
    at.answer = (asked, response) => {
      const url = new URL(asked.url ?? '', 'http://x');
      if (url.pathname === '/token') {
        scopes.push(url.searchParams.get('scope'));
        response.end('{"token":"t0ken"}');
        return true;
      }
      if (asked.headers.authorization === 'Bearer t0ken') return false;
      response.writeHead(401, {'WWW-Authenticate': `Bearer realm="http://${at.host}/token",service="x"`}).end();
      return true;
    };
    await write(at.url(), image(), {logins: loggedIn(at.host)});
    expect(new Set(scopes)).toEqual(new Set(['repository:team/disk:pull,push']));
    expect(at.tagged('1')?.layers).toHaveLength(1);
  });

  it('that may not push is an error that says so', async () => {
    const at = await registry();
    at.answer = (_, response) => Boolean(response.writeHead(401, {'WWW-Authenticate': 'Basic realm="x"'}).end());
    const error = await failure(write(at.url(), image(), {logins: loggedIn(at.host)}));
    expect(error.message).toContain('refuses to take the image');
    expect(error.hint).toContain('push');
  });
});

it.each(['oci://registry', 'oci://r.example.org/a:1@sha256:' + '0'.repeat(64), 'oci://r.example.org/A'])(
  '%s is no tag, which is said before anything is asked',
  async (address) => {
    expect((await failure(write(address))).code).toBe('USAGE');
  },
);

it('a disk of more than 8 GiB has its size in a header that tar and our reader know', async () => {
  const size = 9 * 2 ** 30;
  const begin = layerOf({format: 'raw', size}, Readable.from([]));
  const header = (await begin.next()).value as Buffer;
  const entries = tarEntries(Readable.from([header]), 'x');
  const sizes: [string, number][] = [];
  await failure(
    (async () => {
      for await (const entry of entries) sizes.push([entry.path, entry.size]);
    })(),
  );
  expect(sizes).toEqual([
    ['disk', 0],
    ['disk/disk.img', size],
  ]);
  expect(layerSize(size) % 512).toBe(0);
});
