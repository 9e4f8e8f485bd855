import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import type {TestContext} from 'vitest';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest} from './guests.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const withQemu = hasQemu('that start command and ready command of a definition run in the tiny root guest');
/** Two of the three guests take minutes where there is no KVM. */
const FULL = process.env['FULL'] === '1';
let folder = '';
let guest: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-ready-'));
  if (withQemu) guest = await buildGuest({guest: 'tiny-root-guest', out: join(folder, 'healthy.qcow2')});
});
afterAll(() => rm(folder, {recursive: true, force: true}));

interface VerdictEvent {
  readonly type: string;
  readonly evidence?: string;
  readonly verdict?: {
    readonly kind: string;
    readonly cause: string;
    readonly message: string;
    readonly failed: readonly string[];
    readonly facts: Readonly<Record<string, string>>;
  };
}

/** What `manage` on the cloud local says of the guest with this `verify:` section. */
async function manage(context: TestContext, name: string, verify: Readonly<Record<string, string>>) {
  const file = guest ?? context.skip('there is no guest to boot');
  const place = join(folder, name);
  await mkdir(place);
  await writeFile(join(place, 'images.yml'), definitionOf(file, verify));
  const args = ['manage', '--cloud', 'local', '--images', join(place, 'images.yml'), '--json'];
  const ran = await execa(process.execPath, [join(ROOT, 'dist/bin/imgmgr.js'), ...args], {
    reject: false,
    env: {IMGMGR_LOCAL: join(place, 'local'), XDG_STATE_HOME: place},
  });
  const lines = ran.stdout.split('\n').filter((line) => line.startsWith('{'));
  const event = lines.map((line) => JSON.parse(line) as VerdictEvent).find(({type}) => type === 'verdict');
  if (event?.verdict === undefined) throw new Error(`no verdict:\n${ran.stdout}\n${ran.stderr}`);
  const [id = ''] = await readdir(join(place, 'local', 'images'));
  const image = JSON.parse(await readFile(join(place, 'local', 'images', id, 'image.json'), 'utf8')) as unknown;
  return {code: ran.exitCode, image, evidence: await readFile(event.evidence ?? '', 'utf8'), ...event.verdict};
}

function definitionOf(file: string, verify: Readonly<Record<string, string>>): string {
  return `images:
  - name: Ready
    format: qcow2
    login: root
    min_disk: 1
    min_ram: 128
    status: active
    visibility: public
    multi: true
    tags: []
    meta: {architecture: x86_64, hypervisor_type: qemu, os_distro: debian, os_version: '12', os_purpose: generic, replace_frequency: never, provided_until: none, uuid_validity: last-2, image_description: ready, hw_disk_bus: virtio}
    verify: ${JSON.stringify(verify)}
    versions: [{version: '1', url: 'file:${file}'}]
`;
}

describe.skipIf(!withQemu)('start command and ready command', {concurrent: true}, () => {
  it.runIf(FULL)('publish a guest whose service is ready some tries later, exit 0', async (context) => {
    const start = 'sleep 5; touch /run/service; exec sleep 600';
    const ready = 'test -e /run/service || { echo not yet; false; }';
    const {code, kind, facts, image} = await manage(context, 'later', {start, ready, deadline: '4m'});
    expect({code, kind}).toEqual({code: 0, kind: 'pass'});
    expect(Number(facts['ready.tries'])).toBeGreaterThan(1);
    expect(facts).toMatchObject({'start.ended': 'no'});
    expect(image).toMatchObject({name: 'Ready', visibility: 'public'});
  });

  it('quarantine a guest whose start command fails, long before the deadline, with its error first, exit 5', async (context) => {
    const start = 'sleep 1; printf "no such\\033[31m file\\n" >&2; exit 3';
    const heard = await manage(context, 'fails', {start, ready: 'false', deadline: '30m'});
    expect(heard).toMatchObject({code: 5, kind: 'fail', cause: 'checks-failed', failed: ['start', 'ready']});
    expect(heard.message).toContain('start: it ended with 3: it said last: no such [31m file; ready: given up at try');
    expect(heard.image).toMatchObject({visibility: 'private', imgmgr_verdict_checks: 'start ready'});
    expect(JSON.parse(heard.evidence)).toMatchObject({verdict: {facts: {'start.ended': '3'}}});
  });

  it.runIf(FULL)(
    'quarantine a guest that is never ready, with the tries and the last output, exit 5',
    async (context) => {
      const ready = 'yes waiting | head -n 100000; echo port 80 is closed; exit 7';
      const heard = await manage(context, 'never', {ready, deadline: '150s'});
      expect(heard).toMatchObject({code: 5, kind: 'fail', cause: 'checks-failed', failed: ['ready']});
      expect(heard.message).toMatch(
        /ready: not ready after .* and \d+ tries, the last one (?:ended|that ended did so) with 7; .*port 80 is closed/,
      );
      expect(heard.message.length).toBeLessThan(600);
    },
  );
});
