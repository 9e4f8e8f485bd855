import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {SeenEvent} from '../../src/server/pages/run-event.ts';
import {openPage, useChromium} from './chromium.ts';
import type {FakeServer} from './fake-server.ts';
import {startFakeServer} from './fake-server.ts';
import {liveRun} from './live-run.ts';
import {NOW, RUN, runRow} from './world.ts';

let server: FakeServer;
useChromium();
beforeAll(async () => {
  server = await startFakeServer();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

async function openRun(ignore?: RegExp): Promise<Page> {
  const page = await openPage(ignore ? {ignore} : {});
  await page.goto(`${server.url}/runs/${RUN}`);
  return page;
}

/** One more event: a warning with its number. */
function warn(count: number): void {
  const {world} = server;
  const seq = world.events.length + 1;
  world.events.push({seq, at: NOW, type: 'warning', code: 'held', message: `warning ${count}.`});
}

async function warnings(page: Page): Promise<readonly string[]> {
  const texts = await page.locator('.rows > li').allInnerTexts();
  return texts.map((text) => /warning \d+\./.exec(text)?.[0] ?? text);
}

function numbered(last: number): readonly string[] {
  return Array.from({length: last}, (_, index) => `warning ${index + 1}.`);
}

async function logLines(page: Page): Promise<readonly string[]> {
  return (await page.locator('.log-block').evaluateAll((blocks) => blocks.map(({textContent}) => textContent).join('')))
    .split('\n')
    .slice(0, -1);
}

describe('a run', () => {
  it('moves along its line while one watches, and says how it ended', async () => {
    const events = liveRun();
    server.world.events = events.slice(0, 3);
    const page = await openRun();
    const line = page.getByRole('listitem').filter({hasText: 'AlmaLinux 9'});
    const step = (name: string) => line.getByRole('listitem').filter({hasText: name});
    await step('Published').waitFor();
    server.world.events = events.slice(0, 7);
    await step('Boot').and(page.locator('[aria-current=step]')).waitFor();
    server.world.events = events;
    await line.getByText('FAILED no-network (image); predecessor still public').waitFor();
    await line.getByText('Next: read its console below').waitFor();
    await page.getByText('uploading 134 MiB of 330 MiB').waitFor();
    server.world.ended = runRow({state: 'FAILED', exitCode: 5, reason: 'VERIFICATION: no-network', endedAt: NOW});
    await page.getByText('exit code 5 (an image failed verification)').waitFor();
    expect(await page.locator('[aria-current=step]').count()).toBe(0);
  });

  it('that is reloaded in the middle has lost nothing, and nothing is there twice', async () => {
    server.world.log = ['line 1', 'line 2'];
    const page = await openRun();
    for (const count of [1, 2, 3]) warn(count);
    server.world.log.push('line 3');
    await page.getByText('warning 3.').waitFor();
    await page.getByText('line 3').waitFor();
    await page.reload();
    for (const count of [4, 5]) warn(count);
    server.world.log.push('line 4');
    await page.getByText('warning 5.').waitFor();
    await page.getByText('line 4').waitFor();
    expect(await warnings(page)).toEqual(numbered(5));
    expect(await logLines(page)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  it('goes on behind the last event when the connection was lost, and says so', async () => {
    for (const count of [1, 2]) warn(count);
    const page = await openRun(/ERR_/);
    await page.getByText('warning 2.').waitFor();
    server.dropWatchers();
    await page.getByText('Connection lost, trying again.').waitFor();
    warn(3);
    await page.getByText('warning 3.').waitFor();
    expect(await page.getByText('Connection lost').count()).toBe(0);
    expect(await warnings(page)).toEqual(numbered(3));
    expect(server.resumed).toEqual(['', '2']);
  });

  it('is watched again from its beginning when the server refused for a while, and nothing is there twice', async () => {
    for (const count of [1, 2]) warn(count);
    const page = await openRun(/ERR_|503/);
    await page.getByText('warning 2.').waitFor();
    server.world.refuse.set('events', 503);
    server.dropWatchers();
    await page.getByText('Connection lost, trying again.').waitFor();
    await expect.poll(() => server.refused.includes('events')).toBe(true);
    server.world.refuse.clear();
    warn(3);
    await page.getByText('warning 3.').waitFor();
    expect(await warnings(page)).toEqual(numbered(3));
  });

  it('is the same for two browsers at once', async () => {
    const pages = await Promise.all([openRun(), openRun()]);
    for (const count of [1, 2, 3]) warn(count);
    server.world.log.push('line 2');
    for (const page of pages) {
      await page.getByText('warning 3.').waitFor();
      await page.getByText('line 2').waitFor();
      expect(await warnings(page)).toEqual(numbered(3));
    }
  });

  it('of thousands of events shows the newest state of what fits', async () => {
    const at = NOW;
    server.world.events = Array.from({length: 10_000}, (_, index): SeenEvent => {
      const about = {cloud: 'prod-a', definition: `D${index % 500}`, version: '1'};
      return {seq: index + 1, at, type: 'progress', phase: 'uploading', bytes: index, total: 10_000, ...about};
    });
    const page = await openRun();
    await page.getByText('300 more images not shown').waitFor();
    expect(await page.locator('.subject').count()).toBe(200);
  });
});

describe('a log', () => {
  it('of 100,000 lines keeps the newest on the page, says what is not there, and is downloaded whole', async () => {
    server.world.log = Array.from({length: 100_000}, (_, index) => `line ${index}`);
    server.world.ended = runRow({state: 'SUCCESS', exitCode: 0, endedAt: NOW});
    const page = await openRun();
    await page.getByText('line 99999').waitFor();
    await page.getByText('older lines not shown here: the download has everything').waitFor();
    const lines = await logLines(page);
    expect(lines.length).toBeLessThanOrEqual(40_000);
    expect(lines.at(-1)).toBe('line 99999');
    expect(await page.getByRole('link', {name: 'Download'}).getAttribute('href')).toBe(
      `/v1/runs/${RUN}/log?log=output&download=1`,
    );
  });

  it('is followed until one scrolls up, and again at its end', async () => {
    server.world.log = Array.from({length: 500}, (_, index) => `line ${index}`);
    const page = await openRun();
    const log = page.getByRole('region', {name: 'Lines of the log'});
    const follow = page.getByRole('checkbox', {name: 'Follow'});
    const isAtEnd = (): Promise<boolean> =>
      log.evaluate((element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 24);
    await page.getByText('line 499').waitFor();
    await expect.poll(isAtEnd).toBe(true);
    await log.evaluate((element) => element.scrollTo(0, 0));
    await expect.poll(() => follow.isChecked()).toBe(false);
    server.world.log.push('line 500');
    await page.getByText('line 500').waitFor({state: 'attached'});
    expect(await isAtEnd()).toBe(false);
    await follow.check();
    await expect.poll(isAtEnd).toBe(true);
  });

  it('is searched, by keyboard alone', async () => {
    server.world.log = Array.from({length: 1000}, (_, index) => (index % 100 === 7 ? `Kernel PANIC ${index}` : 'x'));
    const page = await openRun();
    await page.getByText('Kernel PANIC 907').waitFor();
    await page.getByLabel('Search').fill('panic');
    await page.getByText('10 found').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('1 of 10').waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.getByText('10 of 10').waitFor();
    await page.getByLabel('Search').fill('no such text');
    await page.getByText('nothing found').waitFor();
    expect(await page.getByRole('checkbox', {name: 'Follow'}).isChecked()).toBe(false);
  });
});
