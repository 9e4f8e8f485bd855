import {describe, expect, test} from 'vitest';
import {parseYaml} from '../../../src/config/yaml.ts';
import {entryOf, nodeAt} from '../../../src/core/definition/yaml-node.ts';
import type {YamlNode, YamlPath} from '../../../src/core/definition/yaml-node.ts';
import {loadPlainYaml} from '../../plain-yaml.ts';

function tree(text: string): YamlNode {
  const {root, problems} = parseYaml(text, 'x.yml');
  expect(problems).toEqual([]);
  if (!root) throw new Error('nothing was read');
  return root;
}

function problemsOf(text: string): string[] {
  return parseYaml(text, 'x.yml').problems.map(
    ({message, place, hint}) => `${place.line}:${place.column} ${message} | ${hint ?? ''}`,
  );
}

test('wrong YAML has its place and a hint', () => {
  expect(problemsOf('clouds:\n  a: *b\n')).toEqual([
    expect.stringMatching(/^2:6 .* \| define &b before it, or quote the value$/),
  ]);
});

describe('every value and key has its place', () => {
  const text = [
    'name: plain',
    'quoted: "two"',
    'block: |',
    '  lines',
    'nothing:',
    'list: [1, {in: side}]',
    'base: &base',
    '  deep: 1',
    'merged:',
    '  <<: *base',
    '  own: 2',
    'alias: *base',
    'flow: [',
    '  a,',
    ']',
    'after: x',
  ].join('\n');

  test.each<[string, YamlPath, string]>([
    ['plain text', ['name'], '1:7'],
    ['quoted text begins at its quote', ['quoted'], '2:9'],
    ['a block begins at its sign', ['block'], '3:8'],
    ['a value that is not written stands where its key does', ['nothing'], '5:1'],
    ['a flow list', ['list'], '6:7'],
    ['an entry of a flow list', ['list', 0], '6:8'],
    ['a flow mapping', ['list', 1], '6:11'],
    ['a block mapping begins at its first key', ['base'], '8:3'],
    ['a merged value stands where it is written', ['merged', 'deep'], '8:9'],
    ['a value of the mapping itself', ['merged', 'own'], '11:8'],
    ['an alias leads to the anchor', ['alias'], '8:3'],
    ['behind a bracket that closes at the left margin', ['after'], '16:8'],
  ])('%s', (_, path, place) => {
    const node = nodeAt(tree(text), path);
    expect(`${node?.place.line}:${node?.place.column}`).toBe(place);
  });

  test('keys', () => {
    const {key} = entryOf(nodeAt(tree(text), ['merged']), 'own') ?? {};
    expect(key?.place).toEqual({file: 'x.yml', line: 11, column: 3});
  });

  test('lines end with CR LF, LF or CR; a byte order mark takes no column', () => {
    const root = tree('\ufeffa: 1\r\nb: 2\rc: 3\nd: 4');
    expect(['a', 'b', 'c', 'd'].map((key) => nodeAt(root, [key])?.place)).toEqual(
      [1, 2, 3, 4].map((line) => ({file: 'x.yml', line, column: 4})),
    );
  });
});

test('keeps what was written beside what it means', () => {
  const root = tree("version: 1.10\nmode: 0644\ntime: 12:30\ndate: 2026-09-01\nyes: 'yes'");
  const read = ['version', 'mode', 'time', 'date', 'yes'].map((key) => nodeAt(root, [key]));
  expect(read.map((node) => (node?.kind === 'scalar' ? [node.type, node.value, node.source] : []))).toEqual([
    ['float', 1.1, '1.10'],
    ['integer', 420, '0644'],
    ['integer', 750, '12:30'],
    ['timestamp', '2026-09-01', '2026-09-01'],
    ['text', 'yes', 'yes'],
  ]);
});

