import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import type {TestContext} from 'vitest';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {probePort} from '../../src/host/probe-port.ts';
import {freePorts} from '../fakes/listener.ts';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest} from './guests.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const withQemu = hasQemu('that every sabotage of the tiny root guest is told by name');
let folder = '';
let guests = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-sabotage-'));
  // Fetches the packages, which the tests, two at a time, then find there.
  if (withQemu) await buildGuest({guest: 'tiny-root-guest', out: join(folder, 'first.qcow2')});
});
afterAll(() => rm(folder, {recursive: true, force: true}));

/** Each of these is a guest more: what it shows of its kind is shown by one of the others, and by the tests of the agent. */
function inFull<T>(more: readonly T[]): readonly T[] {
  return process.env['FULL'] === '1' ? more : [];
}

interface VerdictRecord {
  readonly kind: string;
  readonly cause: string;
  readonly failed: readonly string[];
  readonly message: string;
  readonly hint?: string;
  readonly checks: readonly {readonly id: string; readonly outcome: string; readonly detail: string}[];
}

interface Wanted {
  readonly sabotage?: string;
  readonly flags?: readonly string[];
  readonly deadline?: string;
  /** A command that runs what is appended to it. */
  readonly within?: readonly string[];
}

/** A guest in a folder of its own; the test counts as skipped where it cannot be built. */
async function guestFor(context: TestContext, sabotage: string | undefined) {
  const place = join(folder, String(++guests));
  await mkdir(place);
  const out = join(place, `${sabotage ?? 'healthy'}.qcow2`);
  const file = await buildGuest({guest: 'tiny-root-guest', out, ...(sabotage !== undefined && {sabotage})});
  return {place, file: file ?? context.skip('there is no guest to boot')};
}

/** `imgmgr`, as built, with these arguments. */
function start(place: string, args: readonly string[], within: readonly string[] = []) {
  const [command, ...before] = [...within, process.execPath];
  return execa(command, [...before, join(ROOT, 'dist/bin/imgmgr.js'), ...args, '--json'], {
    reject: false,
    env: {IMGMGR_LOCAL: join(place, 'local'), XDG_STATE_HOME: place},
  });
}

/** What it says of a guest. */
async function run(place: string, args: readonly string[], within: readonly string[] = []) {
  const ran = await start(place, args, within);
  const lines = ran.stdout.split('\n').filter((line) => line.startsWith('{'));
  const event = lines
    .map((line) => JSON.parse(line) as {readonly type: string; readonly verdict?: VerdictRecord})
    .find(({type}) => type === 'verdict');
  if (event?.verdict === undefined) throw new Error(`no verdict:\n${ran.stdout}\n${ran.stderr}`);
  return {code: ran.exitCode, ...event.verdict};
}

const DESCRIBED = ['architecture=x86_64', 'os_distro=debian', 'os_version=12'].flatMap((one) => ['--property', one]);

/** What `imgmgr verify FILE` says. */
async function hear(context: TestContext, {sabotage, flags = [], deadline = '3m', within = []}: Wanted) {
  const {place, file} = await guestFor(context, sabotage);
  return run(place, ['verify', file, ...DESCRIBED, '--deadline', deadline, ...flags], within);
}

async function verdictOn(context: TestContext, wanted: Wanted) {
  const {code, kind, cause, failed} = await hear(context, wanted);
  return {code, kind, cause, failed};
}

/** A resolver of this host, which answers each question with NXDOMAIN, or no question; works with its file of the form of resolv.conf. */
async function withResolver<T>(answers: boolean, work: (file: string) => Promise<T>): Promise<T> {
  // An address of its own, so that it is in nobody's way.
  const address = answers ? '127.0.0.77' : '127.0.0.78';
  const file = join(folder, `resolv-${address}.conf`);
  const socket = createSocket('udp4');
  try {
    socket.bind(53, address);
    await once(socket, 'listening');
    socket.on('message', (query, from) => {
      query[2] = (query[2] ?? 0) | 0x80;
      query[3] = 3;
      if (answers) socket.send(query, from.port, from.address);
    });
    await writeFile(file, `nameserver ${address}\n`);
    return await work(file);
  } finally {
    socket.close();
  }
}

