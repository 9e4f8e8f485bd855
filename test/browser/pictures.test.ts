import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {openPage, useChromium} from './chromium.ts';
import type {FakeServer} from './fake-server.ts';
import {startFakeServer} from './fake-server.ts';
import {liveRun} from './live-run.ts';
import {smallPng} from './small-png.ts';
import {RUN} from './world.ts';

const PICTURES = join(import.meta.dirname, '..', '..', 'docs', 'pictures');

let server: FakeServer;
useChromium();
beforeAll(async () => {
  server = await startFakeServer();
  await mkdir(PICTURES, {recursive: true});
});
afterAll(() => server.close());

// Only with PICTURES=1 (vitest.browser.config.ts): they would differ a little each time.
it.each([
  ['run', `/runs/${RUN}`, 'Next: read its console below', 640],
  ['image', '/images/prod-a/Debian%2012', '15 checks:', 980],
])('makes the picture of the page %s for the README, of at most 60 KB', async (name, path, shows, height) => {
  server.world.events = liveRun();
  const page = await openPage({viewport: {width: 960, height}, colorScheme: 'light', reducedMotion: 'reduce'});
  await page.goto(server.url + path);
  await page.getByText(shows).waitFor();
  await page.waitForTimeout(1000);
  const file = join(PICTURES, `page-${name}.png`);
  const picture = smallPng(await page.screenshot());
  expect(picture.length).toBeLessThanOrEqual(60_000);
  await writeFile(file, picture);
});
