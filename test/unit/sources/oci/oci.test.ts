import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync, zstdCompressSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {SourceRequest} from '../../../../src/ports/image-source.ts';
import {SecretRegistry} from '../../../../src/secrets/registry.ts';
import type {SourceOptions} from '../../../../src/sources/create-source.ts';
import {digestOf, failure, noise, readAll, request, source} from '../under-test.ts';
import {pax, tarFile} from '../../../fakes/tar-file.ts';
import {serve} from '../web-server.ts';
import type {Blob} from '../../../fakes/registry.ts';
import {FakeRegistry, sha256, TYPES} from '../../../fakes/registry.ts';

const registryWith = async (image: (registry: FakeRegistry) => Blob): Promise<FakeRegistry> => {
  const registry = await new FakeRegistry().start();
  return registry.tag('1', image(registry));
};

/** A raw disk with a partition table of one entry. */
const DISK = ((): Buffer => {
  const disk = noise(200_000);
  disk.fill(0, 0, 512);
  disk.set([0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0], 446);
  disk.set([0x55, 0xaa], 510);
  return disk;
})();
const RAW = {format: 'raw', architecture: 'x86_64'} as const;
const DISK_MEMBER = {name: 'disk/image.img', content: DISK};

const open = async (
  url: string,
  more: Partial<SourceRequest> = {},
  options: Partial<SourceOptions> = {},
): ReturnType<typeof readAll> => readAll(source(options).open(request(url, {...RAW, ...more})));
const refused = async (...args: Parameters<typeof open>): Promise<string> => {
  const {code, message} = await failure(open(...args));
  return `${code} ${message}`;
};

describe('the disk of a container image', () => {
  it.each([
    ['gzip', TYPES.layer, gzipSync],
    ['zstd', 'application/vnd.oci.image.layer.v1.tar+zstd', zstdCompressSync],
    ['plain', 'application/vnd.docker.image.rootfs.diff.tar', (tar: Buffer) => tar],
    ['gzip that is called plain', 'application/vnd.oci.image.layer.v1.tar', gzipSync],
  ])('is the one file below /disk (%s)', async (_, mediaType, pack) => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER], {mediaType, pack})]));
    const {content, opened} = await open(registry.url());
    expect(content.equals(DISK)).toBe(true);
    expect(opened.size).toBe(DISK.length);
    expect(opened.path).toBeUndefined();
    const {origin, digests} = opened.facts();
    expect(origin).toMatch(/^oci:\/\/127\.0\.0\.1:\d+\/team\/disk:1@sha256:[0-9a-f]{64}$/);
    expect(digests).toContainEqual(digestOf(DISK, 'sha512'));
  });

  it('is looked at without reading all of it, and the cloud cannot fetch it itself', async () => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])]));
    const probe = await source().probe(request(registry.url(), RAW));
    expect(probe).toEqual({
      url: registry.url(),
      compressed: false,
      remote: false,
      size: DISK.length,
      virtualSize: DISK.length,
    });
  });

  it('has the digest that the definition demands, or none of it is an image', async () => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])]));
    expect((await open(registry.url(), {digest: digestOf(DISK)})).content).toHaveLength(DISK.length);
    expect(await refused(registry.url(), {digest: digestOf(Buffer.from('x'))})).toMatch(/^DIGEST_MISMATCH/);
  });

  it('may be compressed itself', async () => {
    const registry = await registryWith((at) =>
      at.image([at.layer([{name: 'disk/d.raw.gz', content: gzipSync(DISK)}])]),
    );
    expect((await open(registry.url())).content.equals(DISK)).toBe(true);
  });

  it('is named by the digest of its manifest', async () => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])]));
    const image = registry.image([registry.layer([DISK_MEMBER])]);
    expect((await open(registry.url(`@${image.digest}`))).opened.facts().origin).toBe(registry.url(`@${image.digest}`));
    registry.replace(image.digest, Buffer.from('{"schemaVersion":2,"layers":[]}'));
    expect(await refused(registry.url(`@${image.digest}`))).toMatch(/^DIGEST_MISMATCH .* has the digest sha256:/);
  });

  it('goes on where a connection broke', async () => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])]));
    let broken = 0;
    registry.answer = (asked, response) => {
      if (asked.url?.includes('/blobs/') !== true || asked.headers.range !== undefined || broken > 1) return false;
      // The configuration first, then the layer.
      broken += 1;
      if (broken === 1) return false;
      response.writeHead(200, {'Content-Length': registry.layer([DISK_MEMBER]).size});
      response.write('', () => response.destroy());
      return true;
    };
    expect((await open(registry.url())).content.equals(DISK)).toBe(true);
    expect(broken).toBe(2);
  });
});

