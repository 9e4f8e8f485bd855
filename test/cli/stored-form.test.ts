import {hostname, userInfo} from 'node:os';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ImageRecord, ImageView} from '../fakes/glance/image-table.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

function stampOf(view: ImageView): Record<string, string> {
  return Object.fromEntries(
    Object.entries(view).flatMap(([key, value]) => (key.startsWith('imgmgr_') ? [[key, String(value)]] : [])),
  );
}

/** What commit 1098701 left on an image that passed its verification. */
const FORMAT_1 = {
  imgmgr_run: '5d2cf6ae-35e1-4f0c-9b2f-0d2a7f8a1c11',
  imgmgr_verdict: 'pass',
  imgmgr_verdict_cause: 'passed',
  imgmgr_verdict_checks: 'none',
  imgmgr_verdict_agent: '0.1.0',
  imgmgr_verdict_at: '2026-11-26T09:16:09Z',
  imgmgr_verdict_run: '5d2cf6ae-35e1-4f0c-9b2f-0d2a7f8a1c11',
};

/** Puts X back into the format of commit 1098701. */
function asFormat1(): void {
  const {properties} = recordOf('X');
  const kept = Object.entries(properties).filter(([key]) => key !== 'imgmgr_record' && key !== 'imgmgr_schema');
  table.byHand('X', {properties: {...Object.fromEntries(kept), ...FORMAT_1}});
}

function recordOf(name: string): ImageRecord {
  const found = table.cloud.images.find(String(table.named(name)['id']));
  if (!found) throw new Error(`no image ${name}`);
  return found;
}

describe('what is stored on a published image', () => {
  it('R16: at most eight imgmgr_* keys, none with a host, a user or a path', async () => {
    await writeFile(join(table.folder, 'disk.raw'), Buffer.alloc(50_000, 'a file'));
    await table.manage(table.x(['1']));
    const imported = await table.imgmgr('import', '--cloud', 'admin', join(table.folder, 'disk.raw'), '--name', 'Y');
    expect(imported.code, imported.text).toBe(0);
    for (const name of ['X', 'Y']) {
      const stamp = stampOf(table.named(name));
      expect(Object.keys(stamp).length).toBeLessThanOrEqual(8);
      expect(stamp['imgmgr_schema']).toBe('2');
      for (const secret of [hostname(), userInfo().username, table.folder, '/'])
        expect(JSON.stringify(Object.values(stamp)).includes(secret), secret).toBe(false);
    }
  });

  it('R16: an image of format 1 is left as it is while nothing else changes', async () => {
    await table.manage(table.x(['1']));
    asFormat1();
    await table.manage(table.x(['1']));
    await table.expectQuiet();
    expect(stampOf(table.named('X'))).toMatchObject(FORMAT_1);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['drift', 'X', () => table.manage(table.x(['1'], {login: 'admin'}))],
    ['its retirement', 'X (1)', () => table.manage(table.x(['2']))],
    [
      'hiding',
      'X (1)',
      async () => {
        await table.manage(table.x(['2']));
        return table.manage(table.x(['2']), '--hide');
      },
    ],
  ])('R16: an image of format 1 is folded by the PATCH for %s', async (_what, name, change) => {
    await table.manage(table.x(['1']));
    asFormat1();
    await change();
    const stamp = stampOf(table.named(name));
    expect(Object.keys(stamp).length).toBeLessThanOrEqual(8);
    expect(stamp['imgmgr_record']).toContain('verdict=pass');
    await table.expectQuiet();
  });
});

describe('an image in a later format', () => {
  it('R16: its definition is left alone, exit 2, and the others go on', async () => {
    const y = (versions: readonly string[]): string => table.x(versions, {name: 'Y'});
    await table.manage([table.x(['1']), y(['1'])]);
    const {properties} = recordOf('X');
    table.byHand('X', {properties: {...properties, imgmgr_schema: '3'}});
    const before = table.named('X');
    const ran = await table.manage([table.x(['2']), y(['2'])], '--delete', '--yes');
    expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([2, ['NEWER_FORMAT']]);
    expect(ran.errors[0]?.message).toContain(String(before['id']));
    expect(table.named('X')).toEqual(before);
    expect(table.named('Y')['internal_version']).toBe('2');
    await table.expectQuiet();
  });
});

