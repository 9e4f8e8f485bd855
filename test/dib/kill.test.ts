import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {startProxy} from './support/proxy.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, '.cache/debian');
const WORK = join(CACHE, 'work');

let env: Record<string, string>;

/** Set up as the README says; state and caches are those that the acceptance suite uses, so that its image is built here. */
beforeAll(async () => {
  const {stdout} = await execa(join(ROOT, 'scripts/setup-dib.sh'));
  const named = [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
  env = {
    ...(Object.fromEntries(named) as Record<string, string>),
    XDG_STATE_HOME: join(CACHE, 'state'),
    IMGMGR_BUILD_DIR: WORK,
  };
  await mkdir(WORK, {recursive: true});
});
afterAll(async () => {
  // Whatever a failed test left goes with the next run's sweep.
  if (folders().length > 0) await start(['--filter', '^nothing$']);
});

const DEBIAN = join(ROOT, 'test/cloud/debian/images.yml');
/** Where; finalise.d has all mounts that a build makes. test/build/ kills in every phase, with a stand-in for diskimage-builder. */
const KILLED_IN = process.env['FULL'] === '1' ? ['root.d', 'install.d', 'finalise.d'] : ['finalise.d'];
/** What is killed; with FULL=1 the image that is built in the end. */
const KILLED = process.env['FULL'] === '1' ? DEBIAN : join(ROOT, 'test/dib/bare.yml');

function start(
  args: readonly string[],
  {extra = {}, images = DEBIAN}: {readonly extra?: Readonly<Record<string, string>>; readonly images?: string} = {},
) {
  const argv = ['build', '--images', images, '--json', '-v', ...args];
  return execa(process.execPath, [join(ROOT, 'dist/bin/imgmgr.js'), ...argv], {
    env: {...env, ...extra},
    reject: false,
    stdin: 'ignore',
  });
}

/** The work folders of builds, mounts below them and loop devices over files in them, as the kernel tells. */
function folders(): string[] {
  return existsSync(WORK) ? readdirSync(WORK) : [];
}
function tracesOf(folder: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const loops = readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .map((name) => join('/sys/block', name, 'loop/backing_file'))
    .flatMap((file) => (existsSync(file) ? [readFileSync(file, 'utf8')] : []));
  return [...mounts, ...loops].filter((line) => line.includes(folder));
}

/** Builds until diskimage-builder is in that phase, and kills imgmgr there; gives the folder that was left. */
async function killIn(phase: string): Promise<string> {
  const child = start(['--rebuild'], {images: KILLED});
  for await (const line of createInterface({input: child.stdout})) {
    const event = JSON.parse(line) as {readonly type: string; readonly phase?: string; readonly line?: string};
    if (event.type !== 'build-progress' || event.phase !== phase || event.line === undefined) continue;
    child.kill('SIGKILL');
    break;
  }
  const {signal} = await child;
  expect(signal).toBe('SIGKILL');
  const [folder] = folders();
  if (folder === undefined) throw new Error(`nothing was left by a build that was killed in ${phase}`);
  return folder;
}

interface Said {
  readonly type: string;
  readonly run: string;
  readonly log?: string;
  readonly text?: string;
}

function eventsIn(stdout: string): readonly Said[] {
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Said] : []));
}

/** `history RUN --log --follow` of a build that has just begun, as another process. */
async function follow(child: ReturnType<typeof start>) {
  const history = (...args: readonly string[]) =>
    execa(process.execPath, [join(ROOT, 'dist/bin/imgmgr.js'), 'history', ...args], {
      env,
      reject: false,
      stdin: 'ignore',
      maxBuffer: 200_000_000,
    });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said = said.includes('\n') ? said : said + chunk.toString();
  });
  await expect.poll(() => eventsIn(said)).not.toEqual([]);
  const run = eventsIn(said)[0]?.run ?? '';
  await expect.poll(async () => (await history(run)).exitCode).toBe(0);
  return {done: history(run, '--log', '--follow', '--json')};
}

