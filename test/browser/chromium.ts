import {afterAll, afterEach, beforeAll, expect} from 'vitest';
import type {Browser, BrowserContext, BrowserContextOptions, Page} from 'playwright-core';
import {chromium} from 'playwright-core';

/** A page that is watched: everything in `faults` is a failure. */
export interface Watched {
  readonly page: Page;
  /** Scripts that failed, what the content security policy refused, dialogs, messages of the console that are errors. */
  readonly faults: readonly string[];
}

let browser: Browser | undefined;
const contexts: BrowserContext[] = [];
const watched: Watched[] = [];

/** Starts the Chromium of a test file; after each test its pages have to be without a fault, and are closed. */
export function useChromium(): void {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--disable-dev-shm-usage'],
    });
  });
  afterEach(async () => {
    const faults = watched.flatMap((one) => one.faults);
    await Promise.all(contexts.map((context) => context.close()));
    contexts.length = watched.length = 0;
    expect(faults).toEqual([]);
  });
  afterAll(() => browser?.close());
}

/** A page in a browser profile of its own. `ignore`: faults that a test brings about itself. */
export async function openPage(options: BrowserContextOptions & {readonly ignore?: RegExp} = {}): Promise<Page> {
  const {ignore, ...rest} = options;
  if (!browser) throw new Error('useChromium() comes first');
  const context = await browser.newContext({
    viewport: {width: 1440, height: 900},
    timezoneId: 'Europe/Berlin',
    ...rest,
  });
  contexts.push(context);
  context.setDefaultTimeout(20_000);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sample}) => {
      // eslint-disable-next-line no-console -- the test reads it there
      console.error(`CSP ${violatedDirective} ${blockedURI} ${sample}`);
    });
  });
  const page = await context.newPage();
  const faults: string[] = [];
  const fault = (text: string): void => {
    if (ignore?.test(text) !== true) faults.push(text);
  };
  page.on('dialog', (dialog) => {
    fault(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => fault(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') fault(`console: ${message.text()} ${message.location().url}`);
  });
  watched.push({page, faults});
  return page;
}

/** Fails where the page is wider than its window. */
export async function expectNoSideways(page: Page): Promise<void> {
  const {content, window} = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    window: innerWidth,
  }));
  expect(content, `${page.url()} scrolls sideways`).toBeLessThanOrEqual(window);
}