describe('layers', () => {
  const upper = (...members: Parameters<FakeRegistry['layer']>[0]) => members;
  const lower = [DISK_MEMBER, {name: 'etc/passwd', content: 'root'}];
  const image = (...layers: Parameters<FakeRegistry['layer']>[0][]) =>
    registryWith((at) => at.image(layers.map((members) => at.layer(members))));

  it.each([
    ['nothing of it', upper({name: 'diskette/x', content: 'y'}, {name: 'etc/disk/y', content: 'z'})],
    ['the folder', upper({name: './disk/', type: '5'})],
    ['a whiteout of another name', upper({name: 'disk/.wh.other'})],
    ['links elsewhere', upper({name: 'lib', type: '2'})],
  ])('above the disk that have %s leave it', async (_, members) => {
    expect((await open((await image(lower, members)).url())).content.equals(DISK)).toBe(true);
  });

  it.each([
    ['its whiteout', upper({name: 'disk/.wh.image.img'})],
    ['a whiteout of the folder', upper({name: '.wh.disk'})],
    ['an opaque folder', upper({name: 'disk/', type: '5'}, {name: 'disk/.wh..wh..opq'})],
    ['an opaque root', upper({name: '.wh..wh..opq'})],
    ['a folder of its name', upper({name: 'disk/image.img', type: '5'})],
  ])('above the disk hide it with %s', async (_, members) => {
    const registry = await image(lower, members);
    expect(await refused(registry.url())).toBe(`SOURCE_REFUSED ${registry.url()} has no file below /disk`);
  });

  it('above win over those below, as another file in the place of a hidden one', async () => {
    const old = {name: 'disk/image.img', content: noise(1000)};
    expect((await open((await image([old], lower)).url())).content.equals(DISK)).toBe(true);
    const replaced = await image([{name: 'disk/old.img', content: 'old'}], [{name: 'disk/.wh.old.img'}, DISK_MEMBER]);
    expect((await open(replaced.url())).content.equals(DISK)).toBe(true);
    const below = await image([{name: 'disk/sub/old.img', content: 'old'}], [{name: 'disk/.wh.sub'}, DISK_MEMBER]);
    expect((await open(below.url())).content.equals(DISK)).toBe(true);
  });

  it('do not hide what stands in the same layer', async () => {
    expect((await open((await image([{name: 'disk/.wh..wh..opq'}, DISK_MEMBER])).url())).content.equals(DISK)).toBe(
      true,
    );
  });

  it.each([
    [
      'two files',
      [[DISK_MEMBER, {name: 'disk/b', content: 'x'}]],
      'has several files below /disk ("/disk/image.img", "/disk/b")',
    ],
    [
      'another one below',
      [[{name: 'disk/b', content: 'x'}], [DISK_MEMBER]],
      'has several files below /disk ("/disk/image.img", "/disk/b")',
    ],
    ['one file twice', [[DISK_MEMBER, DISK_MEMBER]], 'has "/disk/image.img" twice in one layer'],
    ['a link', [[{name: 'disk/a', type: '2'}]], 'has "/disk/a", which is neither a file nor a folder'],
    ['a hard link', [[{name: 'disk/a', type: '1'}]], 'has "/disk/a", which is neither a file nor a folder'],
    ['a device', [[{name: 'disk/a', type: '3'}]], 'has "/disk/a", which is neither a file nor a folder'],
    [
      'a link in the place of the folder',
      [[{name: 'disk', type: '2'}]],
      'has "/disk", which is neither a file nor a folder',
    ],
    [
      'a file in the place of the folder',
      [[{name: 'disk', content: 'x'}]],
      'has a file of the name /disk, and no folder',
    ],
    ['nothing', [[{name: 'etc/x', content: 'x'}]], 'has no file below /disk'],
    ['a name outside', [[{name: '../disk/x', content: 'x'}, DISK_MEMBER]], 'has a member outside of it: "../disk/x"'],
    [
      'very many names',
      [Array.from({length: 1001}, (_, at) => ({name: `disk/d${at}`, type: '5'}))],
      'has more than 1000 names below /disk',
    ],
    [
      'very many whiteouts',
      [Array.from({length: 1001}, (_, at) => ({name: `disk/.wh.${at}`}))],
      'has more than 1000 names below /disk',
    ],
  ])('with %s are refused', async (_, layers, message) => {
    const registry = await image(...layers);
    expect(await refused(registry.url())).toMatch(/^(?:SOURCE|FORMAT)_REFUSED /);
    expect(await refused(registry.url())).toContain(`${registry.url()} ${message}`);
  });

  it('that unpack to more than the limit are refused, whatever they say', async () => {
    const bomb = {name: 'zeros', content: Buffer.alloc(5_000_000)};
    const registry = await image([DISK_MEMBER], [bomb]);
    const limits = {download: 1_000_000, unpacked: 1_000_000, virtual: 1e9};
    expect(await refused(registry.url(), {limits})).toContain('is, unpacked, larger than the limit of 1000000 bytes');
    const small = {...limits, download: 1000};
    expect(await refused(registry.url(), {limits: small})).toContain('is larger than the limit of 1000 bytes');
  });

  it('are refused when they are another compression, damaged, or cut off', async () => {
    const xz = await registryWith((at) =>
      at.image([at.blob(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0, 0]), TYPES.layer)]),
    );
    expect(await refused(xz.url())).toContain('has a layer that is compressed with xz');
    const cut = await registryWith((at) =>
      at.image([at.layer([DISK_MEMBER], {pack: (tar) => gzipSync(tar).subarray(0, -20)})]),
    );
    expect(await refused(cut.url())).toContain('is damaged gz');
    const sparse = await image([pax({'GNU.sparse.major': '1'}), DISK_MEMBER]);
    expect(await refused(sparse.url())).toContain('has a sparse file');
  });
});

