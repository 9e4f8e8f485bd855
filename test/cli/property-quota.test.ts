import {afterEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table | undefined;

afterEach(async () => table?.close());

const MANY = Object.fromEntries(Array.from({length: 20}, (_, n) => [`p${n}`, 'x']));

describe('an image with more properties than the cloud allows', () => {
  it('R11: exits 1, tries once, and the hint names the quota and how many properties there are', async () => {
    table = await openTable({quota: {properties: 30}});
    const ran = await table.manage(table.x(['1'], {}, MANY));
    expect([ran.code, ran.errors.map(({code}) => code), ran.done]).toEqual([1, ['LIMIT'], []]);
    expect(ran.errors[0]?.message).toContain('Maximum: 30');
    expect(ran.errors[0]?.hint).toMatch(
      /the image would have (3[1-9]|4\d) properties, [1-8] of them imgmgr_\*.*image_property_quota/,
    );
    const creates = table.cloud.writes().filter(({method, path}) => method === 'POST' && path === '/v2/images');
    expect(creates).toHaveLength(2);
    expect(table.names()).toEqual([]);
  });

  it('R11: a PATCH that would go beyond it exits 1 with the same hint, and changes nothing', async () => {
    table = await openTable({quota: {properties: 30}});
    await table.manage(table.x(['1']));
    const before = table.named('X');
    const ran = await table.manage(table.x(['1'], {}, MANY));
    expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([1, ['LIMIT']]);
    expect(ran.errors[0]?.hint).toContain('image_property_quota');
    expect(table.named('X')).toEqual(before);
  });

  it('R11: any other 413 stays temporary, exit 75', async () => {
    table = await openTable({quota: {images: 0}});
    expect((await table.manage(table.x(['1']))).code).toBe(75);
  });
});
