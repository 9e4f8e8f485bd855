import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readlinkSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import type {TestContext} from 'vitest';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {consoles} from '../evidence.ts';
import {hindrance, leftovers} from './support/host.ts';
import {CLI} from './support/programs.ts';

const [FAKE, GUEST] = ['../fakes/disk-image-create/disk-image-create', '../../examples/tiny-root-guest/build.sh'].map(
  (path) => fileURLToPath(new URL(path, import.meta.url)),
) as [string, string];

interface Line {
  readonly type: string;
  readonly phase?: string;
  readonly action?: {readonly kind: string};
  readonly verdict?: {readonly kind: string};
  readonly evidence?: string;
}

/** What a run said, and its guests where they failed. */
const reported = (lines: readonly Line[]): string =>
  [...lines.map((line) => JSON.stringify(line)), consoles(lines)].join('\n');

// Where nothing is tested, nothing is made that no hook would remove.
const GUESTS = hindrance() === undefined ? await mkdtemp(join(tmpdir(), 'imgmgr-line-guest-')) : '';
const DISK = join(GUESTS, 'guest.qcow2');

beforeAll(async () => {
  await execa(GUEST, [DISK]);
}, 300_000);
// Also where the guest could not be made.
afterAll(() => rm(GUESTS, {recursive: true, force: true}));

/**
 * A folder with a definition that is built, for one test; nothing of imgmgr's is outside of it. It goes with that test: of several at the
 * same time, vitest's own onTestFinished may take another one.
 */
async function place({onTestFinished}: Pick<TestContext, 'onTestFinished'>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-line-test-'));
  onTestFinished(() => rm(dir, {recursive: true, force: true}));
  await writeFile(
    join(dir, 'images.yml'),
    `images:
  - name: Fake Debian
    format: qcow2
    login: root
    min_disk: 1
    min_ram: 128
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, hw_disk_bus: virtio, os_distro: debian, os_version: '12', os_purpose: generic, replace_frequency: monthly, uuid_validity: last-3}
    build:
      elements: [debian-minimal, vm, block-device-mbr]
      release: bookworm
      environment: {DIB_FAKE_DISK: ${DISK}}
`,
  );
  return dir;
}

function start(dir: string) {
  const args = ['manage', '--cloud', 'local', '--json', '--images', join(dir, 'images.yml')];
  return spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      XDG_STATE_HOME: join(dir, 'state'),
      IMGMGR_LOCAL: join(dir, 'local'),
      IMGMGR_BUILD_DIR: join(dir, 'root'),
      IMGMGR_DIB: FAKE,
    },
  });
}

/** Runs to the end, or until a line is the moment to be killed at; gives the lines and the exit code (null: killed). */
async function run(
  dir: string,
  until?: (line: Line) => boolean,
): Promise<{lines: readonly Line[]; exitCode: number | null}> {
  const child = start(dir);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines: Line[] = [];
  for await (const text of createInterface({input: child.stdout})) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (until?.(line) === true) child.kill('SIGKILL');
  }
  return {lines, exitCode: await exited};
}

/** Processes that work in the folder of this test: builds, guests. */
function processes(dir: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false;
    }
  });
}

function entries(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

type Moment = readonly [string, (line: Line) => boolean];

const SOME: readonly Moment[] = [
  ['while it is built', ({type, phase}) => type === 'build-progress' && phase === 'install.d'],
  ['while it boots', ({type, phase}) => type === 'progress' && phase === 'booting'],
];
/** With FULL=1; the first is in imgmgr.test.ts, the others, of imported images, in test/kill. */
const MORE: readonly Moment[] = [
  ['once it is built', ({type}) => type === 'built'],
  ['once it is in the store', ({type, action}) => type === 'action-done' && action?.kind === 'acquire'],
  ['at its verdict', ({type}) => type === 'verdict'],
  ['at its publication', ({type, action}) => type === 'action-started' && action?.kind === 'publish'],
];
const MOMENTS = process.env['FULL'] === '1' ? [...SOME, ...MORE] : SOME;

// Two at a time: what is emulated keeps one core busy.
describe.skipIf(hindrance() !== undefined)(
  'the whole line, from a build to a published image that was booted',
  {concurrent: true},
  () => {
    it.for(MOMENTS)('killed %s: the next run ends it, with nothing left of either', async ([, moment], context) => {
      const dir = await place(context);
      const killed = await run(dir, moment);
      expect(killed.exitCode, reported(killed.lines)).toBeNull();
      const next = await run(dir);
      expect(next.exitCode, reported(next.lines)).toBe(0);
      expect([leftovers(dir), processes(dir), entries(join(dir, 'local/servers'))]).toEqual([[], [], []]);
      const builds = [...killed.lines, ...next.lines].filter(({type}) => type === 'built');
      expect(builds).toHaveLength(1);
      // It was handed out whole, so the file of the build has gone.
      const artifacts = join(dir, 'state/imgmgr/artifacts');
      expect(entries(artifacts).flatMap((name) => entries(join(artifacts, name)))).toEqual([]);
      const listed = await execa(
        process.execPath,
        [fileURLToPath(new URL('../../scripts/list-local.ts', import.meta.url))],
        {
          env: {IMGMGR_LOCAL: join(dir, 'local')},
        },
      );
      expect(listed.stdout.split('\n').filter((line) => line.includes('Fake Debian'))).toHaveLength(1);
      const last = await run(dir);
      expect(last.lines.filter(({type}) => type === 'action-started')).toEqual([]);
    });
  },
);