describe('a registry that lies', () => {
  it.each([
    ['other bytes', tarFile([{name: 'b'}]), 'has the digest'],
    ['more bytes', Buffer.concat([tarFile([{name: 'a'}]), Buffer.alloc(9)]), 'bytes, and its manifest says'],
    ['fewer bytes', tarFile([{name: 'a'}], Buffer.alloc(0)), 'bytes, and its manifest says'],
  ])('about a layer (%s) ends in no image', async (_, served, message) => {
    const plain = (tar: Buffer): Buffer => tar;
    const registry = await registryWith((at) =>
      at.image([at.layer([{name: 'a'}], {pack: plain}), at.layer([DISK_MEMBER])]),
    );
    const lowest = registry.layer([{name: 'a'}], {pack: plain});
    registry.replace(lowest.digest, served);
    expect(await refused(registry.url())).toContain(message);
  });

  it('about its manifests: each has the digest and the size by which it was named', async () => {
    const registry = await new FakeRegistry().start();
    const inner = registry.image([registry.layer([DISK_MEMBER])]);
    const platform = {os: 'linux', architecture: 'amd64'};
    registry.tag('1', registry.index([{...inner, platform}]));
    expect((await open(registry.url())).content.equals(DISK)).toBe(true);
    registry.tag('size', registry.index([{...inner, size: inner.size + 1, platform}]));
    expect(await refused(registry.url(':size'))).toMatch(/^DIGEST_MISMATCH .* its manifest says/);
    registry.replace(inner.digest, Buffer.from('{}'));
    expect(await refused(registry.url())).toMatch(/^DIGEST_MISMATCH/);
  });

  it.each([
    ['no JSON', 'x', 'has a manifest that cannot be read'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'has a manifest that cannot be read'],
    ['the first form', '{"schemaVersion":1}', 'has a manifest that cannot be read (schemaVersion)'],
    [
      'an image and a list at once',
      '{"schemaVersion":2,"layers":[],"manifests":[]}',
      'has a manifest that is an image and a list of images at once',
    ],
    ['something else', '{"schemaVersion":2,"mediaType":"a/b","layers":[]}', 'has a manifest of another kind (a/b)'],
    ['neither', '{"schemaVersion":2}', 'has a manifest of another kind (application/vnd.oci.image.manifest.v1+json)'],
    [
      'a digest that is a path',
      '{"schemaVersion":2,"layers":[{"digest":"../../x","size":1}]}',
      'has a manifest that cannot be read (layers.0.digest)',
    ],
    [
      'a negative size',
      `{"schemaVersion":2,"layers":[{"digest":"${sha256(Buffer.from(''))}","size":-1}]}`,
      'has a manifest that cannot be read (layers.0.size)',
    ],
    [
      '10,000 layers',
      JSON.stringify({schemaVersion: 2, layers: Array(10_000).fill({digest: sha256(Buffer.from('')), size: 1})}),
      'has a manifest that cannot be read (layers)',
    ],
    [
      'a file that is no tar',
      `{"schemaVersion":2,"layers":[{"mediaType":"text/plain","digest":"${sha256(Buffer.from(''))}","size":1}]}`,
      'has a layer of the type text/plain, which is no tar',
    ],
    [
      'a foreign layer',
      `{"schemaVersion":2,"layers":[{"mediaType":"${TYPES.layer}","digest":"${sha256(Buffer.from(''))}","size":1,"urls":["http://example.test/"]}]}`,
      'has a layer that lies on another server',
    ],
    [
      'a layer that may not be handed on',
      `{"schemaVersion":2,"layers":[{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","digest":"${sha256(Buffer.from(''))}","size":1}]}`,
      'has a layer that lies on another server',
    ],
  ])('with a manifest that is %s is refused', async (_, body, message) => {
    const registry = await registryWith((at) => at.blob(Buffer.from(body), TYPES.manifest));
    expect(await refused(registry.url())).toBe(`SOURCE_REFUSED ${registry.url()} ${message}`);
  });

  it('with a manifest or a configuration without end is left', async () => {
    const large = await registryWith((at) => at.blob(Buffer.alloc(5_000_000, ' '), TYPES.manifest));
    expect(await refused(large.url())).toContain('has more than 4194304 bytes');
    const config = {mediaType: TYPES.config, digest: sha256(Buffer.from('x')), size: 5_000_000};
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])], config));
    expect(await refused(registry.url())).toContain('has a configuration of 5000000 bytes');
  });
});