/** With FULL=1: where apt-get asks the mirror for the packages of the image, and for GRUB. */
const GONE_IN = process.env['FULL'] === '1' ? ['pre-install.d', 'finalise.d'] : [];

const hindrance = process.getuid?.() === 0 ? undefined : 'builds need root';
if (hindrance !== undefined) process.stderr.write(`test/dib is skipped: ${hindrance}\n`);

describe.skipIf(hindrance !== undefined)('the real diskimage-builder', () => {
  it(`leaves nothing after kill -9 in ${KILLED_IN.join(', ')} once the next run has begun, which then builds the image`, async () => {
    let before: string | undefined;
    for (const phase of KILLED_IN) {
      const left = await killIn(phase);
      expect(left).not.toBe(before);
      if (before !== undefined) expect(tracesOf(before)).toEqual([]);
      before = left;
    }
    const child = start(['--rebuild']);
    const followed = await follow(child);
    const {stdout, exitCode} = await child;
    expect(exitCode, stdout.slice(-3000)).toBe(0);
    expect(stdout).toContain('"type":"artifact"');
    const {log = ''} = eventsIn(stdout).find(({type}) => type === 'built') ?? {};
    const shown = await followed.done;
    expect(shown.exitCode, shown.stderr).toBe(0);
    // Whoever watched the build from another process has seen every line of its log, once and in order.
    const lines = eventsIn(shown.stdout).flatMap(({type, text}) => (type === 'history-line' ? (text ?? []) : []));
    expect(lines).toEqual(readFileSync(log, 'utf8').trimEnd().split('\n'));
    expect(folders()).toEqual([]);
    expect(tracesOf(WORK)).toEqual([]);
  });

  it('tells that a mirror is down at debootstrap, and leaves nothing', async () => {
    const state = await mkdtemp(join(tmpdir(), 'imgmgr-dib-state-'));
    onTestFinished(() => rm(state, {recursive: true, force: true}));
    // Without a cache debootstrap is the first to ask.
    const mirror = {DIB_DISTRIBUTION_MIRROR: 'http://127.0.0.1:9/debian'};
    const {stdout, exitCode} = await start(['--rebuild'], {extra: {XDG_STATE_HOME: state, ...mirror}});
    expect([exitCode, failureIn(stdout)]).toEqual([1, mirrorDownIn('root.d')]);
    expect([folders(), tracesOf(WORK)]).toEqual([[], []]);
  });

  it.each(GONE_IN)('tells that a mirror has gone in %s, and leaves nothing', async (phase) => {
    const proxy = await startProxy();
    onTestFinished(() => proxy.leave());
    const child = start(['--rebuild'], {extra: {http_proxy: proxy.url}});
    let passed = 0;
    for await (const line of createInterface({input: child.stdout})) {
      const event = JSON.parse(line) as {readonly type: string; readonly phase?: string};
      if (event.type !== 'build-progress' || event.phase !== phase || passed > 0) continue;
      passed = proxy.passed();
      proxy.leave();
    }
    const {stdout, exitCode} = await child;
    expect(passed).toBeGreaterThan(0);
    expect([exitCode, failureIn(stdout)]).toEqual([1, mirrorDownIn(phase)]);
    expect([folders(), tracesOf(WORK)]).toEqual([[], []]);
  });
});

function failureIn(stdout: string): unknown {
  const failed = stdout.split('\n').find((line) => line.includes('"definition-failed"')) ?? '{}';
  return (JSON.parse(failed) as {error?: unknown}).error;
}

function mirrorDownIn(phase: string): unknown {
  return expect.objectContaining({
    code: 'BUILD_FAILED',
    message: expect.stringContaining(`in phase ${phase}`) as string,
    hint: expect.stringMatching(/^the mirror did not answer/) as string,
  });
}
