import {expect, test} from 'vitest';
import {everyPage} from '../../../src/openstack/paginate.ts';

test('follows markers to the last page, in order', async () => {
  const asked: (string | undefined)[] = [];
  const items = await everyPage((marker) => {
    asked.push(marker);
    if (marker === undefined) return Promise.resolve({items: [1, 2], next: '/v2/images?limit=2&marker=b%26c'});
    if (marker === 'b&c') return Promise.resolve({items: [3], next: 'https://elsewhere/v2/images?marker=d'});
    return Promise.resolve({items: []});
  });
  expect(items).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, 'b&c', 'd']);
});

test.each(['/v2/images?marker=same', '/v2/images'])(
  'a server that repeats itself does not keep us for ever (%s)',
  async (next) => {
    expect(await everyPage(() => Promise.resolve({items: [1], next}))).toHaveLength(next.includes('marker') ? 2 : 1);
  },
);

test('a failing page fails the whole', async () => {
  await expect(everyPage(() => Promise.reject(new Error('503')))).rejects.toThrow('503');
});
