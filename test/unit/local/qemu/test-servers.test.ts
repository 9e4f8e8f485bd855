import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdir, readFile, stat, truncate, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {afterEach, describe, expect, it} from 'vitest';
import type {ServerRequest, TestServerHost} from '../../../../src/ports/test-server-host.ts';
import {createExec} from '../../../../src/exec.ts';
import type {LocalOptions} from '../../../../src/local/local-cloud.ts';
import {createLocal} from '../../../../src/local/local-cloud.ts';
import type {ConfinedCall} from '../../../../src/host/confine.ts';
import {isRunning} from '../../../../src/host/process.ts';
import {findQemu, killProcess} from '../../../../src/local/qemu/process.ts';
import {refused} from '../../ports/image-store-contract.ts';
import {tree, useStoreFolder} from '../store-folder.ts';
import {testImage} from './image.ts';
import {fakeTools, hasQemu, lookUntil} from './tools.ts';

const folder = useStoreFolder();
const withQemu = hasQemu('that servers of the local cloud come and go in a real QEMU');

/** Stays until it is told to end, as QEMU does. */
const STAYS = 'echo 1 >qemu.pid; trap "exit 0" TERM; while :; do sleep 0.1; done';
const IMG = '[ "$1" != create ] || echo disk >disk.qcow2';

const hosts: TestServerHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

async function withFakes(
  scripts: Readonly<Record<string, string>> = {},
  options: Partial<LocalOptions> = {},
): Promise<TestServerHost> {
  const path = await fakeTools(dirname(folder.path()), {'qemu-system-x86_64': STAYS, 'qemu-img': IMG, ...scripts});
  const env = {PATH: `${path}:/usr/bin:/bin`};
  const image = join(folder.path(), 'images', testImage().id);
  await mkdir(image, {recursive: true});
  await writeFile(join(image, 'data'), 'disk');
  const {tests} = createLocal({
    dir: folder.path(),
    exec: () => Promise.resolve(createExec(env)),
    accelerator: 'tcg',
    images: {judgeFile: () => Promise.resolve({virtualSize: 4}), convertFile: refuseToConvert},
    relayAnswers: () => Promise.resolve(true),
    ...options,
  });
  hosts.push(tests);
  return tests;
}

function refuseToConvert(): Promise<never> {
  return Promise.reject(new Error('nothing is converted here'));
}

const PLACE = {
  flavor: {id: 'local.1', name: 'local.1', vcpus: 1, ramMib: 512, diskGib: 4},
  network: {id: 'user', name: 'user'},
  diskBytes: 4 * 1024 ** 3,
  datasources: ['config-drive', 'nocloud'],
} as const;

function request(change: Partial<ServerRequest> = {}): ServerRequest {
  const image = testImage();
  return {
    name: 'imgmgr test',
    stamp: {run: 'run-1', image: image.id, expires: '2026-01-01T00:00:00Z', holder: 'host boot 1 2'},
    image,
    place: PLACE,
    datasource: 'config-drive',
    userData: () => '#!/bin/sh\n',
    signal: new AbortController().signal,
    ...change,
  };
}

describe('the ability to make test servers here', () => {
  it('is there with the tools', async () => {
    expect(await (await withFakes({'qemu-system-x86_64': 'exit 0'})).ability()).toEqual({kind: 'able'});
  });

  it('is no service without them, with the package to install', async () => {
    const {tests} = createLocal({
      dir: folder.path(),
      exec: () => Promise.resolve(createExec({PATH: dirname(folder.path())})),
    });
    const ability = await tests.ability();
    expect(ability.kind).toBe('no-service');
    expect(JSON.stringify(ability)).toMatch(/qemu-system-x86_64 is not installed; .*apt install qemu-system-x86/);
    expect(await tree(folder.path())).toEqual([]);
  });
});

