import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeAll, beforeEach, expect} from 'vitest';
import {RealCompute} from './compute.ts';
import {RealGlance} from './glance.ts';
import type {Ran} from './imgmgr.ts';
import {CLI, imgmgr} from './imgmgr.ts';
import {show, writeDefinition} from './verified.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const GUEST = join(ROOT, '.cache/tiny-root-guest/tiny-root-guest-1.qcow2');
const NAME = 'Volume Guest';
/** A run whose image was verified and published. */
export const DONE = {code: 0, done: ['acquire 1', 'verify 1', 'publish 1']};

/** The admin of the cloud, logged in by {@link emptyForVolumes}. */
export let admin: RealCompute;
let dir: string;
let glance: RealGlance;
let member: RealCompute;

/** The image's name and everything of ours on the cloud are gone before and after each test of the file that calls this. */
export function emptyForVolumes(): void {
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
}

async function clear(): Promise<void> {
  await Promise.all([admin.clear(), member.clear(), glance.clear(NAME)]);
}

/** The file of a definition of the guest; `extra`: lines of it. */
export function write(extra = ''): Promise<string> {
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

/** `imgmgr manage --verify` as the admin. */
export async function manage(images: string, nova?: string, ...flags: readonly string[]): Promise<Ran> {
  return imgmgr(['manage', '--cloud', 'admin', '--images', images, '--verify', ...flags], await env(nova));
}

/** What Nova and Cinder answered to orders and removals, in their order: `POST servers 202`. */
export function answers({lines}: Ran): string[] {
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
export function ofVolumes(ran: Ran): string[] {
  return answers(ran).filter((answer) => !answer.endsWith(' 400'));
}

/** No server, port or volume of ours, and the image is published. */
export async function leftNothing(): Promise<void> {
  expect([await admin.ours(), await member.ours()]).toEqual([[], []]);
  expect(show(await glance.named(NAME))).toEqual([`${NAME} | public | current | pass`]);
}

/** What a boot from a volume asks of Cinder and Nova. */
export const FROM_VOLUME = ['POST volumes 202', 'POST servers 202', 'DELETE servers 204', 'DELETE volumes 202'];

/** A run that is killed at this moment of its output leaves a volume, which the next run removes. */
export async function sweptAfterKill(moment: RegExp): Promise<void> {
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
}
