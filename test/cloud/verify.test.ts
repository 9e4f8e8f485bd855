import {spawn} from 'node:child_process';
import {copyFile, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {RealCompute} from './support/compute.ts';
import {RealGlance} from './support/glance.ts';
import {CLI, imgmgr} from './support/imgmgr.ts';
import type {Listed} from './support/verified.ts';
import {show, writeDefinition} from './support/verified.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUESTS = join(ROOT, '.cache/tiny-root-guest');
const NAME = 'Verified Guest';

let dir: string;
let glance: RealGlance;
let compute: RealCompute;

beforeAll(async () => {
  for (const args of [
    ['--version', '1'],
    ['--version', '2'],
    ['--version', '3', '--sabotage', 'no-dns'],
  ])
    await execa(join(ROOT, 'examples/tiny-root-guest/build.sh'), args);
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  compute = await RealCompute.login('admin');
  // What an earlier run of this suite could not remove any more would look like ours.
  await compute.clear();
}, 300_000);
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-verify-'));
  await glance.clear(NAME);
});
afterEach(async () => {
  await compute.clear();
  await glance.clear(NAME);
  await rm(dir, {recursive: true, force: true});
});
afterAll(async () => compute.clear());

/** How a run ends before its time: the signal that it gets, and the line that it has printed by then. */
interface End {
  readonly signal: 'SIGINT' | 'SIGKILL';
  readonly moment: RegExp;
}
const INTERRUPTED: End = {signal: 'SIGINT', moment: /"phase":"booting"/};
const KILLED: End = {signal: 'SIGKILL', moment: /"phase":"booting"/};
/** Runs that end so, one after the other; the next one has to go on. */
const ENDS: readonly (readonly [what: string, ends: readonly End[]])[] =
  process.env['FULL'] === '1'
    ? [
        // The first and the third are the fake cloud's, too (test/kill/).
        ['SIGKILL before the server is ordered', [{...KILLED, moment: /"action-started".*"kind":"verify"/}]],
        ['SIGKILL while the server boots', [KILLED]],
        ['SIGKILL when the verdict is there and nothing is published', [{...KILLED, moment: /"type":"verdict"/}]],
        ['SIGINT while the server boots', [INTERRUPTED]],
      ]
    : [['SIGINT, and of another run after SIGKILL, while the server boots', [INTERRUPTED, KILLED]]];

const env = (): Record<string, string> => ({XDG_STATE_HOME: dir});

const write = (listed: readonly Listed[], extra = '', moreMeta = ''): Promise<string> =>
  writeDefinition({dir, name: NAME, listed, extra, moreMeta});

const tiny = (version: number): Listed => ({
  version: String(version),
  file: join(GUESTS, `tiny-root-guest-${version}${version === 3 ? '-no-dns' : ''}.qcow2`),
});

const manage = async (images: string, ...flags: readonly string[]) =>
  imgmgr(['manage', '--cloud', 'admin', '--images', images, '--verify', ...flags], env());

/** Starts `manage` and sends it the signal once, as soon as its output has that line; returns when it has ended. */
async function endAt(images: string, {signal, moment}: End): Promise<void> {
  const child = spawn(process.execPath, [CLI, 'manage', '--cloud', 'admin', '--images', images, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {...process.env, ...env()},
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  let isSent = false;
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    // Once: a second SIGINT would end it without its cleaning up.
    if (isSent || !moment.test(said)) return;
    isSent = true;
    child.kill(signal);
  });
  await ended;
  expect(said).toMatch(moment);
}

