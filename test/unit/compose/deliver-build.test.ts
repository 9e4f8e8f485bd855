import {execFileSync} from 'node:child_process';
import {chmod, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {deliverBuild} from '../../../src/compose/deliver-build.ts';
import {hostRuntime} from '../../../src/compose/runtime.ts';
import type {Artifact} from '../../../src/ports/image-builder.ts';
import type {BuildFormat} from '../../../src/core/build/spec.ts';
import type {Conversion} from '../../../src/core/conversion.ts';
import type {Event} from '../../../src/core/events.ts';
import {createExec} from '../../../src/exec.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {makeQcow2} from '../../fakes/disk-image.ts';
import {definition} from '../core/plan/plan-world.ts';

const MIB = 2 ** 20;

let dir: string;
let events: Event[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
  events = [];
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

/** A build of one disk in these formats. */
async function built(...formats: readonly BuildFormat[]): Promise<Artifact> {
  const qcow2 = join(dir, 'disk.qcow2');
  await writeFile(qcow2, makeQcow2({virtualBytes: 4 * MIB, dataBytes: MIB}));
  const raw = join(dir, 'disk.raw');
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', qcow2, raw]);
  const manifest = join(dir, 'manifest.json');
  await writeFile(manifest, '{}');
  return {
    definition: 'Debian 12',
    version: '20260201',
    inputs: 'a',
    machine: 'x86_64',
    files: formats.map((format) => ({format, path: format === 'raw' ? raw : qcow2, size: 1})),
    manifest,
    log: join(dir, 'log'),
    builtAt: '2026-02-01T12:00:00Z',
  };
}

async function deliver(artifact: Artifact, convert?: Conversion): Promise<Artifact> {
  return deliverBuild(
    {
      definition: definition([], {name: 'Debian 12', format: 'qcow2'}),
      artifact,
      folder: join(dir, 'out'),
      ...(convert && {convert}),
      limitMs: 60_000,
      emit: (event) => events.push(event),
      signal: new AbortController().signal,
    },
    {
      converter: createConverter({exec: createExec(process.env), root: join(dir, 'work')}),
      runtime: hostRuntime('a run'),
    },
  );
}

const delivered = async (): Promise<string[]> => (await readdir(join(dir, 'out'))).sort();
const MANIFEST = 'debian-12-20260201.manifest.json';

describe('the folder of build --output', () => {
  it('gets all that was built', async () => {
    await deliver(await built('qcow2', 'raw'));
    expect(await delivered()).toEqual([MANIFEST, 'debian-12-20260201.qcow2', 'debian-12-20260201.raw']);
  });

  it('gets one image in the format that was asked for, converted with progress', async () => {
    const {files} = await deliver(await built('qcow2'), {to: 'raw', compress: false});
    const path = join(dir, 'out', 'debian-12-20260201.raw');
    expect(files).toEqual([{format: 'raw', path, size: 4 * MIB}]);
    expect(await delivered()).toEqual([MANIFEST, 'debian-12-20260201.raw']);
    expect((await readFile(path)).equals(await readFile(join(dir, 'disk.raw')))).toBe(true);
    expect(events.at(-1)).toMatchObject({type: 'progress', phase: 'converting', bytes: 4 * MIB, total: 4 * MIB});
    expect(await readdir(join(dir, 'work'))).toEqual([]);
  });

  it('S10: is made closed to writers under umask 0, and one that is there stays as it is', async () => {
    const artifact = await built('qcow2');
    const before = process.umask(0);
    try {
      await deliver(artifact, {to: 'raw', compress: false});
      expect((await stat(join(dir, 'out'))).mode & 0o7777).toBe(0o755);
      for (const name of await delivered()) expect((await stat(join(dir, 'out', name))).mode & 0o022).toBe(0);
    } finally {
      process.umask(before);
    }
    await chmod(join(dir, 'out'), 0o2770);
    await deliver(artifact);
    expect((await stat(join(dir, 'out'))).mode & 0o7777).toBe(0o2770);
  });

  it('gets what was built in that format, without a conversion', async () => {
    await deliver(await built('qcow2', 'raw'), {to: 'raw', compress: false});
    expect(await delivered()).toEqual([MANIFEST, 'debian-12-20260201.raw']);
    expect(events).toEqual([]);
  });

  it('gets it compressed, whatever was built', async () => {
    await deliver(await built('qcow2', 'raw'), {to: 'qcow2', compress: true});
    expect(await delivered()).toEqual([MANIFEST, 'debian-12-20260201.qcow2']);
    expect(events).not.toEqual([]);
  });

  it('gets nothing half-done of a build that cannot be converted', async () => {
    const artifact = await built('qcow2');
    await writeFile(join(dir, 'disk.qcow2'), (await readFile(join(dir, 'disk.qcow2'))).subarray(0, MIB));
    await expect(deliver(artifact, {to: 'raw', compress: false})).rejects.toMatchObject({code: 'FORMAT_REFUSED'});
    expect(await delivered()).toEqual([]);
  });
});
