import {describe, expect, test} from 'vitest';
import {didYouMean, nearest} from '../../../src/core/nearest.ts';

describe('the nearest known words', () => {
  test.each([
    ['a letter left out', 'min_dik', ['min_ram', 'min_disk'], 'min_disk'],
    ['a letter too many', 'enabled', ['enable', 'name'], 'enable'],
    ['two letters swapped', 'nmae', ['name', 'meta'], 'name'],
    ['another letter', 'formad', ['format', 'tags'], 'format'],
    ['capitals', 'Active', ['active', 'deactivated'], 'active'],
    ['a dash for an underscore', 'min-disk', ['min_disk', 'name'], 'min_disk'],
    ['a part of a name', 'alma', ['AlmaLinux 9', 'Debian 12'], 'AlmaLinux 9'],
    ['a name and more', 'qcow', ['raw', 'qcow2'], 'qcow2'],
  ])('%s', (_, word, candidates, expected) => {
    expect(nearest(word, candidates)[0]).toBe(expected);
  });

  test('nothing where nothing is close', () => {
    expect(nearest('zzz', ['name', 'format'])).toEqual([]);
    expect(nearest('a', ['b', 'c'])).toEqual([]);
    expect(didYouMean('zzz', ['name'])).toBeUndefined();
  });

  test('at most as many as asked for, each once, the best first', () => {
    expect(
      nearest('Ubuntu 22.04', ['Ubuntu 24.04', 'Ubuntu 22.04 Minimal', 'Ubuntu 20.04', 'Ubuntu 20.04'], 2),
    ).toEqual(['Ubuntu 20.04', 'Ubuntu 24.04']);
  });

  test('the question', () => {
    expect(didYouMean('rename', ['renamed', 'renamed-by-date', 'hidden'])).toBe(
      'did you mean "renamed" or "renamed-by-date"?',
    );
  });
});
