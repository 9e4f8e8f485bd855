import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest} from './guests.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const withQemu = hasQemu('that every sabotage of the tiny root guest is told by name');
let folder = '';
let guests = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-sabotage-'));
  await execa('npm', ['run', '-s', 'build'], {cwd: ROOT});
  // Fetches the packages, which the tests, two at a time, then find there.
  if (withQemu) await buildGuest({guest: 'tiny-root-guest', out: join(folder, 'first.qcow2')});
});
afterAll(() => rm(folder, {recursive: true, force: true}));

interface Told {
  readonly kind: string;
  readonly cause: string;
  readonly failed: readonly string[];
}

/** What `imgmgr verify FILE`, as built, says of a guest; undefined, with the reason on stderr, where it cannot be built. */
async function verdictOn(sabotage: string | undefined, ...flags: readonly string[]) {
  const place = join(folder, String(++guests));
  await mkdir(place);
  const out = join(place, `${sabotage ?? 'healthy'}.qcow2`);
  const file = await buildGuest({guest: 'tiny-root-guest', out, ...(sabotage !== undefined && {sabotage})});
  if (file === undefined) return undefined;
  const about = ['--property', 'architecture=x86_64', '--property', 'os_distro=debian', '--property', 'os_version=12'];
  const ran = await execa(
    process.execPath,
    [join(ROOT, 'dist/bin/imgmgr.js'), 'verify', file, ...about, '--json', '--deadline', '3m', ...flags],
    {reject: false, env: {IMGMGR_LOCAL: join(place, 'local'), XDG_STATE_HOME: place}},
  );
  const lines = ran.stdout.split('\n').filter((line) => line.startsWith('{'));
  const event = lines
    .map((line) => JSON.parse(line) as {readonly type: string; readonly verdict?: Told})
    .find(({type}) => type === 'verdict');
  if (event?.verdict === undefined) throw new Error(`no verdict:\n${ran.stdout}\n${ran.stderr}`);
  const {kind, cause, failed} = event.verdict;
  return {code: ran.exitCode, kind, cause, failed};
}

describe.skipIf(!withQemu)('imgmgr verify FILE', {concurrent: true}, () => {
  // The longest one first: it waits for its deadline.
  it('blames the surroundings, not the image, for a listener that cannot be reached: exit 75', async () => {
    const told = await verdictOn(undefined, '--advertise', '10.0.2.2:1');
    if (told !== undefined)
      expect(told).toEqual({code: 75, kind: 'environment', cause: 'listener-unreachable', failed: []});
  });

  it('passes a healthy guest, exit 0', async () => {
    const told = await verdictOn(undefined);
    if (told !== undefined) expect(told).toEqual({code: 0, kind: 'pass', cause: 'passed', failed: []});
  });

  it.each([
    ['root-not-grown', 'root-grown'],
    ['read-only-root', 'root-writable'],
    ['no-route', 'default-route'],
    ['wrong-mtu', 'mtu'],
    ['no-dns', 'dns'],
    ['clock-off', 'clock'],
    ['silent-console', 'serial-console'],
  ])('names %s by the check %s alone, exit 5', async (sabotage, check) => {
    const told = await verdictOn(sabotage);
    if (told !== undefined) expect(told).toEqual({code: 5, kind: 'fail', cause: 'checks-failed', failed: [check]});
  });

  it.each([['kernel-panic'], ['no-root-device'], ['powered-off'], ['agent-missing'], ['agent-killed']])(
    'names %s, though nothing reports, exit 5',
    async (sabotage) => {
      const told = await verdictOn(sabotage);
      if (told !== undefined) expect(told).toEqual({code: 5, kind: 'fail', cause: sabotage, failed: []});
    },
  );
});
