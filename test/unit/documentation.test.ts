import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {keysOfImage} from '../../src/core/definition/schema.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): readonly string[] {
  return [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(PAGES)('%s', (page) => {
  test('has no link that leads nowhere', () => {
    const broken = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : relative(ROOT, join(ROOT, dirname(page), file));
        if (!existsSync(join(ROOT, path))) return true;
        return anchor !== undefined && !anchorsOf(path).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test('names no file of this repository that is not there', () => {
    const named = [
      ...textOf(page).matchAll(/`((?:src|test|docs|scripts|images|examples|elements|proto|\.ci)\/[\w./-]+)`/g),
    ];
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test('every page of docs/ is named in the README', () => {
  const readme = textOf('README.md');
  const unnamed = PAGES.filter((page) => page.startsWith('docs/') && !readme.includes(`(${page}`));
  expect(unnamed).toEqual([]);
});

test('the first definition on a real cloud is the same ten lines in the README and in docs/operations.md', () => {
  const lines = (path: string): readonly string[] =>
    [...textOf(path).matchAll(/^ {4}.*# \d+ .*$/gm)].map(([line]) => line);
  expect(lines('README.md')).toHaveLength(10);
  expect(lines('docs/operations.md')).toEqual(lines('README.md'));
});

test('docs/ci.md names the stages of .ci/run, in their order, with a line for the time of each', () => {
  const page = textOf('docs/ci.md');
  const rowsOf = (section: string): string[] =>
    [...section.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name = '']) => name);
  const stages = [...textOf('.ci/run').matchAll(/^(?:[A-Z]+=\S+ )?stage (\w+) /gm)].map(([, name = '']) => name);
  expect(stages.length).toBeGreaterThan(5);
  const times = page.indexOf('## Times');
  expect(rowsOf(page.slice(0, times))).toEqual(stages);
  expect(rowsOf(page.slice(times))).toEqual(stages);
});

/** The words of a union of texts, as its source spells them. */
function wordsOf(path: string, type: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${type} =([^;]*);`).exec(textOf(path)) ?? [];
  return [...union.matchAll(/\| '([a-z-]+)'/g)].map(([, word = '']) => word);
}

test.each([
  ['docs/definitions.md', 'key of an image', keysOfImage([])],
  ['docs/definitions.md', 'key of a version', keysOfImage(['versions', 0])],
  ['docs/definitions.md', 'key of a build', keysOfImage(['build'])],
  ['docs/definitions.md', 'key of a verification', keysOfImage(['verify'])],
  [
    'docs/verification.md',
    'cause of a failure',
    wordsOf('src/core/verdict/verdict.ts', 'Cause').filter((cause) => cause !== 'passed'),
  ],
  ['docs/cli.md', 'kind of action', wordsOf('src/core/events.ts', 'ActionKind')],
])('%s names every %s', (path, _, words) => {
  const page = textOf(path);
  expect(words.length).toBeGreaterThan(5);
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
});

/** Stops that are handed over as a port or a function: no import leads to them from the stop before. */
const HANDED_OVER = [
  'src/cli/execute.ts',
  'src/verify/user-data.ts',
  'src/verify/connections.ts',
  'src/verify/credential.ts',
  'src/verify/service.ts',
];

describe('the walks of docs/architecture.md', () => {
  const section = textOf('docs/architecture.md').split('## Two walks')[1]?.split('\n## ')[0] ?? '';
  const walks = section
    .split('\n### ')
    .slice(1)
    .map((walk) => [...walk.matchAll(/^\d+\. `([^`]+)`: /gm)].map(([, path = '']) => path));

  test('are two, of at most 12 stops each, with no stop twice', () => {
    expect(walks).toHaveLength(2);
    for (const stops of walks) {
      expect(stops.length).toBeGreaterThan(5);
      expect(stops.length).toBeLessThanOrEqual(12);
      expect(new Set(stops).size).toBe(stops.length);
    }
  });

  test('lead from file to file: each stop in src is imported, directly or through others, by a stop before it', () => {
    const lost = walks.flatMap((stops) =>
      stops.filter((stop, at) => {
        if (!existsSync(join(ROOT, stop))) return true;
        const before = stops.slice(0, at).filter((path) => path.startsWith('src/'));
        return stop.startsWith('src/') && before.length > 0 && !before.some((path) => leadsTo(path, stop));
      }),
    );
    expect(lost).toEqual(HANDED_OVER);
  });
});

/** Whether imports lead from one file of src to another. */
function leadsTo(from: string, to: string): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (path === to) return true;
    if (seen.has(path) || !existsSync(join(ROOT, path))) continue;
    seen.add(path);
    for (const [, target = ''] of textOf(path).matchAll(/(?:from |import\()'(\.[^']+\.ts)'/g))
      open.push(relative(ROOT, join(ROOT, dirname(path), target)));
  }
  return false;
}