describe('what is wrong is told with its place and the next step', () => {
  test.each([
    ['a: 1\nb: 2\na: 3', '3:1 key a is given twice, first at x.yml:1:1 | remove one of the two'],
    ["a: {b: 1, 'b': 2}", '1:11 key b is given twice, first at x.yml:1:5 | remove one of the two'],
    ['1: a\n1.0: b', '2:1 key 1.0 is given twice, first at x.yml:1:1 | remove one of the two'],
    ['a: *b', '1:4 alias *b has no anchor | define &b before it, or quote the value'],
    ['a: &a {b: *a}', '1:11 alias *a stands inside the value that it names | remove the alias'],
    ['a: &x 1\nb: &x 2', '2:7 anchor &x is defined twice | give each anchor a name of its own'],
    ['a: 1\n---\nb: 2', '3:1 the file holds more than one document | keep one document per file, without ---'],
    ['a:\n\t- b', '2:1 not valid YAML: tab characters must not be used in indentation | indent with spaces'],
    ['a: \tb', '1:4 tab character outside of quotes | use spaces'],
    ['a: b\tc', '1:5 tab character outside of quotes | use spaces'],
    ['a: b\t# c', '1:5 tab character outside of quotes | use spaces'],
    [
      'a: b: c',
      '1:5 not valid YAML: bad indentation of a mapping entry | check the indentation; quote a value that contains ": "',
    ],
    ['a: !wat 1', '1:9 1 under the tag !wat cannot be read | remove the tag'],
    ['a: !!set {b}', '1:10 tag !!set is not supported here | remove the tag'],
    ['a: =', "1:4 = has no meaning without quotes | quote it: '='"],
    ['<<: 1', "1:5 the merge key << takes a mapping or a list of mappings | write <<: *name, or quote the key: '<<'"],
    ['? [a]\n: b', '1:3 a list stands where a key belongs | quote the key'],
    ['a: 1\u2028b: 2', '1:5 unusual line break U+2028, on which YAML readers disagree | replace it by a line break'],
    [
      'a: [1,\n2\nb: 3',
      '3:2 not valid YAML: missed comma between flow collection entries | quote the value, or correct the line',
    ],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test('all duplicate keys of a file at once', () => {
    expect(problemsOf('a: {b: 1, b: 2}\na: {c: 1, c: 2}')).toHaveLength(3);
  });
});

describe('a small file cannot stand for millions of values', () => {
  const repeat = (times: number, word: string): string => Array.from({length: times}, () => word).join(', ');
  const lines = (count: number, line: (n: number) => string): string =>
    Array.from({length: count}, (_, n) => line(n)).join('\n');

  test('aliases in aliases', () => {
    const text = lines(12, (n) => `a${n}: &a${n} [${repeat(10, n === 0 ? '1' : `*a${n - 1}`)}]`);
    expect(problemsOf(text)).toEqual([
      '6:9 aliases and merge keys stand for more than 1000000 values | write the values out instead of nesting aliases',
    ]);
  });

  test('merge keys stop as soon as they have copied too much, not at the end of the file', () => {
    const base = `base: &b {${lines(800, (n) => `k${n}: 1`).replaceAll('\n', ', ')}}\n`;
    const [problem] = problemsOf(base + lines(50, (n) => `m${n}: {<<: [${repeat(100, '*b')}]}`));
    expect(problem).toMatch(/^1\d:\d+ aliases and merge keys stand for more than 1000000 values/);
  });

  test('nesting is limited', () => {
    expect(problemsOf('['.repeat(200) + ']'.repeat(200))).toEqual([
      '1:100 not valid YAML: nesting exceeded maxDepth (100) | nest less deeply',
    ]);
  });
});

describe('plain values', () => {
  test('nothing but comments is null', () => {
    expect(loadPlainYaml('# nothing\n', 'x.yml')).toBeNull();
  });

  test('a key named __proto__ is a key', () => {
    expect(JSON.stringify(loadPlainYaml('__proto__: {a: 1}', 'x.yml'))).toBe('{"__proto__":{"a":1}}');
    expect(({} as {a?: number}).a).toBeUndefined();
  });
});

test.each(['a: \u0001b\n', 'a: "x\u0007"\n'])('U4: a control character is named as what it is: %j', (text) => {
  expect(parseYaml(text, 'f').problems[0]?.hint).toContain('remove the control character');
});

test('U4: a file with too many values of its own is called too large, not a nest of aliases', () => {
  const [problem] = parseYaml(`a: [${'1,'.repeat(1_000_001)}]`, 'f').problems;
  expect(problem).toMatchObject({
    message: 'the file holds more than 1000000 values',
    hint: 'split it into several files',
  });
});