describe('manage on the real OpenStack', () => {
  it('boots, with a config drive where that is asked for, judges, publishes and rotates; quarantines what fails; leaves nothing but the images', async () => {
    const first = await manage(await write([tiny(1)], '    verify: {datasource: [metadata, config-drive]}\n'));
    expect(first.stderr).toBe('');
    // An administrator sees the images of other projects, too: those of the tests beside this one.
    expect(first.lines.filter(({type, code}) => type === 'warning' && code !== 'foreign-tag')).toEqual([]);
    expect(first).toMatchObject({code: 0, done: ['acquire 1', 'verify 1', 'publish 1']});
    expect(first.lines.filter(({type}) => type === 'verdict')).toMatchObject([
      {datasource: 'metadata', verdict: {kind: 'pass'}},
      {datasource: 'config-drive', verdict: {kind: 'pass'}},
    ]);
    expect(await compute.ours()).toEqual([]);

    const second = await manage(await write([tiny(1), tiny(2)]));
    expect(second).toMatchObject({code: 0, done: ['acquire 2', 'verify 2', 'publish 2', 'retire 1']});
    expect(show(await glance.named(NAME))).toEqual([
      `${NAME} (1) | public | retired | pass`,
      `${NAME} | public | current | pass`,
    ]);

    const broken = await manage(await write([tiny(1), tiny(2), tiny(3)]));
    expect(broken).toMatchObject({code: 5, done: ['acquire 3']});
    expect(broken.lines.find(({type}) => type === 'verdict')).toMatchObject({
      verdict: {kind: 'fail', cause: 'checks-failed', failed: ['dns']},
    });
    expect(show(await glance.named(NAME))).toEqual([
      `${NAME} (1) | public | retired | pass`,
      `${NAME} (3) | private | hidden | quarantined | fail`,
      `${NAME} | public | current | pass`,
    ]);

    const again = await manage(await write([tiny(1), tiny(2), tiny(3)]));
    expect(again).toMatchObject({code: 5, done: [], writes: []});
    expect(await compute.ours()).toEqual([]);
  });

  it('blames the environment for a flavor that is not there, no room and no quota; then boots in the project of an ordinary tenant with --verify-cloud, and takes the image back', async () => {
    const images = await write([tiny(1)]);
    const causeOf = async (...flags: readonly string[]) => {
      const {code, done, lines} = await manage(images, ...flags);
      return [code, done, lines.find(({type}) => type === 'verdict')?.verdict?.cause];
    };
    expect(await causeOf('--flavor', 'no-such-flavor')).toEqual([75, ['acquire 1'], 'no-flavor']);
    const huge = await compute.withFlavor({name: 'imgmgr-test-huge', ram: 45_000, disk: 2}, () =>
      causeOf('--flavor', 'imgmgr-test-huge'),
    );
    expect(huge).toEqual([75, [], 'no-valid-host']);
    const demo = await RealCompute.login('demo');
    const full = await compute.withInstances(demo, 0, () => causeOf('--verify-cloud', 'member'));
    expect(full).toEqual([75, [], 'quota']);
    expect([await compute.ours(), await demo.ours()]).toEqual([[], []]);
    const ran = await manage(images, '--verify-cloud', 'member');
    expect(ran).toMatchObject({code: 0, done: ['verify 1', 'publish 1']});
    const [image] = await glance.named(NAME);
    const members = await glance.call('GET', `/v2/images/${image?.id ?? ''}/members`);
    expect(await members.text()).not.toContain('accepted');
    expect(await demo.ours()).toEqual([]);
  });

  it('rollback boots a target without a recorded verdict, and publishes it when it has passed', async () => {
    for (const at of [1, 2])
      expect(await imgmgr(['manage', '--cloud', 'admin', '--images', await write([tiny(at)])], env())).toMatchObject({
        code: 0,
      });
    const back = await imgmgr(
      ['rollback', NAME, '--cloud', 'admin', '--images', await write([tiny(2)]), '--reason', 'no network', '--yes'],
      env(),
    );
    expect(back, back.stderr).toMatchObject({code: 0, done: ['revoke 2', 'verify 1', 'publish 1', 'retire 2']});
    expect(show(await glance.named(NAME))).toEqual([
      `${NAME} (2) | public | retired | undefined`,
      `${NAME} | public | current | pass`,
    ]);
    expect(await compute.ours()).toEqual([]);
  });

  it.each(ENDS)('leaves nothing after %s, and the next run', async (_what, ends) => {
    const images = await write([tiny(1)]);
    for (const end of ends) {
      await endAt(images, end);
      if (end.signal === 'SIGKILL') continue;
      expect(await compute.ours()).toEqual([]);
      expect(await glance.named(NAME)).toEqual([]);
    }
    expect(await manage(images)).toMatchObject({code: 0});
    expect(await compute.ours()).toEqual([]);
    expect(show(await glance.named(NAME))).toEqual([`${NAME} | public | current | pass`]);
  });
});

// Without FULL=1 on the fake cloud alone: test/cli/verification.test.ts.
describe.each(process.env['FULL'] === '1' ? ['verify on the real OpenStack'] : [])('%s', () => {
  it('re-tests what is published and stores the verdict in one PATCH; other boot properties then make a copy of its bytes', async () => {
    const source = join(dir, 'guest.qcow2');
    await copyFile(tiny(1).file, source);
    const images = await write([{version: '1', file: source}]);
    await imgmgr(['manage', '--cloud', 'admin', '--images', images], env());
    const ran = await imgmgr(['verify', '--cloud', 'admin', '--images', images, '--filter', NAME], env());
    expect(ran.code).toBe(0);
    expect(ran.writes.map((write) => write.split(' ')[0])).toEqual(['PATCH']);
    expect(show(await glance.named(NAME))).toEqual([`${NAME} | public | current | pass`]);

    await write([{version: '1', file: source}], '', ', hw_disk_bus: virtio');
    await rm(source);
    const [before] = await glance.named(NAME);
    const again = await manage(images);
    expect(again).toMatchObject({code: 0, done: ['acquire 1', 'verify 1', 'publish 1', 'retire 1']});
    const acquired = again.lines.find(({type, action}) => type === 'action-done' && action?.kind === 'acquire');
    expect(acquired?.detail).toContain(`bytes of image ${before?.id ?? '?'}`);
    const after = await glance.named(NAME);
    expect(show(after)).toEqual([`${NAME} (1-1) | public | retired | pass`, `${NAME} | public | current | pass`]);
    expect(new Set(after.map((image) => image['os_hash_value'])).size).toBe(1);
  });
});
