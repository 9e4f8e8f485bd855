import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import {FakeRegistry} from '../fakes/registry.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

const QCOW2 = makeQcow2({virtualBytes: 4 * 2 ** 20, dataBytes: 100_000});
let table: Table;
let registry: FakeRegistry;

beforeEach(async () => {
  table = await openTable();
  registry = await new FakeRegistry().start();
  push('1', QCOW2);
});
afterEach(() => table.close());

function push(tag: string, disk: Uint8Array): string {
  const image = registry.image([registry.layer([{name: 'disk/debian.qcow2', content: disk}])]);
  registry.tag(tag, image);
  return image.digest;
}

const definition = (extra: Readonly<Record<string, string>> = {}, url = registry.url()): string =>
  table.x([listed('1', url, extra)], {format: 'qcow2'});

describe('a definition whose url is a container image', () => {
  it('makes an image of the file below /disk, private by its source, and remembers the digest of the tag', async () => {
    const digest = push('1', QCOW2);
    const ran = await table.manage(definition());
    expect([ran.code, ran.errors]).toEqual([0, []]);
    const image = table.named('X');
    expect(fields(image, 'disk_format', 'size', 'visibility', 'image_source')).toEqual([
      ...['qcow2', QCOW2.length],
      ...['public', 'private'],
    ]);
    const shown = await table.print('show', 'X', '--cloud', 'admin', '--images', join(table.folder, 'images.yml'));
    expect(shown.out).toContain(`${registry.url()}@${digest}`);
    await table.expectQuiet();
  });

  it('demands the digest of the definition, and is the same image whatever the tag means tomorrow', async () => {
    const wrong = await table.manage(definition({checksum: `sha256:${'0'.repeat(64)}`}));
    expect([wrong.code, wrong.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    expect(table.cloud.images.all().map(({status}) => status)).toEqual([]);
    expect((await table.manage(definition())).code).toBe(0);
    push('1', makeQcow2({virtualBytes: 8 * 2 ** 20, dataBytes: 100_000}));
    const again = await table.manage(definition());
    expect([again.code, again.counts['unchanged']]).toEqual([0, 1]);
  });

  it('may be the mirror of a web address, which stays image_source', async () => {
    const url = table.serve('1', QCOW2);
    const ran = await table.manage(definition({mirror_url: registry.url()}, url));
    expect([ran.code, fields(table.named('X'), 'image_source', 'size')]).toEqual([0, [url, QCOW2.length]]);
  });

  it('that is not there, or has no disk, is one error, and nothing is left in the cloud', async () => {
    registry.tag('empty', registry.image([registry.layer([{name: 'etc/x', content: 'x'}])]));
    for (const [reference, message] of [
      [':gone', 'answered 404'],
      [':empty', 'has no file below /disk'],
    ] as const) {
      const ran = await table.manage(definition({}, registry.url(reference)));
      expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([1, ['SOURCE_REFUSED']]);
      expect(ran.errors[0]?.message).toContain(message);
    }
    expect(table.cloud.images.all()).toEqual([]);
  });

  it('that is no address of one is found before any cloud is asked', async () => {
    const ran = await table.manage(definition({}, 'oci://registry.example.org/Team/disk'));
    expect(ran.code).toBe(2);
    expect(ran.errors[0]?.problems?.[0]?.message).toContain('names no container image');
    expect(table.cloud.writes()).toEqual([]);
  });

  it('is only named by dry-run', async () => {
    const ran = await table.print('dry-run', '--cloud', 'admin', '--images', await table.write(definition()));
    expect([ran.code, ran.out.includes(registry.url())]).toEqual([3, true]);
    expect(registry.requests).toEqual([]);
  });
});

describe('import of a container image', () => {
  it('is called like the repository, and needs its format', async () => {
    const without = await table.imgmgr('import', registry.url(), '--cloud', 'admin');
    expect([without.code, without.errors[0]?.message]).toEqual([
      2,
      `${registry.url()} does not contain the format of the image`,
    ]);
    const ran = await table.imgmgr('import', registry.url(), '--cloud', 'admin', '--disk-format', 'qcow2');
    expect([ran.code, ran.errors]).toEqual([0, []]);
    expect(fields(table.named('disk'), 'size', 'image_source')).toEqual([QCOW2.length, 'private']);
  });

  it('uses the login of REGISTRY_AUTH_FILE, and shows no password', async () => {
    const password = 'correct-horse-battery';
    const expected = `Basic ${Buffer.from(`me:${password}`).toString('base64')}`;
    registry.answer = ({headers}, response) => {
      if (headers.authorization === expected) return false;
      response.writeHead(401, {'WWW-Authenticate': `Basic realm="${password}"`}).end();
      return true;
    };
    const argv = ['import', registry.url(), '--cloud', 'admin', '--disk-format', 'qcow2', '--no-verify'];
    const refused = await table.print(...argv);
    expect([refused.code, refused.err.includes('REGISTRY_AUTH_FILE')]).toEqual([1, true]);
    await table.close();
    const folder = join(table.folder, 'logins');
    await mkdir(folder, {recursive: true});
    const file = join(folder, 'auth.json');
    await writeFile(file, JSON.stringify({auths: {[registry.host]: {username: 'me', password}}}), {mode: 0o600});
    table = await openTable({}, {REGISTRY_AUTH_FILE: file});
    const ran = await table.print(...argv, '--debug');
    expect([ran.code, ran.out.includes(password), ran.err.includes(password)]).toEqual([0, false, false]);
    expect(ran.err).not.toContain(expected);
    registry.answer = (__, response) => {
      response.writeHead(302, {Location: `ftp://example.test/${password}`}).end();
      return true;
    };
    const echoed = await table.print(...argv, '--name', 'other');
    expect([echoed.code, echoed.err.includes('***'), echoed.err.includes(password)]).toEqual([1, true, false]);
  });
});