describe('the processor', () => {
  const platforms = (...names: readonly string[]) =>
    registryWith((at) =>
      at.index(
        names.map((name) => {
          const [os = '', architecture = '', variant] = name.split('/');
          const members = [{name: 'disk/x.img', content: Buffer.concat([DISK, Buffer.from(name)])}];
          return {
            ...at.image([at.layer(members)]),
            platform: {os, architecture, ...(variant !== undefined && {variant})},
          };
        }),
      ),
    );
  const chosen = async (registry: FakeRegistry, architecture?: string): Promise<string> => {
    const {content} = await readAll(
      source().open(request(registry.url(), {format: 'raw', ...(architecture !== undefined && {architecture})})),
    );
    return content.subarray(DISK.length).toString();
  };

  it.each([
    [['linux/amd64', 'linux/arm64'], 'aarch64', 'linux/arm64'],
    [['linux/amd64', 'linux/arm64/v8'], 'aarch64', 'linux/arm64/v8'],
    [['linux/amd64', 'linux/amd64/v3', 'windows/amd64', 'unknown/unknown'], 'x86_64', 'linux/amd64'],
    [['linux/s390x'], undefined, 'linux/s390x'],
  ])('of %j for %s is %s', async (names, architecture, expected) => {
    expect(await chosen(await platforms(...names), architecture)).toBe(expected);
  });

  it('is refused where none or several fit', async () => {
    const registry = await platforms('linux/amd64', 'linux/arm64');
    expect(await refused(registry.url(), {architecture: 's390x'})).toContain(
      'has no image for s390x, but for amd64, arm64',
    );
    expect((await failure(chosen(registry))).message).toContain('has several images (amd64, arm64)');
    const twice = await platforms('linux/amd64', 'linux/amd64');
    expect(await refused(twice.url())).toContain('has several images (amd64)');
  });

  it('of an image without a list is that of its configuration', async () => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])], at.config('arm64')));
    expect(await refused(registry.url())).toContain('is an image for arm64, and the definition says x86_64');
    expect((await open(registry.url(), {architecture: 'aarch64'})).content).toHaveLength(DISK.length);
  });

  it('lists in lists are refused', async () => {
    const registry = await new FakeRegistry().start();
    registry.tag('1', registry.index([registry.index([registry.image([registry.layer([DISK_MEMBER])])])]));
    expect(await refused(registry.url())).toContain('has a list of images in a list of images');
  });
});

