import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {WARNING_CODES} from '../../../src/core/warnings.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The rows of the table of warnings, as they stand: code, meaning, what to do. */
function documented(text: string): string[][] {
  const section = text.split('\n### Warnings\n')[1]?.split('\n#')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

/** How often each code is given in a source text. */
function givenIn(texts: readonly string[]): Map<string, number> {
  const given = new Map<string, number>();
  for (const text of texts)
    for (const [, code = ''] of text.matchAll(/\bcode: '([a-z][a-z0-9-]*)'/g))
      given.set(code, (given.get(code) ?? 0) + 1);
  return given;
}

function sources(): string[] {
  return readdirSync(join(ROOT, 'src'), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'));
}

describe('the codes of warnings', () => {
  it('are documented: each in one row, with its meaning and what to do', () => {
    const rows = documented(readFileSync(join(ROOT, 'docs/cli.md'), 'utf8'));
    expect(rows.map(([, code]) => code)).toEqual(WARNING_CODES.map((code) => `\`${code}\``));
    expect(rows.filter(([, , meaning, remedy]) => !meaning || !remedy)).toEqual([]);
  });

  it('have one meaning: each is given in exactly one place of src, and no other is', () => {
    const given = givenIn(sources());
    const expected = Object.fromEntries(WARNING_CODES.map((code) => [code, 1]));
    expect(Object.fromEntries(given)).toEqual(expected);
  });

  it('are found where they are given twice, or not at all', () => {
    const given = givenIn(["warn({code: 'build', message})", "emit({type: 'warning', code: 'build', message})"]);
    expect(Object.fromEntries(given)).toEqual({build: 2});
    expect(documented('\n### Warnings\n\n| `build` | | |\n')).toEqual([['', '`build`', '', '', '']]);
  });
});
