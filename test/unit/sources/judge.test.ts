import {execFileSync, spawn} from 'node:child_process';
import {chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import type {ConvertProgress, ImageConverter, JudgeSourceRequest} from '../../../src/ports/image-converter.ts';
import {DEFAULT_LIMITS} from '../../../src/core/limits.ts';
import type {Exec} from '../../../src/exec.ts';
import {createExec} from '../../../src/exec.ts';
import {findConfinement} from '../../../src/host/confine.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {digestOf, failure, noise, readAll, request, source} from './under-test.ts';
import {file, serve} from './web-server.ts';

const MIB = 1024 ** 2;
const SIZE = 4 * MIB;

let folder: string;
/** Where the converter works. */
let root: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-judge-test-'));
  root = join(folder, 'root');
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
});

const exec = createExec({PATH: process.env['PATH']});

const converter = (using: Exec = exec): ImageConverter => createConverter({exec: using, root});

function order(from: string, more: Partial<JudgeSourceRequest> = {}): JudgeSourceRequest {
  return {from, limitMs: 60_000, signal: new AbortController().signal, ...more};
}

/** A disk of 4 MiB with a partition, as qemu-img writes it in the format that it calls so. */
async function diskAs(driver: string, options?: string): Promise<string> {
  const [raw, path] = [join(folder, 'disk.raw'), join(folder, `disk.${driver}`)];
  const start = noise(MIB);
  start.fill(0, 0, 512);
  start.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0x1f], 446);
  start.set([0x55, 0xaa], 510);
  await writeFile(raw, start);
  await truncate(raw, SIZE);
  const chosen = options === undefined ? [] : ['-o', options];
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', driver, ...chosen, raw, path]);
  return path;
}

function opening(url: string, format: string, more: Parameters<typeof request>[1] = {}) {
  const made = source();
  return (signal: AbortSignal) => made.open(request(url, {format, ...more, signal}));
}

function here(path: string, format: string, more: Parameters<typeof request>[1] = {}) {
  return opening(pathToFileURL(path).href, format, more);
}

/** Runs everything as it is, and tells before each call of qemu-img. */
function watching(onBytes: (args: readonly string[]) => Promise<unknown>): Exec {
  return {
    ...exec,
    run: async (command, args, options) => {
      const at = args.indexOf('qemu-img');
      if (at >= 0) await onBytes(args.slice(at + 1));
      return exec.run(command, args, options);
    },
  };
}

