import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {countSteps, TooManySteps} from './count-steps.ts';
import {faultsOf, importsOf} from './guard.ts';
import {hostileTexts} from './hostile.ts';
import {whyNotLinear} from './check-linear.ts';
import {COUNTED_THROUGH, REVIEWED_EXPRESSIONS, REVIEWED_MODULES} from './reviewed.ts';
import {sourceFiles, textWorkOf} from './source-text.ts';

const FILES = sourceFiles();
const TABLE = 'test/unit/linear/functions.ts';
const SEARCHED = 128;
/** Characters; the square of it is half as many steps for each of them, far more than SEARCHED. */
const COUNTED = process.env['FULL'] === '1' ? 2 ** 11 : 2 ** 10;

describe('S4: no source file can read a text again and again', () => {
  it('because each regular expression in src is proven linear, or listed with its reason', () => {
    expect([...FILES].flatMap(([path, source]) => faultsOf(path, source))).toEqual([]);
    expect(Object.values(REVIEWED_EXPRESSIONS).filter((reason) => reason.length < 20)).toEqual([]);
  });

  it('because each of them is found cheap by counting, too', () => {
    const texts = hostileTexts(COUNTED);
    const dear = [...FILES].flatMap(([path, source]) =>
      textWorkOf(source).expressions.flatMap(({text, regex}) => {
        if (regex === undefined) return [];
        const own = [...texts, ...ownTexts(regex, COUNTED)];
        return own.filter(([, hostile]) => isDear(regex, hostile)).map(([name]) => `${path}: ${text}, ${name}`);
      }),
    );
    expect(dear).toEqual([]);
  }, 600_000);

  it('and each module that scans text is in the table, counted through one that is, or listed with its reason', () => {
    const table = new Set(importsOf(TABLE, readFileSync(TABLE, 'utf8')));
    const listed = REVIEWED_MODULES.flatMap(([, modules]) => modules);
    const through = Object.keys(COUNTED_THROUGH);
    const known = new Set([...table, ...listed, ...through]);
    const scanning = [...FILES].filter(([, source]) => textWorkOf(source).scans).map(([path]) => path);
    expect(scanning.filter((path) => !known.has(path))).toEqual([]);
    // Nothing stands in a list that is not there any more, or twice.
    expect([...listed, ...through].filter((path) => !scanning.includes(path))).toEqual([]);
    expect(listed.filter((path, at) => table.has(path) || listed.indexOf(path) !== at)).toEqual([]);
    const expressions = new Set(
      [...FILES].flatMap(([path, source]) => textWorkOf(source).expressions.map(({text}) => `${path} ${text}`)),
    );
    expect(Object.keys(REVIEWED_EXPRESSIONS).filter((key) => !expressions.has(key))).toEqual([]);
  });

  it.each(Object.entries(COUNTED_THROUGH))('%s is reached from %s, which is in the table', (path, entry) => {
    expect(importsOf(TABLE, readFileSync(TABLE, 'utf8'))).toContain(entry);
    const seen = new Set<string>();
    const waiting = [entry];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      waiting.push(...importsOf(at, FILES.get(at) ?? ''));
    }
    expect([...seen]).toContain(path);
  });

  it.each([
    'const GRUB = /^\\s*grub/m;',
    "export const strip = (text: string) => text.replace(/\\s+$/, '');",
    'if (/(a*)*b/.test(text)) found();',
    'const [, rest] = /^x(?:a|a)*y/.exec(text) ?? [];',
    'text.split(/a*a*b/);',
    'const end = /[^]*?<\\/body>/i;',
    'const back = /(a+)\\1/;',
    'const behind = /(?<=a.*)b/;',
    'const ahead = /b(?=.*c)/g;',
    'new RegExp(name);',
    "text.match('a|b');",
    "text.normalize('NFC');",
    'a.localeCompare(b);',
  ])('a source that holds %j is refused', (source) => {
    expect(faultsOf('src/core/sample.ts', `export const before = 1;\n${source}\n`)).toHaveLength(1);
  });

  it('and a module that scans text is noticed without an expression', () => {
    expect(textWorkOf("export const head = (text: string) => text.split(',')[0];").scans).toBe(true);
    expect(textWorkOf('export const sum = (a: number, b: number) => a + b;').scans).toBe(false);
  });

  it.each([
    /^\s*grub/,
    /\s+/g,
    /^a*b/,
    /^x.*y/m,
    /^(?!.*x).*$/,
    /'[^']*'/g,
    /^(a|b)*c$/,
    /a{1,64}b/,
    /:\/\/[^\s/@]+@/g,
  ])('and one that is sound is let through: %s', (regex) => {
    expect(whyNotLinear(regex)).toBeUndefined();
  });
});

/** Each character of the expression again and again, behind the others. */
function ownTexts(regex: RegExp, length: number): [string, string][] {
  const plain = regex.source.replace(/\\[a-zA-Z]|[\\^$.*+?()[\]{}|]/g, '');
  return [...new Set(plain)].flatMap((unit): [string, string][] => [
    [`only ${unit}`, unit.repeat(length)],
    [`its own letters, then ${unit}`, plain + unit.repeat(length)],
  ]);
}

function isDear(regex: RegExp, text: string): boolean {
  const fresh = new RegExp(regex.source, regex.flags);
  try {
    countSteps(SEARCHED * text.length, () => (fresh.global ? text.replace(fresh, '') : fresh.test(text)));
    return false;
  } catch (error) {
    if (error instanceof TooManySteps) return true;
    throw error;
  }
}
