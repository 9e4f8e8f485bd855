import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {listen} from '../fakes/listener.ts';
import type {Listener} from '../fakes/listener.ts';
import type {Misbehaviour, RequestMatch} from '../fakes/misbehaviour.ts';
import type {FakeIo} from './fake-io.ts';
import {fakeIo} from './fake-io.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
let silent: Listener;
/** Requests that reached the source that never answers. */
let asked: number;

beforeEach(async () => {
  asked = 0;
  [table, silent] = await Promise.all([
    openTable(),
    listen({
      handle: () => {
        asked++;
        return Promise.resolve();
      },
    }),
  ]);
});
afterEach(async () => {
  await Promise.all([table.close(), silent.close()]);
});

const BOOT = {verify: '{mode: boot}'};
const LAST1 = {uuid_validity: 'last-1'};
const RAW = ['--disk-format', 'raw', '--name', 'I'];

interface Begun {
  readonly io: FakeIo;
  readonly ended: Promise<number>;
}

function begin(...argv: readonly string[]): Begun {
  const io = fakeIo();
  const env = {
    HOME: table.folder,
    OS_CLIENT_CONFIG_FILE: `${table.folder}/clouds.yaml`,
    XDG_STATE_HOME: table.folder,
    IMGMGR_BUILD_DIR: table.folder,
  };
  return {io, ended: run(argv, io, env)};
}

async function manage(text: string, ...flags: readonly string[]): Promise<readonly string[]> {
  return ['manage', '--cloud', 'admin', '--images', await table.write(text), ...flags];
}

function hush(match: RequestMatch, after = 0): Misbehaviour {
  return table.cloud.misbehave('neverAnswers', {times: Infinity, match, after});
}

/** The run hangs in the wait that is meant, then comes the signal: it ends by itself, and nothing is left. */
async function expectEnd(
  {io, ended}: Begun,
  hangs: () => number,
  signal: 'SIGINT' | 'SIGTERM' = 'SIGINT',
): Promise<void> {
  await expect.poll(hangs).toBeGreaterThan(0);
  const before = table.show();
  io.send(signal);
  expect(await ended).toBe(signal === 'SIGINT' ? 130 : 143);
  expect(io.left).toEqual([]);
  expect(io.err()).not.toMatch(/leaving (?:now|at once)/);
  expect(io.err()).not.toMatch(/ERROR.*(?:login|log in|definition)/);
  expect(table.show().filter((line) => !before.includes(line))).toEqual([]);
}

describe('R9: a run that only reads ends at the first signal, whatever does not answer', () => {
  it.each([
    ['the login', {path: '/v3/auth/tokens'}, 0],
    ['the listing of images', {method: 'GET', path: /^\/v2\/images$/}, 0],
    ['the look-up of names', {method: 'GET', path: /^\/v2\/images$/}, 2],
    ['flavors', {path: '/flavors'}, 0],
    ['limits', {path: '/limits'}, 0],
    ['networks', {path: '/networks'}, 0],
  ])('%s', async (_, match, after) => {
    const misdeed = hush(match, after);
    await expectEnd(begin(...(await manage(table.x(['1']), '--verify'))), misdeed.happened);
    // Rights are asked for by calls that the cloud has to refuse; nothing is made by them.
    expect([table.show(), table.cloud.compute.servers, table.cloud.compute.ports]).toEqual([[], [], []]);
  });

  it('a login, by SIGTERM', async () => {
    const misdeed = hush({path: '/v3/auth/tokens'});
    await expectEnd(begin('verify', '--cloud', 'admin', 'X'), misdeed.happened, 'SIGTERM');
  });

  it('a list of digests', async () => {
    const text = table.x([listed('1', table.serve('1'), {checksums_url: `${silent.url}/SHA512SUMS`})]);
    await expectEnd(begin(...(await manage(text, '--no-verify'))), () => asked);
  });

  it('the date of a latest version', async () => {
    table.upstream.put('/SUMS', Buffer.from(`${'a'.repeat(64)}  x.img\n`));
    const text = table.x([listed('latest', `${silent.url}/x.img`, {checksums_url: `${table.upstream.url}/SUMS`})]);
    await expectEnd(begin(...(await manage(text, '--no-verify'))), () => asked);
  });

  it('the question who uses an image', async () => {
    await table.manage(table.x(['1'], {}, LAST1));
    await table.manage(table.x(['2'], {}, LAST1));
    const images = await table.write(table.x(['2'], {}, LAST1));
    const misdeed = hush({method: 'GET', path: '/servers'});
    await expectEnd(
      begin('dry-run', '--delete', '--yes', '--no-verify', '--cloud', 'admin', '--images', images),
      misdeed.happened,
    );
  });
});

describe('R9: a run that has written ends at the first signal and cleans up, where the wait is what does not answer', () => {
  it('the source of an image: the lease goes', async () => {
    await expectEnd(begin('import', `${silent.url}/x.img`, '--cloud', 'admin', '--no-verify', ...RAW), () => asked);
  });

  it('the import in the cloud: record and lease go', async () => {
    const misdeed = hush({method: 'GET', path: /^\/v2\/images\/[^/]+$/});
    const begun = begin(...(await manage(table.x(['1']), '--no-verify')));
    await expect.poll(misdeed.happened).toBeGreaterThan(0);
    begun.io.send('SIGINT');
    expect([await begun.ended, begun.io.left, table.show()]).toEqual([130, [], []]);
  });

  it('a test server that is being waited for: server, record and lease go', async () => {
    table.cloud.compute.life = {console: 'still booting'};
    const text = await manage(table.x(['1'], BOOT), '--verify');
    const misdeed = table.cloud.misbehave('neverAnswers', {match: {method: 'GET', path: /\/servers\/[^/]+$/}});
    const begun = begin(...text);
    await expect.poll(misdeed.happened).toBeGreaterThan(0);
    begun.io.send('SIGINT');
    expect([await begun.ended, begun.io.left, table.show()]).toEqual([130, [], []]);
    expect(table.cloud.compute.servers).toEqual([]);
  });

  it('the wait for another run: the lease goes', async () => {
    const other = begin('import', `${silent.url}/x.img`, '--cloud', 'admin', '--no-verify', ...RAW);
    await expect.poll(() => asked).toBe(1);
    const second = begin('import', table.serve('1'), '--cloud', 'admin', '--no-verify', ...RAW);
    await expect.poll(() => second.io.err()).toContain(' is locked by run ');
    const misdeed = hush({method: 'GET', path: /^\/v2\/images$/});
    await expect.poll(misdeed.happened).toBeGreaterThan(0);
    second.io.send('SIGINT');
    expect([await second.ended, second.io.left]).toEqual([130, []]);
    misdeed.stop();
    other.io.send('SIGINT');
    expect([await other.ended, table.show()]).toEqual([130, []]);
  });
});
