import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';

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
