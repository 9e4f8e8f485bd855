import {execa} from 'execa';
import {beforeAll, expect, test} from 'vitest';
import type {YamlNode} from '../../src/core/definition/yaml-node.ts';
import {parseYaml} from '../../src/config/yaml.ts';

/** Read alike by PyYAML (dates as their text) and by us. */
const SAME: readonly string[] = [
  'a: yes\nb: no\nc: on\nd: off\ne: Yes\nf: NO\ng: On\nh: OFF',
  'a: true\nb: False\nc: TRUE\nd: y\ne: n\nf: Y\ng: N\nh: yEs\ni: tRue',
  'a: ~\nb: null\nc: Null\nd: NULL\ne:\nf: nULL\ng: nil\nh: None',
  'a: 0\nb: -0\nc: 12\nd: +12\ne: -12\nf: 1_000\ng: 1__0\nh: 1_',
  'a: 0644\nb: 0o644\nc: 08\nd: 09\ne: 00\nf: -017\ng: 0_7\nh: 007',
  'a: 0x1F\nb: 0xff\nc: 0X1F\nd: 0xG\ne: 0x_f\nf: -0xf',
  'a: 0b101\nb: 0b102\nc: 0B1\nd: 0b1_0\ne: -0b11',
  'a: 12:30\nb: 12:60\nc: 1:2:3\nd: 0:30\ne: 12:30:45\nf: -1:30\ng: 1:70\nh: 190:20:30',
  'a: 12:30.5\nb: 1:2:3.4\nc: 0:30.5\nd: 190:20:30.15',
  'a: 1.10\nb: 1.\nc: .5\nd: 1.5e3\ne: 1.5e+3\nf: 1e3\ng: 1e+3\nh: 1.0e-2\ni: -1.5\nj: +1.5\nk: -.5',
  'a: .inf\nb: -.inf\nc: +.Inf\nd: .INF\ne: .nan\nf: .NaN\ng: inf\nh: nan',
  'a: 1_0.5_0\nb: 1.2.3\nc: 1,5\nd: ._\ne: .\nf: _1',
  'a: 2026-09-01\nb: 2026-9-1\nc: 20260901\nd: 2026-09\ne: 2026-09-01x',
  'a: 2001-12-14t21:59:43.10-05:00\nb: 2001-12-14 21:59:43.10 -5\nc: 2001-12-15 2:59:43.10',
  'a: "2026-09-01"\nb: \'1.10\'\nc: "yes"\nd: \'\'\ne: "0644"',
  'a: &x {b: 1, c: 2}\nd: *x\ne: [*x, *x]',
  'a: &x text\nb: *x\n*x : c',
  'base: &b {x: 1, y: 2}\nd: {<<: *b, y: 3}',
  'base: &b {x: 1, y: 2}\nd: {y: 3, <<: *b}',
  'a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], w: 0}',
  'a: &a {x: 1}\nb: &b {x: 2}\nc: {<<: *a, <<: *b}',
  'a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}',
  'a: &a {x: 1, y: 2}\nb: {<<: [{x: 9}, *a]}',
  'a: {<<: {}, x: 1}\nb: {<<: [], x: 1}',
  'a: {"<<": 1}',
  "a: {'<<': {x: 1}}",
  'a: |\n  one\n  two\nb: >\n  one\n  two\n\n  three\nc: |-\n  one\nd: |+\n  one\n\ne: >-\n  one\n    two\n',
  'a: |2\n   one\n  two\nb: >+\n  x\n\n\nc: 1\n',
  "a: one\n  two\n  three\nb: \"one\n  two\\n\\\n  three\"\nc: 'it''s\n\n  so'",
  'a: "\\x41\\u0042\\U00000043\\t\\n\\"\\\\\\/\\0\\e\\_"',
  'a: [1, two, "3", [4, {b: c}], {d: e, f}]\ng: {h: , i: j}',
  '- a\n-\n- - b\n  - c\n- d: e\n  f: g\n-   - h',
  'a:\n- b\n- c\nd:\n  - e',
  '# comment\na: 1 # comment\nb: x#y\nc: "# no"\n# end',
  '---\na: 1\n...\n',
  '%YAML 1.1\n---\na: 1\n',
  '\ufeffa: 1\nb: 2\n',
  'a: 1\r\nb:\r\n  - c\r\n  - d\r\n',
  'a: !!str 1.10\nb: !!str yes\nc: !!int "12"\nd: !!float "1"\ne: !!bool "yes"\nf: !!null ""\ng: !!str',
  'a: ! 12\nb: ! "12"\nc: !<tag:yaml.org,2002:str> 12',
  'a: !!map {b: 1}\nc: !!seq [1]',
  'a: http://x/y:80\nb: c:d\nc: -x\nd: ?x\ne: :x\nf: a - b\ng: a ? b',
  'a: {b:c}\nd: {"e":f}\ng: [h:i, j: k]',
  'a: x, y\nb: [x y, z]\nc: it\'s "fine"',
  '? a\n: b\n? c\n',
  '? |\n  a\n: b\n',
  '"a b": 1\n\'c\': 2\nd e: 3',
  'a: ünïcode ☃ 𝄞\n☃: 1',
  'a: "tab\tinside"\nc: |\n  block\ttab\n',
  'a: *x-y\n'.replace('*x-y', "'*x'"),
  'plain scalar',
  '12',
  '[]',
  '{}',
  '---\n',
  '# nothing\n',
  '',
  'a: 9007199254740991\nb: 0x7fffffff',
  'a:   spaced   \nb: "  kept  "',
  "a: ''''\nb: \"\"\nc: '\"'",
  'a: - 1'.replace('- 1', "'- 1'"),
  'a: [\n  1,\n  2,\n]\nb: {\n  c: 1,\n  }\n',
  'a: &é 1\nb: *é'.replaceAll('é', 'e1'),
  "images:\n  - name: Debian 12\n    enable: true\n    meta: &m\n      os_version: '12'\n      hw_disk_bus:\n    versions:\n      - version: '1'\n        build_date: 2026-09-01\n        meta: {<<: *m, os_version: '13'}\n",
];