describe.skipIf(!withQemu)('imgmgr verify FILE', {concurrent: true}, () => {
  // The longest ones first: their guests try for a minute and a half to fetch the agent, and then there is nothing to wait for.
  it('blames the environment, not the image, for a listener that cannot be reached: exit 75', async (context) => {
    const reported = await verdictOn(context, {deadline: '10m', flags: ['--advertise', '10.0.2.2:1']});
    expect(reported).toEqual({code: 75, kind: 'environment', cause: 'listener-unreachable', failed: []});
  });

  it('three runs at once and two ports for reports: two come to their verdict, the third one names the range, exit 75', async (context) => {
    const port = await freePorts(2);
    const {place, file} = await guestFor(context, undefined);
    const listen = `127.0.0.1:${port}-${port + 1}`;
    const args = ['verify', file, ...DESCRIBED, '--deadline', '10m', '--listen', listen];
    const two = [run(place, args), run(place, args)];
    const ports = [port, port + 1];
    for (let tries = 0; !(await Promise.all(ports.map((one) => probePort('127.0.0.1', one)))).every(Boolean); tries++) {
      if (tries > 600) throw new Error('the first two runs do not listen');
      await sleep(100);
    }
    const third = await start(place, args);
    expect([third.exitCode, third.stdout.includes(`cannot listen on ${listen} for reports`)]).toEqual([75, true]);
    const verdicts = await Promise.all(two);
    expect(verdicts.map(({code, kind}) => [code, kind])).toEqual([
      [0, 'pass'],
      [0, 'pass'],
    ]);
    expect(await readdir(join(place, 'local', 'servers'))).toEqual([]);
  });

  // The guests sleep between their tries, so all three do with the time of one.
  it('R13: an interface that is not up, no address, no route to this host: no-network, the fault of the image, exit 5', async (context) => {
    const reported = await Promise.all([
      verdictOn(context, {sabotage: 'no-interface', deadline: '10m'}),
      verdictOn(context, {sabotage: 'no-address', deadline: '10m'}),
      // Within its own network a guest needs no route.
      verdictOn(context, {sabotage: 'no-route', deadline: '10m', flags: ['--advertise', '192.0.2.1:1']}),
    ]);
    const expected = {code: 5, kind: 'fail', cause: 'no-network', failed: []};
    expect(reported).toEqual([expected, expected, expected]);
  });

  it('passes a healthy guest, exit 0', async (context) => {
    expect(await verdictOn(context, {})).toEqual({code: 0, kind: 'pass', cause: 'passed', failed: []});
  });

  it.for([
    ['root-not-grown', 'root-grown'],
    ['no-route', 'default-route'],
    ['silent-console', 'serial-console'],
    ...inFull([
      ['read-only-root', 'root-writable'],
      ['wrong-mtu', 'mtu'],
      ['no-dns', 'dns'],
      ['clock-off', 'clock'],
    ] as const),
  ] as const)('names %s by the check %s alone, exit 5', async ([sabotage, check], context) => {
    const reported = await verdictOn(context, {sabotage});
    expect(reported).toEqual({code: 5, kind: 'fail', cause: 'checks-failed', failed: [check]});
  });

  it('R10: names a nameserver that gives no answer by the check dns alone, exit 5', async (context) => {
    const reported = await verdictOn(context, {sabotage: 'dead-dns'});
    expect(reported).toEqual({code: 5, kind: 'fail', cause: 'checks-failed', failed: ['dns']});
  });

  it.for([
    ['gives answers', true, 'pass', 'nameserver 10.0.2.3: each gives answers'],
    ['gives none', false, 'not-applicable', 'not asked: nameserver 10.0.2.3 relays to the resolver of the host'],
  ] as const)('R10: passes a guest on a host whose resolver %s, and says what was asked', async (row, context) => {
    const [, answers, outcome, detail] = row;
    if (process.getuid?.() !== 0 || !existsSync('/etc/resolv.conf'))
      return context.skip('another resolver than that of this host needs root, and /etc/resolv.conf');
    const heard = await withResolver(answers, (file) =>
      hear(context, {
        within: ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file],
      }),
    );
    expect(heard).toMatchObject({code: 0, kind: 'pass', failed: []});
    const dns = heard.checks.find(({id}) => id === 'dns');
    expect(dns).toMatchObject({outcome});
    expect(dns?.detail).toContain(detail);
  });

  it.for(['kernel-panic', 'agent-missing', ...inFull(['no-root-device', 'powered-off', 'agent-killed'])])(
    'names %s, though nothing reports, exit 5',
    async (sabotage, context) => {
      const reported = await verdictOn(context, {sabotage});
      expect(reported).toEqual({code: 5, kind: 'fail', cause: sabotage, failed: []});
    },
  );

  it('R14: names a root that stays read-only, before the deadline, exit 5', async (context) => {
    const heard = await hear(context, {sabotage: 'root-stays-read-only', deadline: '10m'});
    expect(heard).toMatchObject({code: 5, kind: 'fail', cause: 'root-read-only', failed: []});
    expect(Number(/^no report after (\d+) s: /.exec(heard.message)?.[1])).toBeLessThan(600);
  });

  it('R6: an empty console speaks against an image that has to use it, exit 5', async (context) => {
    const reported = await verdictOn(context, {sabotage: 'silent', deadline: '40s'});
    expect(reported).toEqual({code: 5, kind: 'fail', cause: 'silent-console', failed: []});
  });
});

describe.skipIf(!withQemu)('imgmgr manage', () => {
  it('R6: no call and a console that need not be used: exit 75 with both remedies, and no quarantine', async (context) => {
    const {place, file} = await guestFor(context, 'silent');
    await mkdir(join(place, 'images'));
    await writeFile(join(place, 'images', 'silent.yml'), definitionOf(file));
    const args = ['manage', '--cloud', 'local', '--images', join(place, 'images'), '--deadline', '40s'];
    const {code, kind, cause, hint} = await run(place, args);
    expect({code, kind, cause}).toEqual({code: 75, kind: 'environment', cause: 'no-witness'});
    expect(hint).toContain('console=ttyS0');
    expect(hint).toContain('--advertise');
    const [id = '', ...others] = await readdir(join(place, 'local', 'images'));
    expect(others).toEqual([]);
    const image = JSON.parse(await readFile(join(place, 'local', 'images', id, 'image.json'), 'utf8')) as unknown;
    expect(image).toMatchObject({visibility: 'private', imgmgr_state: 'ready', imgmgr_verdict: 'no-witness 1'});
  });
});

function definitionOf(file: string): string {
  return `images:
  - name: Silent
    format: qcow2
    login: root
    min_disk: 1
    min_ram: 128
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, hypervisor_type: qemu, os_distro: debian, os_version: '12', os_purpose: generic, replace_frequency: never, provided_until: none, uuid_validity: last-2, image_description: silent, hw_disk_bus: virtio}
    verify: {checks: {serial-console: off}}
    versions: [{version: '1', url: 'file:${file}'}]
`;
}
