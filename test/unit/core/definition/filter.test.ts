import {describe, expect, test} from 'vitest';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import {filterDefinitions} from '../../../../src/core/definition/filter.ts';

const definition = (name: string): Definition => ({
  name,
  enabled: true,
  format: 'qcow2',
  login: 'x',
  minDiskGib: 0,
  minRamMib: 0,
  status: 'active',
  visibility: 'public',
  multi: true,
  separator: ' ',
  keep: false,
  protected: false,
  tags: [],
  meta: {},
  versions: [],
  place: {file: 'x.yml', line: 1, column: 1},
});
const ALL = ['AlmaLinux 9', 'Debian 11', 'Debian 12', 'Ubuntu 22.04 Minimal', 'k8s-A'].map(definition);
const names = (pattern?: string): string[] => filterDefinitions(ALL, pattern).map(({name}) => name);

describe('a filter finds what re.search finds', () => {
  test.each([
    ['anywhere in the name', '1', ['Debian 11', 'Debian 12']],
    ['anchored', '^Debian 12$', ['Debian 12']],
    ['alternatives', 'Alma|Ubuntu', ['AlmaLinux 9', 'Ubuntu 22.04 Minimal']],
    ['case counts', 'debian', undefined],
    ['inline flags', '(?i)debian', ['Debian 11', 'Debian 12']],
    ['\\A and \\Z', '\\ADebian 1\\d\\Z', ['Debian 11', 'Debian 12']],
    ['an escaped backslash before A is no anchor', '[\\\\A]lma', ['AlmaLinux 9']],
    ['named groups', '(?P<digit>\\d)(?P=digit)', ['Debian 11', 'Ubuntu 22.04 Minimal']],
    ['escaped characters that need none', 'k8s\\-A', ['k8s-A']],
    ['the empty pattern', '', ALL.map(({name}) => name)],
  ])('%s', (_, pattern, expected) => {
    if (expected) expect(names(pattern)).toEqual(expected);
    else expect(() => names(pattern)).toThrow(expect.objectContaining({code: 'USAGE'}));
  });
});

test('without a pattern all stay', () => {
  expect(names()).toEqual(ALL.map(({name}) => name));
});

test('a pattern that is no regular expression names itself and the reason', () => {
  expect(() => names('Debian(')).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: '--filter "Debian(" is no regular expression: /Debian(/: Unterminated group',
      hint: 'put a backslash before characters that are meant literally',
    }),
  );
});

test('a pattern without a match names the nearest definitions', () => {
  expect(() => names('^Debain 12$')).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: '--filter "^Debain 12$" matches no image definition',
      hint: 'nearest names: Debian 12, Debian 11',
    }),
  );
  expect(() => names('zzzz')).toThrow(
    expect.objectContaining({hint: `names: ${ALL.map(({name}) => name).join(', ')}`}),
  );
});
