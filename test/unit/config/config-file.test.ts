import {describe, expect, test} from 'vitest';
import {readConfigFile} from '../../../src/config/config-file.ts';
import {refusal, textOf} from './host.ts';

describe('values', () => {
  test.each<[string, unknown]>([
    ['3', '3'],
    ['1.10', '1.1'],
    ['3.0', '3.0'],
    ['1.0e+16', '1e+16'],
    ['1.5e-7', '1.5e-07'],
    ['0.0001', '0.0001'],
    ['-0.0', '-0.0'],
    ['.inf', 'inf'],
    ['-.inf', '-inf'],
    ['.nan', 'nan'],
    ['0777', '511'],
    ['0x10', '16'],
    ['1_000', '1000'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['+12345678901234567890', '12345678901234567890'],
    ['0x10000000000000000', '18446744073709551616'],
    ['yes', true],
    ['off', false],
    ['~', null],
    ['', null],
    ['2026-01-31', '2026-01-31'],
    ["'yes'", 'yes'],
    ['[1, yes, {b: 2}]', ['1', true, {b: '2'}]],
  ])('of YAML are what Python makes texts of: %s', (written, meant) => {
    expect(readConfigFile(`a: ${written}`, 'c.yaml').content).toEqual({a: meant});
  });

  test('of JSON are the same', () => {
    const text =
      '{"a": 3, "b": 3.0, "c": 12345678901234567890, "d": true, "e": null, "f": ["x", 1e2], "g": {"h": "1"}}';
    expect(readConfigFile(text, 'c.json').content).toEqual({
      a: '3',
      b: '3.0',
      c: '12345678901234567890',
      d: true,
      e: null,
      f: ['x', '100.0'],
      g: {h: '1'},
    });
  });

  test.each(['', '# only a comment\n', '---\n', 'null'])('are none in an empty file: %j', (text) => {
    expect(readConfigFile(text, 'c.yaml').content).toEqual({});
  });
});

describe('places', () => {
  const file = readConfigFile('clouds:\n  a:\n    region-name: R\n', 'c.yaml');

  test('are found whether keys have dashes or underscores', () => {
    expect(file.placeOf(['clouds', 'a', 'region_name'])).toBe('c.yaml:3:18');
    expect(file.placeOf(['clouds', 'a', 'region_name', 'x'])).toBeUndefined();
    expect(file.placeOf(['clouds', 'b'])).toBeUndefined();
  });

  test('in JSON are the file', () => {
    const json = readConfigFile('{"clouds": {"a": {}}}', 'c.json');
    expect(json.placeOf(['clouds', 'a'])).toBe('c.json');
    expect(json.placeOf(['clouds', 'a', 'x'])).toBeUndefined();
  });
});

describe('broken files', () => {
  test.each<[string, string]>([
    ['clouds: [a', 'not valid YAML: unexpected end of the stream within a flow collection | at c.yaml:1:11'],
    ['a: 1\na: 2', 'key a is given twice, first at c.yaml:1:1 | at c.yaml:2:1'],
    ['a: 1\n\tb: 2', 'at c.yaml:2:1'],
    ['text', 'the file holds no mapping | at c.yaml:1:1 | hint: it begins with "clouds:"'],
    ['- a', 'the file holds no mapping | at c.yaml:1:1'],
    ['a: 1\na: 2\nb: 1\nb: 2', '(and 1 more)'],
  ])('are told with their place: %j', (text, expected) => {
    const error = refusal(() => readConfigFile(text, 'c.yaml'));
    expect(error.code).toBe('CONFIG');
    expect(textOf(error)).toContain(expected);
  });

  test.each<[string, string]>([
    ['{"a": }', 'not valid JSON | at c.json | hint: correct the line, or write YAML'],
    ['{\n  "a": 1,\n  "b" 2\n}', 'not valid JSON | at c.json:3:7'],
    ['{"a": 1', 'not valid JSON | at c.json:1:8'],
    ['"text"', 'the file holds no mapping | at c.json:1:1'],
  ])('of JSON are told with their place: %j', (text, expected) => {
    expect(textOf(refusal(() => readConfigFile(text, 'c.json')))).toContain(expected);
  });

  test.each([
    'password: *s3cret',
    'password: &s3cret x\nb: &s3cret y',
    'password: !s3cret x',
    'password: !!int s3cret',
    'password: !x!s3cret y',
    'password: "s3cret',
    "password: 's3cret' s3cret",
    'password: @s3cret',
    'password: %s3cret',
    'password: `s3cret',
    'password: s3cret: s3cret',
    'password: [s3cret',
    'password: {s3cret: 1, s3cret2: ]',
    'password: !<s3cret{}> x',
    'password: =',
    '{password: s3cret}}',
    'password: "\\s3cret"',
    '%TAG !s3cret',
  ])('keep what they hold to themselves: %s', (text) => {
    const error = refusal(() => readConfigFile(text, 'c.yaml'));
    expect(textOf(error)).not.toContain('s3cret');
    expect(String(error.cause)).not.toContain('s3cret');
  });

  test.each(['{"password": s3cret}', '{"password": "s3cret" "s3cret"}', '{"password": "s3cret', '"s3cret"', 's3cret'])(
    'of JSON keep what they hold to themselves: %s',
    (text) => {
      const error = refusal(() => readConfigFile(text, 'c.json'));
      expect(textOf(error)).not.toContain('s3cret');
      expect(String(error.cause)).not.toContain('s3cret');
    },
  );
});