describe('the place of a local test server', () => {
  const able = {'qemu-system-x86_64': 'exit 0'};

  it('is the smallest flavor, the one network and the two ways that are here', async () => {
    const host = await withFakes(able);
    expect(await host.place({image: testImage()})).toEqual(PLACE);
    expect(await host.callback(PLACE)).toEqual({host: '10.0.2.2', bind: '127.0.0.1'});
  });

  it('R10: it names the relay to the resolver of this host where that gives no answer', async () => {
    const host = await withFakes(able, {relayAnswers: () => Promise.resolve(false)});
    expect(await host.place({image: testImage()})).toEqual({...PLACE, silentNameservers: ['10.0.2.3']});
  });

  it('is refused: another network', async () => {
    const host = await withFakes(able);
    await refused('NOT_FOUND', () => host.place({image: testImage(), network: 'public'}));
  });

  it.each([
    [{diskFormat: 'ami'}, 'an image of the format ami'],
    [{diskFormat: null}, 'an image of the format (none)'],
    [{properties: {hw_disk_bus: 'fdc'}}, 'hw_disk_bus=fdc'],
    [{properties: {architecture: 's390x'}}, 'architecture=s390x'],
  ])('is refused before anything is made: %j', async (change, message) => {
    const host = await withFakes(able);
    const error = await refused('UNSUPPORTED', () => host.place({image: testImage(change)}));
    expect(error.message).toContain(message);
  });

  it('is refused as a matter of this host, not of the image, where memory is short', async () => {
    const path = await fakeTools(dirname(folder.path()), {'qemu-system-x86_64': 'exit 0', 'qemu-img': 'exit 0'});
    const {tests} = createLocal({
      dir: folder.path(),
      exec: () => Promise.resolve(createExec({PATH: `${path}:/usr/bin:/bin`})),
      freeMib: () => Promise.resolve(511),
    });
    const error = await refused('QUOTA', () => tests.place({image: testImage()}));
    expect(error.message).toBe('local.1 takes 512 MiB of memory, 511 MiB are free here');
  });
});

describe('a local test server', () => {
  it('is stamped before QEMU starts, in a folder for its user alone, and gone without a trace after removal', async () => {
    const host = await withFakes();
    const server = await host.start(request());
    const path = join(folder.path(), 'servers', server.id);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const secret of ['seed.iso', 'console.log', 'stamp.json'])
      expect((await stat(join(path, secret))).mode & 0o777).toBe(0o600);
    expect(await host.leftovers()).toEqual([
      {kind: 'server', id: server.id, name: 'imgmgr test', stamp: request().stamp},
    ]);
    await lookUntil({host, server, until: async () => (await host.look(server)).kind === 'active'});
    await host.remove(server);
    expect(await host.look(server)).toEqual({kind: 'gone'});
    expect(await host.leftovers()).toEqual([]);
    expect((await tree(folder.path())).filter((name) => !/^(images|aside|locks|servers)/.test(name))).toEqual([]);
    await host.remove(server);
  });

  it('is told its MAC and address before user-data are made', async () => {
    const host = await withFakes();
    let seen: unknown;
    const server = await host.start(
      request({
        userData: (interfaces) => {
          seen = interfaces;
          return '#!/bin/sh\n';
        },
      }),
    );
    expect(seen).toEqual(server.interfaces);
    expect(server.interfaces).toMatchObject([{addresses: ['10.0.2.15']}]);
    expect(server.interfaces[0]?.mac).toMatch(/^fa:16:3e(:[0-9a-f]{2}){3}$/);
  });

  it('keeps user-data off every command line', async () => {
    const host = await withFakes({'qemu-system-x86_64': `echo "$@" >args; ${STAYS}`});
    const server = await host.start(request({userData: () => 'top-secret'}));
    const path = join(folder.path(), 'servers', server.id);
    await lookUntil({host, server, until: async () => (await host.look(server)).kind === 'active'});
    expect(await readFile(join(path, 'args'), 'utf8')).not.toContain('top-secret');
    expect((await readFile(join(path, 'seed.iso'))).includes('top-secret')).toBe(true);
  });

  it('has a disk of the flavor over the image, which is not opened for that', async () => {
    const host = await withFakes({'qemu-img': 'echo "$@" >created'});
    const server = await host.start(request());
    const created = await readFile(join(folder.path(), 'servers', server.id, 'created'), 'utf8');
    expect(created.trim()).toBe(
      `create -q -u -f qcow2 -b ${join(folder.path(), 'images', testImage().id, 'data')} -F raw disk.qcow2 4294967296`,
    );
  });

  it.each([
    ['QEMU does not start', 'echo "no such device" >&2; exit 1', 'error', 'QEMU ended with 1: no such device'],
    ['QEMU is killed', 'kill -9 $$', 'error', 'QEMU was ended by signal 9'],
    ['KVM gives up', `echo "KVM internal error. Suberror: 1" >&2; ${STAYS}`, 'error', 'KVM gave up'],
    ['the guest turns itself off', 'exit 0', 'stopped', ''],
  ])('tells that %s', async (_what, script, kind, fault) => {
    const host = await withFakes({'qemu-system-x86_64': script});
    const server = await host.start(request());
    await lookUntil({
      host,
      server,
      until: async () => !['building', 'active'].includes((await host.look(server)).kind),
    });
    const look = await host.look(server);
    expect(look.kind).toBe(kind);
    if (look.kind === 'error') expect(look.fault).toContain(fault);
    await host.remove(server);
  });

  it.each([
    ['no disk can be made', {'qemu-img': 'echo "No space left" >&2; exit 1'}, {}, 'UNAVAILABLE'],
    ['its way is not here', {}, {datasource: 'metadata'}, 'UNSUPPORTED'],
  ] as const)('leaves nothing where %s', async (_what, scripts, change, code) => {
    const host = await withFakes(scripts);
    const asked = request(change);
    await refused(code, () => host.start(asked));
    expect(await host.leftovers()).toEqual([]);
  });

  it('leaves nothing where it is interrupted', async () => {
    const host = await withFakes({'qemu-img': 'sleep 30'});
    const stop = new AbortController();
    const asked = request({signal: stop.signal});
    const started = host.start(asked);
    setTimeout(() => stop.abort(), 100);
    await refused('INTERRUPTED', () => started);
    expect(await host.leftovers()).toEqual([]);
  });

  it('ends with its host', async () => {
    const host = await withFakes();
    await host.start(request());
    await host.close();
    await host.close();
    expect(await host.leftovers()).toEqual([]);
  });
});