describe('what both guards judge before a cloud gets it', () => {
  it.each([
    ['vmdk', 'vmdk', 'subformat=monolithicSparse'],
    ['vmdk', 'vmdk', 'subformat=streamOptimized'],
    ['vdi', 'vdi', 'static=off'],
    ['vhd', 'vpc', 'force_size=on'],
    ['vhd', 'vpc', 'subformat=fixed,force_size=on'],
    ['vhdx', 'vhdx', 'subformat=dynamic'],
  ])('S1: is given on as it is: %s (%s, %s)', async (format, driver, options) => {
    const path = await diskAs(driver, options);
    const content = await readFile(path);
    const calls: string[] = [];
    const seen = watching((args) => Promise.resolve(calls.push(args[0] ?? '')));
    const demanded = digestOf(content);
    const given = await readAll(converter(seen).judge(here(path, format, {digest: demanded}), order(format)));
    expect(given.content.equals(content)).toBe(true);
    expect(given.opened).toMatchObject({size: content.length, virtualSize: SIZE});
    expect(given.opened.facts()).toMatchObject({givenBytes: content.length, virtualSize: SIZE});
    expect(given.opened.facts().digests).toContainEqual(demanded);
    expect([calls, await readdir(root)]).toEqual([['info'], []]);
  });

  it('S1: is a copy in a folder of this user alone: who changes the file later changes nothing', async () => {
    const path = await diskAs('vmdk');
    const content = await readFile(path);
    const modes: number[] = [];
    const changing = watching(async () => {
      const [name = ''] = await readdir(root);
      modes.push((await stat(join(root, name))).mode & 0o777);
      await writeFile(path, noise(MIB));
    });
    const given = await readAll(converter(changing).judge(here(path, 'vmdk'), order('vmdk')));
    expect([given.content.equals(content), modes]).toEqual([true, [0o700]]);
  });

  it('S1: is unpacked on its way, and tells the digest as served', async () => {
    const content = await readFile(await diskAs('vdi'));
    const packed = gzipSync(content);
    const server = await serve(file(packed));
    const onBytes: ConvertProgress[] = [];
    const judging = converter().judge(
      opening(server.url, 'vdi', {digest: digestOf(packed)}),
      order('vdi', {progress: (progress) => onBytes.push(progress)}),
    );
    const given = await readAll(judging);
    expect(given.content.equals(content)).toBe(true);
    expect(given.opened.facts().digests).toContainEqual(digestOf(packed));
    expect(given.opened.facts().unwrapped).toEqual(digestOf(content, 'sha512'));
    expect(onBytes.at(-1)).toEqual({phase: 'fetching', bytes: content.length});
  });

  it('S1: is refused with other bytes than demanded before qemu-img sees it, and beyond its limit', async () => {
    const path = await diskAs('vmdk');
    const calls: string[] = [];
    const seen = watching((args) => Promise.resolve(calls.push(args[0] ?? '')));
    const wrong = here(path, 'vmdk', {digest: digestOf(Buffer.from('other'))});
    expect((await failure(converter(seen).judge(wrong, order('vmdk')))).code).toBe('DIGEST_MISMATCH');
    expect([calls, await readdir(root)]).toEqual([[], []]);
    const small = order('vmdk', {limits: {...DEFAULT_LIMITS, virtual: MIB}});
    const error = await failure(converter().judge(here(path, 'vmdk'), small));
    expect([error.code, error.hint, await readdir(root)]).toEqual([
      'FORMAT_REFUSED',
      expect.stringContaining('--max-virtual'),
      [],
    ]);
  });

  it('S1: is refused where nothing confines qemu-img, as can be asked before', async () => {
    const path = await diskAs('vmdk');
    const confinement = () => findConfinement(() => Promise.reject(new Error('there is none')));
    const unconfined = createConverter({exec, root, confinement});
    const error = await failure(unconfined.judge(here(path, 'vmdk'), order('vmdk')));
    const before = await failure(unconfined.requireTool({format: 'vmdk', show: 'X 1'}));
    expect([error.code, before.code, before.message]).toEqual([
      'UNSUPPORTED',
      'UNSUPPORTED',
      'X 1 is vmdk, which qemu-img is not given here, since nothing on this host can keep it from other files',
    ]);
    await unconfined.requireTool({format: 'qcow2', show: 'X 1'});
    await converter().requireTool({format: 'vmdk', show: 'X 1'});
    expect(await readdir(root)).toEqual([]);
  });

  it('S1: goes with qemu-img when imgmgr is killed: the next sweep removes the copy', async () => {
    const path = await diskAs('qcow2');
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'qemu-img'), '#!/bin/sh\nexec sleep 60\n');
    await chmod(join(bin, 'qemu-img'), 0o755);
    const child = spawn(process.execPath, [new URL('convert-child.ts', import.meta.url).pathname, path, '', root], {
      env: {...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`},
      stdio: 'ignore',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const {size} = await stat(path);
    await expect.poll(copiedBytes, {timeout: 60_000, interval: 50}).toBe(size);
    await converter().sweep();
    expect(await readdir(root)).toHaveLength(1);
    child.kill('SIGKILL');
    await ended;
    await sleep(50);
    await converter().sweep();
    expect(await readdir(root)).toEqual([]);
  });
});

async function copiedBytes(): Promise<number> {
  const [name = ''] = await readdir(root).catch(() => []);
  return (await stat(join(root, name, 'source')).catch(() => ({size: 0}))).size;
}