describe('a snapshot of a server that runs on one of our images', () => {
  /** As Nova makes it: every property of the image, no tag. */
  function snapshot(fields: Partial<ImageRecord> = {}, format: 1 | 2 = 2): string {
    if (format === 1) asFormat1();
    const source = recordOf('X');
    const made = table.cloud.seed({
      name: 'a snapshot',
      status: 'active',
      visibility: 'private',
      tags: [],
      ...fields,
      properties: {
        ...source.properties,
        image_type: 'snapshot',
        base_image_ref: source.id,
        instance_uuid: '0a5b6f3c-4e61-4f0e-8f0b-2f6a5d0c7d11',
        ...fields.properties,
      },
    });
    return made.id;
  }

  it.each<[string, 1 | 2, Partial<ImageRecord>]>([
    ['as Nova leaves it', 2, {}],
    ['of an image of format 1', 1, {}],
    ['with our tag', 2, {tags: ['managed_by_imgmgr']}],
    ['with our tag, of an image of format 1', 1, {tags: ['managed_by_imgmgr']}],
    ['in a state of a dead run', 1, {tags: ['managed_by_imgmgr'], properties: {imgmgr_state: 'importing'}}],
    ['never published', 1, {tags: ['managed_by_imgmgr'], properties: {imgmgr_state: 'ready', imgmgr_version: '7'}}],
    ['with the tag of the peer', 2, {tags: ['managed_by_osism']}],
  ])('R16: is never listed, adopted, swept, hidden or deleted: %s', async (_what, format, fields) => {
    await table.manage(table.x(['1'], {}, {uuid_validity: 'none'}));
    const id = snapshot(fields, format);
    const before = structuredClone(table.cloud.images.find(id));
    const text = table.x(['2'], {}, {uuid_validity: 'none'});
    const ran = await table.manage(text, '--delete', '--yes', '--include-none', '--adopt', '--hide');
    expect([ran.code, ran.done]).toEqual([0, ['acquire 2', 'publish 2', 'retire 1', 'delete 1']]);
    expect(table.cloud.images.find(id)).toEqual(before);
    await table.run('delete', text, '--yes', '--include-none');
    await table.run('hide', text);
    expect(table.cloud.images.find(id)).toEqual(before);
    await table.manage(text);
    await table.expectQuiet();
  });

  it('R16: under the name of the definition it stops the definition, and the error tells how to rename it', async () => {
    await table.manage(table.x(['1']));
    const id = snapshot({name: 'X'});
    const before = structuredClone(table.cloud.images.find(id));
    const ran = await table.manage(table.x(['2']), '--adopt');
    expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([1, ['FOREIGN_IMAGE']]);
    expect(ran.errors[0]?.hint).toContain(`openstack image set --name NEW-NAME ${id}`);
    expect(table.cloud.images.find(id)).toEqual(before);
  });

  it('R16: an unstamped snapshot that fits the name scheme is not adopted', async () => {
    table.cloud.seed({
      name: 'X (1)',
      status: 'active',
      visibility: 'private',
      tags: ['managed_by_osism'],
      properties: {internal_version: '1', image_type: 'snapshot', instance_uuid: 'i'},
    });
    await table.manage(table.x(['2']), '--adopt');
    expect(stampOf(table.named('X (1)'))).toEqual({});
  });

  it('R16: its digest makes no release of a version that is to be imported', async () => {
    await table.manage(table.x(['1']));
    const id = snapshot({tags: ['managed_by_imgmgr']});
    table.cloud.images.remove(String(table.named('X')['id']), 'an operator');
    const ran = await table.manage(table.x(['1']));
    expect([ran.code, ran.done]).toEqual([0, ['acquire 1', 'publish 1']]);
    expect(table.cloud.images.find(id)).toBeDefined();
  });
});