it('R10: QEMU may read which resolver this host has, so that the name server of the guest gives answers', async () => {
  const calls: ConfinedCall[] = [];
  const wrap = (call: ConfinedCall): ConfinedCall => {
    calls.push(call);
    return call;
  };
  const host = await withFakes({}, {confinement: () => Promise.resolve({kind: 'none', wrap})});
  await host.start(request());
  const allowed = calls.map(({command, read}) => [command.includes('qemu-system'), read.includes('/etc/resolv.conf')]);
  // qemu-img makes the disk first; it asks nobody.
  expect(allowed).toEqual([
    [false, false],
    [true, existsSync('/etc/resolv.conf')],
  ]);
});

describe('what others left', () => {
  it('is not ours without our stamp', async () => {
    const host = await withFakes();
    for (const [name, stamp] of [
      ['notes', undefined],
      ['11111111-2222-4333-8444-555555555555', '{"id":"of another folder"}'],
      ['11111111-2222-4333-8444-666666666666', 'no json'],
    ] as const) {
      const path = join(folder.path(), 'servers', name);
      await mkdir(path, {recursive: true});
      if (stamp !== undefined) await writeFile(join(path, 'stamp.json'), stamp);
    }
    expect(await host.leftovers()).toEqual([]);
  });

  it.skipIf(!withQemu)(
    'is found and ended, though its imgmgr was killed; the same number of a later process is spared',
    async () => {
      const file = join(dirname(folder.path()), 'empty.raw');
      await writeFile(file, '');
      await truncate(file, 1024 * 1024);
      const script = fileURLToPath(new URL('child-abandoning.ts', import.meta.url));
      const child = spawn(process.execPath, [script, folder.path(), file], {stdio: ['ignore', 'pipe', 'inherit']});
      const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('begins');
      const id = String((await lines.next()).value);
      child.kill('SIGKILL');
      await once(child, 'exit');

      const {tests} = createLocal({dir: folder.path()});
      const [leftover, ...others] = await tests.leftovers();
      expect(others).toEqual([]);
      expect(leftover).toMatchObject({kind: 'server', id, name: 'abandoned', stamp: {run: 'run-1'}});
      const qemu = findQemu(id);
      expect(qemu).toBeDefined();
      if (!qemu || !leftover) throw new Error('no QEMU was left behind');
      expect(isRunning(qemu)).toBe(true);
      await killProcess({pid: qemu.pid, startTime: '1'});
      expect(isRunning(qemu)).toBe(true);
      await tests.removeLeftover(leftover);
      expect(isRunning(qemu)).toBe(false);
      expect(await tests.leftovers()).toEqual([]);
      await tests.removeLeftover(leftover);
    },
    60_000,
  );
});
