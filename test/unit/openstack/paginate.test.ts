import {expect, test} from 'vitest';
import {HttpError} from '../../../src/http.ts';
import {everyPage, fittingPages, pageByPage} from '../../../src/openstack/paginate.ts';

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

test('a server whose markers go round in a circle does not keep us for ever', async () => {
  const next = new Map([
    [undefined, 'a'],
    ['a', 'b'],
    ['b', 'a'],
  ]);
  const fetchPage = (marker: string | undefined) =>
    Promise.resolve({items: [marker], next: `/v2/images?marker=${next.get(marker) ?? ''}`});
  expect(await everyPage(fetchPage)).toEqual([undefined, 'a', 'b']);
});

test('a failing page fails the whole', async () => {
  await expect(everyPage(() => Promise.reject(new Error('503')))).rejects.toThrow('503');
});

test('page by page, the next page is on its way while one is looked at, and none beyond it', async () => {
  const asked: (string | undefined)[] = [];
  const pages = pageByPage((marker) => {
    asked.push(marker);
    const number = Number(marker ?? 0);
    return Promise.resolve({items: [number], ...(number < 3 && {next: `/v2/images?marker=${number + 1}`})});
  });
  const seen: (readonly [number, number])[] = [];
  for await (const [item = -1] of pages) seen.push([item, asked.length]);
  expect(seen).toEqual([
    [0, 2],
    [1, 3],
    [2, 4],
    [3, 4],
  ]);
});

test('page by page, a page that fails fails when its turn comes, and never for a reader who stops before', async () => {
  const failing = (): AsyncGenerator<readonly number[]> =>
    pageByPage((marker) =>
      marker === undefined
        ? Promise.resolve({items: [1], next: '/v2/images?marker=2'})
        : Promise.reject(new Error('503')),
    );
  const pages = failing();
  expect(await pages.next()).toEqual({value: [1], done: false});
  await expect(pages.next()).rejects.toThrow('503');
  const left = failing();
  await left.next();
  await left.return(undefined);
});

function tooLarge(kind: 'too-large' | 'timeout' = 'too-large'): Error {
  const cause = new HttpError({kind, message: 'no', method: 'GET', url: 'https://glance/v2/images'});
  return new Error('refused', {cause});
}

test('a page that is too large is asked for in smaller pieces, and pages grow again after that', async () => {
  const asked: number[] = [];
  const fitting = fittingPages(1000);
  const ask = (most: number) => (limit: number) => {
    asked.push(limit);
    return limit > most ? Promise.reject(tooLarge()) : Promise.resolve(limit);
  };
  expect(await fitting(ask(50))).toBe(10);
  expect(await fitting(ask(15))).toBe(2);
  for (let page = 0; page < 12; page++) await fitting(ask(1000));
  expect(asked).toEqual([1000, 100, 10, 20, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000, 1000, 1000]);
});

test.each([
  ['a single item is too large', tooLarge(), [1000, 100, 10, 1]],
  ['it fails otherwise', tooLarge('timeout'), [1000]],
  ['it fails without a cause', new Error('503'), [1000]],
])('a page fails where %s', async (_what, error, limits) => {
  const asked: number[] = [];
  const page = fittingPages(1000)((limit) => {
    asked.push(limit);
    return Promise.reject(error);
  });
  await expect(page).rejects.toBe(error);
  expect(asked).toEqual(limits);
});
