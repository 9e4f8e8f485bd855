import {expect, test} from 'vitest';
import {nameFilters} from '../../../../src/openstack/glance/name-filter.ts';

test.each<[string, string[], string[]]>([
  ['one list for all', ['A', 'B, c', 'Ü'], ['in:"A","B, c","Ü"']],
  ['each name once', ['A', 'A'], ['in:"A"']],
  ['a quote or a backslash stands alone', ['A', 'q"q', 'b\\'], ['q"q', 'b\\', 'in:"A"']],
  ['a name that looks like a list is quoted', ['in:x'], ['in:"in:x"']],
  ['no names, no question', [], []],
])('%s', (_, names, filters) => {
  expect(nameFilters(names)).toEqual(filters);
});

test('many names are spread over lists that fit into a URL, none lost', () => {
  const names = Array.from({length: 400}, (_, index) => `Übungsbild mit langem Namen ${index}`);
  const filters = nameFilters(names);
  expect(filters.length).toBeGreaterThan(1);
  for (const filter of filters) expect(encodeURIComponent(filter).length).toBeLessThan(8 * 1024 - 500);
  expect(filters.flatMap((filter) => [...filter.matchAll(/"([^"]*)"/g)].map(([, name]) => name))).toEqual(names);
});
