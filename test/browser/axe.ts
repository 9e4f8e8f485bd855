import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import type {AxeResults} from 'axe-core';
import type {Page} from 'playwright-core';

let axe: Promise<string> | undefined;

/** What axe finds wrong, each with the element. It is run by the debugger, which no content security policy keeps out. */
export async function violations(page: Page): Promise<readonly string[]> {
  axe ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(await axe);
  const {violations: found} = await page.evaluate(() =>
    (globalThis as unknown as {axe: {run: () => Promise<AxeResults>}}).axe.run(),
  );
  return found.flatMap(({id, help, nodes}) => nodes.map(({html}) => `${id}: ${help}: ${html.slice(0, 200)}`));
}
