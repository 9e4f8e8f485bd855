import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {violations} from './axe.ts';
import {expectNoSideways, openPage, useChromium} from './chromium.ts';
import type {FakeServer} from './fake-server.ts';
import {startFakeServer} from './fake-server.ts';
import {HOSTILE, hostile} from './hostile.ts';
import {liveRun} from './live-run.ts';
import {PLAN, RUN} from './world.ts';

const PAGES: readonly (readonly [name: string, path: string, shows: string])[] = [
  ['images', '/', 'table.images a'],
  ['image', '/images/prod-a/Debian%2012', 'dl.facts'],
  ['runs', '/runs', 'table a'],
  ['run', `/runs/${RUN}`, '.log-block'],
  ['plan', `/plans/${PLAN}`, '.planned'],
  ['login', '/login', '#token'],
];
const LOOKS = [
  {width: 360, colorScheme: 'light'},
  {width: 360, colorScheme: 'dark'},
  {width: 1440, colorScheme: 'light'},
  {width: 1440, colorScheme: 'dark'},
] as const;

let server: FakeServer;
useChromium();
beforeAll(async () => {
  server = await startFakeServer();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

async function open(path: string, shows: string, look: (typeof LOOKS)[number] = LOOKS[2]): Promise<Page> {
  const {width, colorScheme} = look;
  const page = await openPage({viewport: {width, height: 800}, colorScheme});
  await page.goto(server.url + path);
  await page.locator(shows).first().waitFor();
  return page;
}

describe.each(PAGES)('the page %s', (_, path, shows) => {
  it('is accessible and does not scroll sideways, narrow and wide, light and dark', async () => {
    server.world.events = liveRun();
    const page = await open(path, shows, LOOKS[0]);
    for (const {width, colorScheme} of LOOKS) {
      await page.setViewportSize({width, height: 800});
      await page.emulateMedia({colorScheme});
      expect(await violations(page), `${width} px, ${colorScheme}`).toEqual([]);
      await expectNoSideways(page);
    }
  });

  it('shows hostile texts as texts, and runs none', async () => {
    const {world} = server;
    Object.assign(world, hostile({images: world.images, image: world.image, run: world.run, runs: world.runs}));
    Object.assign(world, hostile({plan: world.plan, session: world.session, definitions: world.definitions}));
    world.events = hostile(liveRun());
    world.log = [HOSTILE, HOSTILE.repeat(5000), 'x'.repeat(2 ** 20), '\u001b[2J\u001b[1;1H', '', 'the last line'];
    const page = await open(path, shows, LOOKS[0]);
    if (path !== '/login') await page.getByText('<script>alert(2)</script>').first().waitFor();
    await page.waitForTimeout(300);
    expect(await page.locator('main img, main script, main svg, main [onerror], main iframe').count()).toBe(0);
    expect(await page.locator('main').innerText()).not.toMatch(/[\p{Bidi_Control}\p{Cs}]/u);
    const addresses = await page
      .locator('a')
      .evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).href));
    expect(addresses.filter((href) => !href.startsWith(`${server.url}/`))).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await expectNoSideways(page);
  });
});

describe('every page', () => {
  it('has commands and no buttons on a server that is read-only', async () => {
    server.world.session = {...server.world.session, allowWrite: false, allowBuild: false, verbs: [], role: 'viewer'};
    for (const [, path, shows] of PAGES.slice(0, 5)) {
      const page = await open(path, shows);
      const names = await page.getByRole('button').allInnerTexts();
      expect(
        names.filter(
          (name) => !/^(?:Copy|Log out|Read again now|Next|Previous|Answer|Messages|Console .*)$/.test(name),
        ),
      ).toEqual([]);
      await page.locator('.command code').first().waitFor();
    }
  });

  it('says when the server does not answer, and shows again what it says later', async () => {
    server.world.refuse.set('images', 503);
    const page = await openPage({ignore: /503/});
    await page.goto(server.url);
    await page.getByRole('alert').waitFor();
    server.world.refuse.clear();
    await page.locator('table.images').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('sends who is not logged in to the login, and back', async () => {
    server.world.loggedIn = false;
    const page = await openPage({ignore: /401/});
    await page.goto(`${server.url}/runs?verb=build`);
    await page.getByLabel('Or a token').fill('secret-token');
    await page.getByRole('button', {name: 'Log in'}).click();
    await page.waitForURL(`${server.url}/runs?verb=build`);
    expect(server.posted).toEqual([{path: '/v1/session', body: {token: 'secret-token'}}]);
  });

  it('logs in by the code behind #, which stays in no address', async () => {
    server.world.loggedIn = false;
    const page = await openPage();
    await page.goto(`${server.url}/login#one-time-code`);
    await page.waitForURL(`${server.url}/`);
    expect(server.posted).toEqual([{path: '/v1/session', body: {code: 'one-time-code'}}]);
    await page.goBack();
    expect(page.url()).not.toContain('one-time-code');
  });

  it('goes nowhere else after a login', async () => {
    for (const next of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/.//evil.example/',
      'javascript:alert(1)',
    ]) {
      const page = await openPage();
      await page.goto(`${server.url}/login?next=${encodeURIComponent(next)}#code`);
      await page.locator('table.images').waitFor();
      expect(page.url()).toBe(`${server.url}/`);
    }
  });
});
