import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {RealCompute} from './support/compute.ts';
import {RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {CLI, imgmgr} from './support/imgmgr.ts';
import {withOwnNova} from './support/own-nova.ts';
import {withSwappedFlavor} from './support/swap-flavor.ts';
import {show, writeDefinition} from './support/verified.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUEST = join(ROOT, '.cache/tiny-root-guest/tiny-root-guest-1.qcow2');
const NAME = 'Volume Guest';
const DISKLESS = {name: 'imgmgr-test-diskless', ram: 256, disk: 0};
const DONE = {code: 0, done: ['acquire 1', 'verify 1', 'publish 1']};

let dir: string;
let glance: RealGlance;
let admin: RealCompute;
let member: RealCompute;

beforeAll(async () => {
  await execa(join(ROOT, 'examples/tiny-root-guest/build.sh'), ['--version', '1']);
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  [admin, member] = await Promise.all([RealCompute.login('admin'), RealCompute.login('demo')]);
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-volume-only-'));
  await clear();
});
afterEach(async () => {
  await clear();
  await rm(dir, {recursive: true, force: true});
});

async function clear(): Promise<void> {
  await Promise.all([admin.clear(), member.clear(), glance.clear(NAME)]);
}

function write(extra = ''): Promise<string> {
  return writeDefinition({dir, name: NAME, listed: [{version: '1', file: GUEST}], extra});
}

/** The environment of a run, with Nova at another address where one is given. */
async function env(nova?: string): Promise<Record<string, string>> {
  const clouds = await readFile(process.env['OS_CLIENT_CONFIG_FILE'] ?? '/opt/openstack-lab/clouds.yaml', 'utf8');
  const override = nova === undefined ? '$&' : `$&\n$1compute_endpoint_override: "${nova}"`;
  const file = join(dir, 'clouds.yaml');
  await writeFile(file, clouds.replaceAll(/^( +)region_name:.*$/gm, override), {mode: 0o600});
  return {XDG_STATE_HOME: dir, OS_CLIENT_CONFIG_FILE: file};
}

async function manage(images: string, nova?: string, ...flags: readonly string[]): Promise<Ran> {
  return imgmgr(['manage', '--cloud', 'admin', '--images', images, '--verify', ...flags], await env(nova));
}

/** What Nova and Cinder answered to orders and removals, in their order: `POST servers 202`. */
function answers({lines}: Ran): string[] {
  const [first, ...others] = lines.flatMap(({type, method = '', url = '', status = 0}) => {
    const what = /\/(servers|volumes)(?:\/[0-9a-f-]{36})?$/.exec(url)?.[1];
    return type === 'http' && what !== undefined && ['POST', 'DELETE'].includes(method)
      ? [`${method} ${what} ${status}`]
      : [];
  });
  // The question whether this account may make servers: an order of nothing.
  expect(first).toBe('POST servers 400');
  return others;
}

/** Nova refuses a removal that comes too early, and is asked again. */
function ofVolumes(ran: Ran): string[] {
  return answers(ran).filter((answer) => !answer.endsWith(' 400'));
}

async function leftNothing(): Promise<void> {
  expect([await admin.ours(), await member.ours()]).toEqual([[], []]);
  expect(show(await glance.named(NAME))).toEqual([`${NAME} | public | current | pass`]);
}

const FROM_VOLUME = ['POST volumes 202', 'POST servers 202', 'DELETE servers 204', 'DELETE volumes 202'];

describe('on a real cloud that boots from volumes only', () => {
  it('R7: a Nova that allows no disk on its hosts (400) gets the order again, with a volume', async () => {
    const ran = await withOwnNova({max_local_block_devices: 0}, async (nova) => manage(await write(), nova));
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).slice(0, 3)).toEqual(['POST servers 400', 'POST volumes 202', 'POST servers 202']);
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it('R7: a Nova that refuses an image as root (403) gets the order of an ordinary tenant again, with a volume', async () => {
    const ran = await admin.withFlavor(DISKLESS, (flavor) =>
      withSwappedFlavor(flavor, async (nova) =>
        manage(await write(), nova, '--verify-cloud', 'member', '--flavor', 'lab.nano'),
      ),
    );
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).slice(0, 3)).toEqual(['POST servers 403', 'POST volumes 202', 'POST servers 202']);
    expect(ofVolumes(ran).slice(1)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it('R7: a flavor without a disk boots from a volume at once, for an ordinary tenant, too', async () => {
    const ran = await admin.withFlavor(DISKLESS, async () =>
      manage(await write(), undefined, '--verify-cloud', 'member', '--flavor', DISKLESS.name),
    );
    expect(ran).toMatchObject(DONE);
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it.each([
    ['verify.root of the definition', '    verify: {root: volume}\n', []],
    ['--root volume', '', ['--root', 'volume']],
  ] as const)('R7: %s boots from a volume at once', async (_, extra, flags) => {
    const ran = await withOwnNova({max_local_block_devices: 0}, async (nova) =>
      manage(await write(extra), nova, ...flags),
    );
    expect(ran).toMatchObject(DONE);
    expect(answers(ran).filter((answer) => answer.startsWith('POST'))).toEqual(FROM_VOLUME.slice(0, 2));
    expect(ofVolumes(ran)).toEqual(FROM_VOLUME);
    await leftNothing();
  });

  it.each([
    ['while the volume is made', /"method":"POST","url":"[^"]*\/volumes","ms":\d+,"status":202/],
    ['while the server boots', /"phase":"booting"/],
  ] as const)('R7: the volume of a run that was killed %s goes with the next run', async (_, moment) => {
    const images = await write('    verify: {root: volume}\n');
    const argv = ['manage', '--cloud', 'admin', '--images', images, '--verify', '--json', '--debug'];
    const child = execa(process.execPath, [CLI, ...argv], {
      reject: false,
      stdin: 'ignore',
      env: await env(),
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (moment.test(said)) child.kill('SIGKILL');
    });
    expect((await child).signal, said.slice(-2000)).toBe('SIGKILL');
    expect(await admin.ours()).toContainEqual(expect.stringMatching(/^volume imgmgr-/));
    const next = await manage(images);
    expect(next).toMatchObject({code: 0});
    await leftNothing();
  });
});