/** Refused by PyYAML and by us. */
const REFUSED: readonly string[] = [
  'a: b: c',
  'a: "x',
  "a: 'x",
  'a: [1, 2',
  'a: {b: 1',
  'a:\n\t- b',
  '\ta: 1',
  'a: \tb',
  'a:\n  b: 1\n c: 2',
  'a: @x',
  'a: `x',
  'a: %x',
  'a: *nobody',
  'a: &x 1\nb: &x 2',
  'a: =',
  'a: 0x_',
  '<<: 1',
  'a: {<<: [1]}',
  '? [a]\n: b',
  '? {a: b}\n: c',
  'a: !foo 1',
  'a: !!int x',
  'a: 1\n--- \nb: 2',
  'a: "\\q"',
  '- a\nb: c',
  'a: |x\n  y',
  'a: b\n  c: d',
  'a: >\n  x\n\tb\n',
  'a: plain\ttab',
  'a: b\t\n',
  '-\ta',
  'a: [1,\t2]',
  'a\t: b',
  'a: - b',
  'a: [1] 2',
];

/** Read by PyYAML, refused by us on purpose. */
const STRICTER: readonly [text: string, message: RegExp][] = [
  ['a: 1\na: 2', /given twice/],
  ['a: 1\na: 2\n<<: {b: 1}', /given twice/],
  ['a: x\u2028b: 1', /unusual line break U\+2028/],
  ['a: !!set {b}', /tag !!set is not supported/],
  ['a: !!binary aGk=', /under the tag !!binary cannot be read/],
];

const READER = `
import json, sys, yaml

class Reader(yaml.SafeLoader):
    pass

def dated(loader, node):
    return loader.construct_scalar(node)

Reader.add_constructor('tag:yaml.org,2002:timestamp', dated)

def plain(value):
    if isinstance(value, dict):
        return {'map': [[key(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, list):
        return {'list': [plain(v) for v in value]}
    if isinstance(value, float):
        return {'float': repr(value)}
    return value if value is None or isinstance(value, (bool, int, str)) else repr(value)

def key(value):
    return value if isinstance(value, str) else 'other ' + type(value).__name__

answers = []
for text in json.load(sys.stdin):
    try:
        answers.append({'value': plain(yaml.load(text, Reader))})
    except Exception as error:
        answers.append({'error': str(error)})
json.dump(answers, sys.stdout)
`;

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

const answers = new Map<string, Answer>();

beforeAll(async () => {
  const texts = [...SAME, ...REFUSED, ...STRICTER.map(([text]) => text)];
  const {stdout} = await execa('/usr/bin/python3', ['-c', READER], {input: JSON.stringify(texts)});
  const read = JSON.parse(stdout) as Answer[];
  for (const [index, text] of texts.entries()) answers.set(text, read[index] ?? {});
});

test('there are enough snippets to mean something', () => {
  expect(new Set(SAME).size + REFUSED.length).toBeGreaterThanOrEqual(90);
});

test.each(SAME.map((text) => [text]))('means what PyYAML makes of it: %j', (text) => {
  const {root, problems} = parseYaml(text, 'x.yml');
  expect(problems).toEqual([]);
  expect({value: root ? asPython(root) : null}).toEqual(answers.get(text));
});

test.each(REFUSED.map((text) => [text]))('refuses what PyYAML refuses: %j', (text) => {
  expect(answers.get(text)?.error).toBeTypeOf('string');
  const [problem] = parseYaml(text, 'x.yml').problems;
  expect(problem?.message).toBeTypeOf('string');
  expect(problem?.hint).toBeTypeOf('string');
});

test.each(STRICTER)('refuses on purpose what PyYAML reads: %j', (text, message) => {
  expect(answers.get(text)).not.toHaveProperty('error');
  expect(parseYaml(text, 'x.yml').problems[0]?.message).toMatch(message);
});

/** The tree in the shape in which the reader above prints Python's values. */
function asPython(node: YamlNode): unknown {
  if (node.kind === 'list') return {list: node.items.map(asPython)};
  if (node.kind === 'map') return {map: node.entries.map(({key, value}) => [pythonKey(key), asPython(value)])};
  return node.type === 'float' && typeof node.value === 'number' ? {float: pythonFloat(node.value)} : node.value;
}

function pythonKey(key: {type: string; value: unknown}): unknown {
  return typeof key.value === 'string' ? key.value : `other ${key.type}`;
}

function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
