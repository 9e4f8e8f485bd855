import type {Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {violations} from './axe.ts';
import {expectNoSideways, openPage, useChromium} from './chromium.ts';
import type {RealServer} from './real-server.ts';
import {hindrance, remains, startRealServer} from './real-server.ts';

const why = hindrance();
if (why !== undefined) process.stderr.write(`not tested, since ${why}: the pages of a server that really builds\n`);
/** A build, and a guest that boots emulated, on a machine that may be busy. */
const LONG = {timeout: 300_000};
const STORY_MS = 900_000;
const GUEST = 'Tiny Guest';

let server: RealServer | undefined;
useChromium();
beforeAll(async () => {
  if (why === undefined) server = await startRealServer();
});
afterAll(() => server?.close());
// What the pages do not show of a run that went wrong.
beforeEach(({onTestFailed}) => {
  onTestFailed(async () => {
    if (!server) return;
    const runs = await server.imgmgr('history', '--limit', '3').catch(String);
    process.stderr.write(`the server said:\n${server.log()}\nits runs:\n${runs}\n`);
  });
});

function real(): RealServer {
  if (!server) throw new Error('there is no server');
  return server;
}

/** A browser of its own, logged in by a one-time address. */
async function logIn(): Promise<Page> {
  const page = await openPage();
  await page.goto(await real().loginUrl());
  await page.getByRole('link', {name: 'Cirros'}).waitFor();
  return page;
}

function step(page: Page, name: string): Locator {
  return page.locator('.subject').first().getByRole('listitem').filter({hasText: name});
}

async function isNow(page: Page, name: string): Promise<void> {
  await step(page, name).and(page.locator('[aria-current=step]')).waitFor(LONG);
}

async function shownLog(page: Page): Promise<string> {
  return page.locator('.log-block').evaluateAll((blocks) => blocks.map(({textContent}) => textContent).join(''));
}

async function wholeLog(page: Page): Promise<string> {
  const href = (await page.getByRole('link', {name: 'Download'}).getAttribute('href')) ?? '';
  return (await page.request.get(real().url + href)).text();
}

async function accessible(page: Page): Promise<void> {
  for (const width of [360, 1440]) {
    await page.setViewportSize({width, height: 900});
    expect(await violations(page), `${page.url()}, ${width} px`).toEqual([]);
    await expectNoSideways(page);
  }
}

/** The end of a run, as its page says it. */
async function ends(page: Page, text: string): Promise<void> {
  await page.getByText(text).waitFor(LONG);
  await expect.poll(() => page.locator('[aria-current=step]').count()).toBe(0);
}

async function buildAgain(page: Page): Promise<void> {
  await page.getByRole('button', {name: 'Start build'}).click();
  await page.getByLabel('Build again, whatever is there').check();
  await page.getByRole('dialog').getByRole('button', {name: 'Start build'}).click();
}

/** The rows of the table of versions: version, state, visibility. */
async function versions(page: Page): Promise<readonly string[]> {
  await page.goto(`${real().url}/images/local/Tiny%20Guest`);
  await page.getByRole('heading', {name: 'Versions'}).waitFor();
  const rows = await page.locator('table tbody tr').filter({hasText: GUEST}).allInnerTexts();
  return rows.map((row) => row.split(/\s+/).slice(0, 3).join(' '));
}

// One story: each part goes on where the one before it ended.
describe.skipIf(why !== undefined)('a server on the cloud local', {timeout: STORY_MS}, () => {
  it('builds, boots, judges and publishes the tiny guest by two clicks, while two browsers watch and one reloads', async () => {
    const [one, other] = [await logIn(), await logIn()];
    await one.getByRole('button', {name: 'Start build'}).click();
    await one.getByRole('dialog').getByRole('button', {name: GUEST, exact: true}).click();
    await one.waitForURL(/\/runs\/[0-9a-f-]{36}$/);
    await other.goto(one.url());
    await isNow(one, 'Candidate');
    await one.getByRole('button', {name: `Build ${GUEST}`}).click(LONG);
    await one.locator('.log-block').getByText('root.d').first().waitFor(LONG);
    await one.reload();
    for (const page of [one, other]) await isNow(page, 'Boot');
    for (const page of [one, other]) {
      await ends(page, 'exit code 0');
      await page.getByText(`published as ${GUEST}`, {exact: true}).waitFor();
      await page.getByRole('button', {name: 'Messages'}).click();
      await expect.poll(() => shownLog(page)).toContain('imported: 1');
      const log = await wholeLog(page);
      expect(await shownLog(page)).toBe(log);
      expect(log.match(/Published image/g)).toHaveLength(1);
      await page.getByRole('button', {name: `Build ${GUEST}`}).click();
      await expect.poll(() => shownLog(page)).toContain('Build completed successfully');
      expect((await shownLog(page)).trimEnd()).toBe((await wholeLog(page)).trimEnd());
    }
    await accessible(one);
    expect(await remains(real().folder)).toEqual([]);
  });

  it('cancels one while its guest boots, as Ctrl-C does; the next one is published, and the first retired', async () => {
    const page = await logIn();
    await page.getByRole('link', {name: GUEST}).click();
    await buildAgain(page);
    await isNow(page, 'Boot');
    await page.getByRole('button', {name: 'Cancel'}).click();
    await page.getByRole('button', {name: 'Cancel the run'}).click();
    await ends(page, 'exit code 130');
    expect(await remains(real().folder)).toEqual([]);
    const cancelled = page.url();
    await buildAgain(page);
    await page.waitForURL((url) => url.href !== cancelled);
    await ends(page, 'exit code 0');
    const [newest = '', before = ''] = await versions(page);
    expect([newest, before].map((text) => text.split(' ')[1])).toEqual(['current', 'retired']);
    await accessible(page);
  });

  it('rolls back by a plan that is approved with the name typed; the history shows it all', async () => {
    const page = await logIn();
    const [newest = '', before = ''] = await versions(page);
    await page.getByRole('button', {name: 'Roll back', exact: true}).click();
    const dialog = page.getByRole('dialog', {name: 'Roll back'});
    await dialog.getByLabel('Reason', {exact: true}).fill('it has no editor');
    await dialog.getByRole('button', {name: 'Make the plan'}).click();
    await page.getByText('The clouds are as it was made for').waitFor(LONG);
    await accessible(page);
    await page.getByLabel(`Type ${GUEST} to approve it`).fill(GUEST);
    await page.getByRole('button', {name: 'Approve'}).click();
    await page.waitForURL(/\/runs\//);
    await ends(page, 'exit code 0');
    await accessible(page);
    const states = (await versions(page)).map((text) => text.split(' ').slice(0, 2).join(' '));
    expect(states).toEqual([`${newest.split(' ')[0] ?? ''} retired`, `${before.split(' ')[0] ?? ''} current`]);
    await page.getByText('revoked', {exact: true}).first().waitFor();
    await page.getByRole('link', {name: 'Runs'}).click();
    await page.locator('table tbody tr').first().waitFor();
    const rows = await page.locator('table tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).slice(0, 2).join(' '))).toEqual([
      ...['SUCCESS rollback', 'SUCCESS build', 'CANCELLED build', 'SUCCESS build'],
    ]);
    await accessible(page);
    await page.getByRole('link', {name: 'Images'}).click();
    await page.getByRole('link', {name: GUEST}).waitFor();
    await accessible(page);
    const history = await real().imgmgr('history', '--json');
    expect(history.match(/"state":"(?:SUCCESS|CANCELLED)"/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('kill -9 of server and run while a guest boots: the next server says that it is lost, the next run removes it all and publishes', async () => {
    const page = await logIn();
    await page.getByRole('link', {name: GUEST}).click();
    await buildAgain(page);
    await isNow(page, 'Boot');
    const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    const before = real();
    // A page that goes on asking a server that is gone has its faults in the console.
    await page.close();
    await before.kill();
    await before.killRun(id);
    server = await startRealServer(before);
    const after = await logIn();
    await after.goto(`${real().url}/runs/${id}`);
    await after.getByText('LOST', {exact: true}).first().waitFor(LONG);
    await after.goto(`${real().url}/images/local/Tiny%20Guest`);
    await buildAgain(after);
    await after.waitForURL((url) => /\/runs\//.test(url.pathname) && !url.pathname.endsWith(id));
    await ends(after, 'exit code 0');
    expect(await remains(real().folder)).toEqual([]);
    const [newest = ''] = await versions(after);
    expect(newest.split(' ')[1]).toBe('current');
  });
});