describe('a login', () => {
  const PASSWORD = 'correct-horse-battery';
  const logins = (content: unknown, mode = 0o600): {named: string; others: string[]} => {
    const folder = mkdtempSync(join(tmpdir(), 'imgmgr-oci-'));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    writeFileSync(join(folder, 'auth.json'), typeof content === 'string' ? content : JSON.stringify(content), {mode});
    return {named: join(folder, 'auth.json'), others: []};
  };
  /** Demands a token, and a login for the token unless `anonymous`; layers are handed out by another server. */
  const guarded = async ({anonymous = false} = {}) => {
    const registry = await registryWith((at) => at.image([at.layer([DISK_MEMBER])]));
    const elsewhere = await serve((asked, response) => {
      const [, digest = ''] = /blob=(.*)$/.exec(asked.url ?? '') ?? [];
      response.writeHead(302, {Location: `http://${registry.host}/raw/${digest}`}).end();
    });
    const seen: string[] = [];
    registry.answer = (asked, response) => {
      const {authorization = ''} = asked.headers;
      if (asked.url?.startsWith('/token?') === true) {
        seen.push(`token ${asked.url} ${authorization}`);
        const isKnown = authorization === `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`;
        if (!anonymous && !isKnown) response.writeHead(401).end();
        else response.writeHead(200, {'Content-Type': 'application/json'}).end('{"token":"t0ken-of-the-registry"}');
        return true;
      }
      if (authorization === 'Bearer t0ken-of-the-registry') return false;
      const realm = `Bearer realm="http://${registry.host}/token",service="s",scope="x"`;
      response.writeHead(401, {'WWW-Authenticate': realm}).end();
      return true;
    };
    return {registry, elsewhere, seen};
  };

  it('is not needed where a token is given to everybody', async () => {
    const {registry, seen} = await guarded({anonymous: true});
    expect((await open(registry.url())).content.equals(DISK)).toBe(true);
    expect(seen).toEqual(['token /token?service=s&scope=repository%3Ateam%2Fdisk%3Apull ']);
  });

  it.each([
    ['auth', (host: string) => ({auths: {[host]: {auth: Buffer.from(`me:${PASSWORD}`).toString('base64')}}})],
    ['user and password', (host: string) => ({auths: {[host]: {username: 'me', password: PASSWORD}}})],
    ['an address', (host: string) => ({auths: {[`https://${host}/v2/`]: {username: 'me', password: PASSWORD}}})],
    [
      'the longest path that fits',
      (host: string) => ({
        auths: {
          [host]: {username: 'x', password: 'y'},
          [`${host}/team/disk`]: {username: 'me', password: PASSWORD},
          [`${host}/team/di`]: {username: 'x', password: 'y'},
        },
      }),
    ],
  ])('of a file is used (%s)', async (_, content) => {
    const {registry, seen} = await guarded();
    const {content: bytes} = await open(registry.url(), {}, {logins: {files: logins(content(registry.host))}});
    expect(bytes.equals(DISK)).toBe(true);
    expect(seen).toHaveLength(1);
  });

  it('that is wrong, missing, or known to a program alone is refused, and the password is not shown', async () => {
    const {registry} = await guarded();
    const none = await failure(open(registry.url()));
    expect([none.code, none.hint]).toEqual(['SOURCE_REFUSED', expect.stringContaining('REGISTRY_AUTH_FILE')]);
    const wrong = logins({auths: {[registry.host]: {username: 'me', password: 'wrong-wrong-wrong'}}});
    const {hint, message} = await failure(open(registry.url(), {}, {logins: {files: wrong}}));
    expect(hint).toBe('check user and password, and that this user may pull the image');
    expect(message).not.toContain('wrong-wrong');
    const helper = logins({credHelpers: {[registry.host]: 'pass'}});
    expect((await failure(open(registry.url(), {}, {logins: {files: helper}}))).hint).toContain(
      'docker-credential-pass',
    );
  });

  it('as Basic goes to the registry alone', async () => {
    const {registry} = await guarded();
    registry.answer = ({headers: {authorization}}, response) => {
      if (authorization === `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`) return false;
      response.writeHead(401, {'WWW-Authenticate': 'Basic realm="x"'}).end();
      return true;
    };
    const known = logins({auths: {[registry.host]: {username: 'me', password: PASSWORD}}});
    expect((await open(registry.url(), {}, {logins: {files: known}})).content.equals(DISK)).toBe(true);
    expect((await failure(open(registry.url()))).code).toBe('SOURCE_REFUSED');
  });

  it('is not sent to the server that a registry redirects to', async () => {
    const {registry} = await guarded({anonymous: true});
    const inner = registry.answer;
    const layer = registry.layer([DISK_MEMBER]);
    const other = await new FakeRegistry().start();
    other.layer([DISK_MEMBER]);
    registry.answer = (asked, response) => {
      if (inner(asked, response)) return true;
      if (asked.url?.endsWith(`/blobs/${layer.digest}`) !== true) return false;
      response.writeHead(307, {Location: `http://${other.host}/v2/team/disk/blobs/${layer.digest}`}).end();
      return true;
    };
    expect((await open(registry.url(), {}, {allowPrivate: true})).content.equals(DISK)).toBe(true);
    expect(other.requests.map(({headers}) => headers.authorization)).toEqual([undefined]);
    const {message} = await failure(open(registry.url()));
    expect(message).toContain('is a redirect to the private address 127.0.0.1');
  });

  it.each([
    ['of another host', 'https://login.example.test/token'],
    ['of plain http', 'http://login.example.test/token'],
    ['of no address', 'nowhere'],
  ])('%s is never sent', async (_, realm) => {
    const {registry} = await guarded();
    registry.answer = (__, response) => {
      response.writeHead(401, {'WWW-Authenticate': `Bearer realm="${realm}"`}).end();
      return true;
    };
    const known = logins({auths: {[registry.host]: {username: 'me', password: PASSWORD}}});
    const {message} = await failure(open(registry.url(), {}, {logins: {files: known}}));
    expect(message).toContain('which is not an https address of its own domain');
  });

  it.each([
    [
      'others may read it',
      {auths: {'a.test': {auth: 'eDp5'}}},
      0o644,
      /may be read by others than its owner \(mode 0644\)$/,
    ],
    ['it is no JSON', '{"auths": secret-secret', 0o600, /is no JSON$/],
    ['it is another file', '[]', 0o600, /is no file of logins \(no object\)$/],
    [
      'its login is not readable',
      (host: string) => ({auths: {[host]: {auth: 'eA=='}}}),
      0o600,
      /has no readable login for 127/,
    ],
    [
      'it has an identity token',
      (host: string) => ({auths: {[host]: {identitytoken: 'x'}}}),
      0o600,
      /has an identity token for 127/,
    ],
  ])('file is refused when %s', async (_, content, mode, message) => {
    const {registry} = await guarded();
    const file = logins(typeof content === 'function' ? content(registry.host) : content, mode);
    const {code, message: said} = await failure(open(registry.url(), {}, {logins: {files: file}}));
    expect(code).toBe('CONFIG');
    expect(said).toMatch(message);
    expect(said).not.toContain('secret');
  });

  it('becomes known to those who hide secrets, before the registry is sent anything', async () => {
    const {registry} = await guarded();
    registry.answer = (__, response) => {
      response.writeHead(401, {'WWW-Authenticate': `Bearer realm="https://example.test/${PASSWORD}"`}).end();
      return true;
    };
    const secrets = new SecretRegistry();
    const files = logins({auths: {[registry.host]: {username: 'me', password: PASSWORD}}});
    const {message} = await failure(open(registry.url(), {}, {logins: {files, secrets}}));
    expect([message.includes(PASSWORD), secrets.scrub(message).includes(PASSWORD)]).toEqual([true, false]);
  });

  it.each([
    [
      'a FIFO',
      (path: string) => void execFileSync('mkfifo', ['-m', '600', path]),
      /auth\.json is a FIFO, not a regular file$/,
    ],
    ['a folder', (path: string) => mkdirSync(path), /auth\.json is a folder, not a regular file$/],
    ['a device', (path: string) => symlinkSync('/dev/zero', path), /auth\.json is a device, not a regular file$/],
    [
      'very large',
      (path: string) => writeFileSync(path, Buffer.alloc(2 ** 20 + 1), {mode: 0o600}),
      /is larger than 1048576 bytes$/,
    ],
  ])('file that is %s is refused at once', async (_, make, message) => {
    const {registry} = await guarded();
    const folder = mkdtempSync(join(tmpdir(), 'imgmgr-oci-'));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    const path = join(folder, 'auth.json');
    make(path);
    for (const files of [{named: path, others: []}, {others: [path]}]) {
      const error = await failure(open(registry.url(), {}, {logins: {files}}));
      expect([error.code, message.test(error.message)]).toEqual(['CONFIG', true]);
    }
  });

  it('file that is named has to be there, one of the usual places need not', async () => {
    const {registry} = await guarded();
    const {code} = await failure(
      open(registry.url(), {}, {logins: {files: {named: '/nonexistent/auth.json', others: []}}}),
    );
    expect(code).toBe('CONFIG');
    const others = {others: ['/nonexistent/auth.json', '/nonexistent/config.json']};
    expect((await failure(open(registry.url(), {}, {logins: {files: others}}))).code).toBe('SOURCE_REFUSED');
  });
});

it.each([
  ['oci://example.test', 'names no container image'],
  ['oci:example.test/a', 'names no container image'],
])('%s is refused', async (url, message) => expect(await refused(url)).toContain(message));

it('an image that is not there is refused', async () => {
  const registry = await new FakeRegistry().start();
  expect(await refused(registry.url())).toMatch(
    /^SOURCE_REFUSED http:\/\/127\.0\.0\.1:\d+\/v2\/team\/disk\/manifests\/1 answered 404$/,
  );
});
