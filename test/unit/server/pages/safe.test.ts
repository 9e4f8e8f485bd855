import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {Linter} from 'eslint';
import {describe, expect, it} from 'vitest';

const PAGES = join(import.meta.dirname, '../../../../src/server/pages');
const FILES = readdirSync(PAGES);

interface Block {
  readonly files?: readonly string[];
  readonly ignores?: readonly string[];
  readonly rules?: Linter.RulesRecord;
}

/** The rules of eslint.config.js that are about pages alone; they need no types. */
async function rulesOfPages(): Promise<Linter.RulesRecord> {
  // @ts-expect-error -- it has no types
  const {default: config} = (await import('../../../../eslint.config.js')) as {readonly default: readonly Block[]};
  const blocks = config.filter(({files = []}) => files.some((pattern) => pattern.startsWith('src/server/pages')));
  expect(blocks.length).toBeGreaterThan(0);
  return Object.assign({}, ...blocks.map(({rules = {}}) => rules)) as Linter.RulesRecord;
}

describe('pages', () => {
  it.each([
    'element.innerHTML = text;',
    'element.outerHTML = text;',
    "element['innerHTML'] = text;",
    "element.insertAdjacentHTML('beforeend', text);",
    'element.setHTML(text);',
    'element.setHTMLUnsafe(text);',
    'document.write(text);',
    "new DOMParser().parseFromString(text, 'text/html');",
    'range.createContextualFragment(text);',
    'frame.srcdoc = text;',
    'element.onclick = handler;',
    "element.setAttribute('onclick', text);",
    'link.href = text;',
    'image.src = text;',
    'location.assign(text);',
    'window.open(text);',
    "element.style.color = 'red';",
    "document.createElement('script');",
    'eval(text);',
    'new Function(text);',
  ])('may not say %s', async (code) => {
    const config = {rules: await rulesOfPages(), languageOptions: {ecmaVersion: 2024}} as const;
    expect(new Linter().verify(code, config)).not.toEqual([]);
  });

  it('may say what is harmless', async () => {
    const config = {rules: await rulesOfPages(), languageOptions: {ecmaVersion: 2024}} as const;
    expect(new Linter().verify("element.textContent = text; names.replace('a', 'b');", config)).toEqual([]);
  });

  it('have no script, style or handler in their HTML, and nothing from elsewhere', () => {
    const html = FILES.filter((name) => name.endsWith('.html')).map((name) => readFileSync(join(PAGES, name), 'utf8'));
    expect(html).toHaveLength(1);
    for (const text of html) {
      expect(text).not.toMatch(/<script(?![^>]* src="\/pages\/)/);
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|https?:|src="(?!\/pages\/)/);
    }
    for (const name of FILES.filter((file) => file.endsWith('.css')))
      expect(readFileSync(join(PAGES, name), 'utf8')).not.toMatch(/@import|https?:|url\((?!'\/pages\/)/);
  });

  it('import nothing but each other, and types', () => {
    for (const name of FILES.filter((file) => file.endsWith('.ts')))
      for (const [line, type, , from = ''] of readFileSync(join(PAGES, name), 'utf8').matchAll(
        /^(?:import|export) (type )?([^;']*? from )?'([^']+)'/gm,
      ))
        expect(type !== undefined || /^\.\/[\w-]+\.ts$/.test(from), `${name}: ${line}`).toBe(true);
  });
});
