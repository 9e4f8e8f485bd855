import type {Page} from 'playwright-core';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {violations} from './axe.ts';
import {openPage, useChromium} from './chromium.ts';
import type {FakeServer} from './fake-server.ts';
import {startFakeServer} from './fake-server.ts';
import {NOW, PLAN, RUN, offer} from './world.ts';

const IMAGE_PAGE = '/images/prod-a/Debian%2012';
let server: FakeServer;
useChromium();
beforeAll(async () => {
  server = await startFakeServer();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

async function open(path: string, ignore?: RegExp): Promise<Page> {
  const page = await openPage(ignore ? {ignore} : {});
  await page.goto(server.url + path);
  return page;
}

describe('an image', () => {
  it('is rolled back by a plan that somebody approves with the name typed', async () => {
    const page = await open(IMAGE_PAGE);
    await page.getByRole('button', {name: 'Roll back', exact: true}).click();
    const dialog = page.getByRole('dialog', {name: 'Roll back'});
    await dialog.getByLabel('Reason', {exact: true}).fill("it's broken");
    await dialog.getByText(String.raw`--reason 'it'\''s broken'`).waitFor();
    await dialog.getByRole('button', {name: 'Make the plan'}).click();
    await page.waitForURL(`${server.url}/plans/${PLAN}`);
    expect(server.posted).toEqual([
      {
        path: '/v1/plans',
        body: {verb: 'rollback', definitions: ['Debian 12'], clouds: ['prod-a'], flags: {reason: "it's broken"}},
      },
    ]);
    const approve = page.getByRole('button', {name: 'Approve'});
    await page.getByText('The clouds are as it was made for').waitFor();
    expect(await approve.isDisabled()).toBe(true);
    await page.getByLabel('Type Debian 12 to approve it').fill('Debian 1');
    expect(await approve.isDisabled()).toBe(true);
    await page.getByLabel('Type Debian 12 to approve it').fill('Debian 12');
    await approve.click();
    await page.waitForURL(`${server.url}/runs/${RUN}`);
    expect(server.posted.at(-1)).toEqual({path: '/v1/runs', body: {verb: 'manage', plan: PLAN, confirm: 'Debian 12'}});
  });

  it('is held by keyboard alone, and Escape gives the focus back', async () => {
    const page = await open(IMAGE_PAGE);
    const hold = page.getByRole('button', {name: 'Hold', exact: true});
    await hold.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', {name: 'Hold'}).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({state: 'detached'});
    await expect.poll(() => hold.evaluate((element) => document.activeElement === element)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByLabel('Until the end of (UTC)').fill('2026-12-24');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/runs/${RUN}`);
    expect(server.posted).toEqual([
      {
        path: '/v1/runs',
        body: {verb: 'hold', definitions: ['Debian 12'], clouds: ['prod-a'], flags: {until: '2026-12-24'}},
      },
    ]);
  });

  it('has its properties folded, its predecessors with the revoked one, and every check', async () => {
    const page = await open(IMAGE_PAGE);
    const row = page.getByRole('row').filter({hasText: '20261101'});
    await row.getByText('revoked', {exact: true}).waitFor();
    expect(await page.getByText('hw_scsi_model').isVisible()).toBe(false);
    await page.getByText('11 properties').click();
    await page.getByText('hw_scsi_model').waitFor();
    await page.getByText('15 checks: 13 passed, 1 failed, 1 not applicable').click();
    expect(await page.getByText('cloud-init-done').isVisible()).toBe(true);
  });

  it('says why something cannot be started from here', async () => {
    server.world.image = {
      ...server.world.image,
      offers: [offer('verify', {refused: 'the role viewer starts nothing'})],
    };
    const page = await open(IMAGE_PAGE);
    await page.getByText('Not from here: the role viewer starts nothing').waitFor();
    expect(await page.getByRole('button', {name: 'Verify', exact: true}).isDisabled()).toBe(true);
  });

  it('names the run that is in the way', async () => {
    server.world.refuse.set('start', 409);
    const page = await open(IMAGE_PAGE, /409/);
    await page.getByRole('button', {name: 'Verify', exact: true}).click();
    await page.getByRole('dialog').getByRole('button', {name: 'Verify', exact: true}).click();
    await page.getByRole('link', {name: 'The run that is in the way'}).click();
    await page.waitForURL(`${server.url}/runs/${RUN}`);
    expect(server.refused).toEqual(['start']);
  });

  it('has commands that are copied', async () => {
    const page = await open(IMAGE_PAGE);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', {name: /^Copy the command imgmgr hold/}).click();
    await page.getByText('Copied').first().waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      "imgmgr hold 'Debian 12' --cloud prod-a --until DATE",
    );
  });
});

describe('a plan', () => {
  it('of clouds that have changed is greyed, with the difference', async () => {
    server.world.plan = {
      ...server.world.plan,
      difference: {
        ...{at: NOW, moved: true},
        differences: [{cloud: 'prod-a', definition: 'Debian 12', texts: ['version 20261126 is there by now']}],
      },
    };
    const page = await open(`/plans/${PLAN}`);
    await page.getByText('prod-a, Debian 12: version 20261126 is there by now').waitFor();
    await page.getByText('Not now: the clouds have changed since').waitFor();
    expect(await page.getByRole('button', {name: 'Approve'}).isDisabled()).toBe(true);
  });

  it('keeps the name that is being typed when it is compared again', async () => {
    const page = await open(`/plans/${PLAN}`);
    const field = page.getByLabel('Type Debian 12 to approve it');
    await page.getByText('The clouds are as it was made for').waitFor();
    await field.fill('Deb');
    server.world.plan = {...server.world.plan, difference: {at: '2026-11-27T12:01:00Z', moved: false, differences: []}};
    await page.clock.install();
    await page.clock.runFor(61_000);
    expect(await field.inputValue()).toBe('Deb');
  });

  it('that was carried out leads to its run', async () => {
    server.world.plan = {...server.world.plan, plan: {...server.world.plan.plan, run: RUN}};
    const page = await open(`/plans/${PLAN}`);
    await page.getByRole('link', {name: 'run 0721cbb1'}).waitFor();
    expect(await page.getByRole('button', {name: 'Approve'}).isDisabled()).toBe(true);
  });
});

describe('the runs', () => {
  it('start a build of what is chosen', async () => {
    server.world.run = {
      ...server.world.run,
      offers: [offer('build', {definitions: [], clouds: ['prod-a'], flags: {upload: true}, command: 'imgmgr build'})],
    };
    const page = await open('/runs');
    await page.getByRole('button', {name: 'Start build'}).first().click();
    const dialog = page.getByRole('dialog', {name: 'Start build'});
    await dialog.getByLabel('Debian 13 built').uncheck();
    await dialog.getByRole('button', {name: 'Start build'}).click();
    await page.waitForURL(`${server.url}/runs/${RUN}`);
    expect(server.posted).toEqual([
      {path: '/v1/runs', body: {verb: 'build', definitions: ['Tiny Guest'], clouds: ['prod-a'], flags: {upload: true}}},
    ]);
  });

  it('build one that is off in its file by its name alone', async () => {
    const {world} = server;
    world.run = {...world.run, offers: [offer('build', {definitions: [], clouds: [], command: 'imgmgr build'})]};
    const off = world.definitions.definitions.map((one) => ({...one, enabled: false}));
    world.definitions = {...world.definitions, definitions: off};
    const page = await open('/runs');
    await page.getByRole('button', {name: 'Build without upload'}).first().click();
    const dialog = page.getByRole('dialog', {name: 'Build without upload'});
    expect(await dialog.getByRole('button', {name: 'Build without upload'}).isVisible()).toBe(false);
    expect(await violations(page)).toEqual([]);
    await dialog.getByRole('button', {name: 'Tiny Guest'}).click();
    await page.waitForURL(`${server.url}/runs/${RUN}`);
    expect(server.posted).toEqual([
      {path: '/v1/runs', body: {verb: 'build', definitions: ['Tiny Guest'], clouds: [], flags: {force: true}}},
    ]);
  });

  it('are filtered by the server, and the filter stays in the address', async () => {
    const page = await open('/runs');
    const asked = page.waitForRequest(/\/v1\/runs\?verb=build&result=failed$/);
    await page.getByLabel('Verb', {exact: true}).selectOption('build');
    await page.getByLabel('Result').selectOption('failed');
    await asked;
    await page.waitForURL(`${server.url}/runs?verb=build&result=failed`);
    expect(await page.getByLabel('Verb', {exact: true}).inputValue()).toBe('build');
  });

  it('are cancelled, the second time at once', async () => {
    const page = await open(`/runs/${RUN}`);
    await page.getByRole('button', {name: 'Cancel'}).click();
    await page.getByRole('button', {name: 'Cancel the run'}).click();
    await expect.poll(() => server.posted).toEqual([{path: `/v1/runs/${RUN}/cancel`, body: {}}]);
    server.world.events = [{seq: 1, at: NOW, type: 'interrupted', signal: 'SIGINT', left: []}];
    await page.getByRole('button', {name: 'End at once'}).click();
    await page.getByRole('dialog', {name: 'End this run at once?'}).waitFor();
    expect(server.posted).toHaveLength(1);
  });

  it('lose what is left of their builds when the name is typed; where that is refused, the page says why', async () => {
    const command = `imgmgr build --delete ${RUN} --yes`;
    server.world.run = {...server.world.run, deletion: {confirm: 'Debian 12', command, refused: null}};
    const page = await open(`/runs/${RUN}`);
    await page.getByRole('button', {name: 'Delete', exact: true}).click();
    const dialog = page.getByRole('dialog', {name: 'Delete these builds?'});
    await dialog.getByText(command).waitFor();
    const submit = dialog.getByRole('button', {name: 'Delete', exact: true});
    await dialog.getByLabel('Type Debian 12 to delete them').fill('Debian 1');
    expect(await submit.isDisabled()).toBe(true);
    await dialog.getByLabel('Type Debian 12 to delete them').fill('Debian 12');
    await submit.click();
    await dialog.waitFor({state: 'detached'});
    expect(server.posted).toEqual([{path: `/v1/runs/${RUN}/delete-builds`, body: {confirm: 'Debian 12'}}]);
    const refused = 'the server was started without --allow-build';
    server.world.run = {...server.world.run, deletion: {confirm: 'Debian 12', command, refused}};
    await page.reload();
    await page.getByText(`Not from here: ${refused}`).waitFor();
    expect(await page.getByRole('button', {name: 'Delete', exact: true}).isDisabled()).toBe(true);
  });
});

describe('the table of images', () => {
  it('is filtered by words, state and need, in the page alone, and the filter stays in the address', async () => {
    const page = await open('/');
    const names = (): Promise<readonly string[]> => page.locator('table.images tbody th a').allInnerTexts();
    await page.locator('table.images').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/v1/')) asked.push(request.url());
    });
    await page.getByLabel('Find').fill('ubuntu prod-b');
    await expect.poll(names).toEqual(['Ubuntu 24.04']);
    await page.getByLabel('Find').fill('');
    await page.getByLabel('Only what needs somebody').check();
    await expect.poll(names).toEqual(['Ubuntu 24.04', 'AlmaLinux 9']);
    await page.getByLabel('State').selectOption('quarantined');
    await expect.poll(names).toEqual(['AlmaLinux 9']);
    expect(asked).toEqual([]);
    await page.reload();
    await expect.poll(names).toEqual(['AlmaLinux 9']);
    await page.getByLabel('State').selectOption('');
    await page.getByLabel('Find').fill('nothing like it');
    await page.getByText('No image passes the filter.').waitFor();
  });

  it('of one cloud is asked of the server', async () => {
    const page = await open('/');
    await Promise.all([
      page.waitForRequest(/\/v1\/images\?cloud=prod-b$/),
      page.getByLabel('Cloud', {exact: true}).selectOption('prod-b'),
    ]);
    expect(new URL(page.url()).search).toBe('?cloud=prod-b');
  });

  it('keeps the focus where it is when the clouds are read again', async () => {
    const page = await open('/');
    const link = page.getByRole('link', {name: 'Fedora 43'});
    await link.focus();
    const asked = page.waitForResponse(/\/v1\/images\?refresh=1/);
    await page.evaluate(() => {
      [...document.querySelectorAll('button')].find(({textContent}) => textContent === 'Read again now')?.click();
    });
    await asked;
    await expect.poll(() => link.evaluate((element) => document.activeElement === element)).toBe(true);
  });
});
