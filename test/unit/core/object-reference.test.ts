import {describe, expect, it} from 'vitest';
import {formatObjectReference, objectKind, originOf, parseObjectReference} from '../../../src/core/object-reference.ts';

const ID = '7fc47406-9194-4c74-b482-1257425e784c';

describe('a reference to an object of a cloud', () => {
  it.each([
    [`image:${ID}`, {kind: 'image', id: ID}],
    [`image:${ID}@region 2`, undefined],
    [`image:${ID}@region-2`, {kind: 'image', id: ID, cloud: 'region-2'}],
    [`IMAGE:${ID}`, {kind: 'image', id: ID}],
    [`image:${ID.replaceAll('-', '')}`, {kind: 'image', id: ID.replaceAll('-', '')}],
    [`volume:${ID}`, {kind: 'volume', id: ID}],
    [`volume-snapshot:${ID}`, {kind: 'volume-snapshot', id: ID}],
    [`server:${ID}`, {kind: 'server', id: ID}],
    [`volume:${ID}@region-2`, undefined],
    [`image:${ID}@`, undefined],
    [`image:${ID}@a@b`, undefined],
    [`image:${ID}@../x`, undefined],
    ['image:debian', undefined],
    ['image:', undefined],
    [`image:../${ID}`, undefined],
    [`image:${ID}/../x`, undefined],
    [`image:${'a'.repeat(100_000)}`, undefined],
    [`images:${ID}`, undefined],
    ['https://image.example.org', undefined],
  ])('%s', (text, reference) => {
    expect(parseObjectReference(text)).toEqual(reference);
    expect(originOf(text)).toEqual(
      reference === undefined ? {kind: 'stream', url: text} : {kind: 'object', object: reference},
    );
  });

  it('is meant by its first word, written well or not', () => {
    expect(['image:x', 'Volume:', 'volume-snapshot:x', 'server:x'].map(objectKind)).toEqual([
      ...['image', 'volume', 'volume-snapshot', 'server'],
    ]);
    expect(['image://x', 'server://h/x', 'file:image:x', 'x', 'snapshot:x'].map(objectKind)).toEqual(
      Array(5).fill(undefined),
    );
  });

  it('is shown with its cloud', () => {
    expect(formatObjectReference({kind: 'volume', id: ID}, 'admin')).toBe(`volume:${ID}@admin`);
  });
});
