import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {createArtifactStore} from '../../src/build/artifact-store.ts';
import {makeWorkFolder} from '../../src/build/work-folder.ts';
import {deliverBuild} from '../../src/compose/deliver-build.ts';
import {createExec} from '../../src/exec.ts';
import {ownProcess, processStat} from '../../src/host/process.ts';
import {makePrivateFolder} from '../../src/host/private-folder.ts';
import {createLocal} from '../../src/local/local-cloud.ts';
import {findQemu} from '../../src/local/qemu/process.ts';
import {inWorkFolder} from '../../src/sources/convert/work-folder.ts';
import {newImage} from '../unit/ports/image-store-contract.ts';
import {hindrance} from './support/host.ts';

const OTHER = 65_534;

let base = '';

beforeEach(() => {
  base = mkdtempSync('/var/tmp/imgmgr-test-foreign-');
  chmodSync(base, 0o755);
});

afterEach(() => {
  rmSync(base, {recursive: true, force: true});
});

/** As the unprivileged user; `$0` is the path. */
function asOther(script: string, path: string): void {
  const {status, stderr} = spawnSync('/bin/sh', ['-c', script, path], {uid: OTHER, gid: OTHER, encoding: 'utf8'});
  if (status !== 0) throw new Error(stderr);
}

/** A folder below {@link base} with that owner and mode. */
function place(name: string, {mode, uid = 0, gid = 0}: {mode: number; uid?: number; gid?: number}): string {
  const path = join(base, name);
  mkdirSync(path);
  chownSync(path, uid, gid);
  chmodSync(path, mode);
  return path;
}

/** Where the work of builds and of conversions would be, both ways in one. */
async function makeBoth(root: string): Promise<void> {
  const work = await makeWorkFolder(root, 'x');
  work.leave();
  await inWorkFolder(root, () => Promise.resolve());
}

describe.skipIf(hindrance() !== undefined)('S3: a place in which root is to work', () => {
  it.each<[string, Parameters<typeof place>[1], string]>([
    ['everybody may exchange its entries', {mode: 0o777}, 'may be changed by other users (mode 0777, no sticky bit)'],
    ['a group of others may', {mode: 0o775, gid: OTHER}, 'may be changed by other users (mode 0775, no sticky bit)'],
    ['another user owns it', {mode: 0o755, uid: OTHER}, `belongs to another user (uid ${OTHER})`],
    ['another user owns it, sticky', {mode: 0o1777, uid: OTHER}, `belongs to another user (uid ${OTHER})`],
  ])('is refused where %s, also by a folder above it', async (_, rights, reason) => {
    const open = place('open', rights);
    const below = join(open, 'below');
    mkdirSync(below, {mode: 0o755});
    for (const root of [open, below])
      for (const work of [() => makeWorkFolder(root, 'x'), () => inWorkFolder(root, () => Promise.resolve())]) {
        const refused: unknown = await work().catch((error: unknown) => error);
        expect(refused).toMatchObject({code: 'CONFIG'});
        expect(String(refused)).toContain(`${open} ${reason}`);
      }
    expect(readdirSync(below)).toEqual([]);
  });

  it('is taken where nobody else may exchange its entries', async () => {
    for (const root of [
      place('closed', {mode: 0o755}),
      place('sticky', {mode: 0o1777}),
      place('of-roots-own-group', {mode: 0o775}),
    ])
      await expect(makeBoth(root)).resolves.not.toThrow();
  });

  it('S10: is made closed to writers under umask 0', async () => {
    const before = process.umask(0);
    try {
      await makeBoth(join(base, 'new'));
    } finally {
      process.umask(before);
    }
    expect(statSync(join(base, 'new')).mode & 0o7777).toBe(0o755);
  });
});

describe.skipIf(hindrance() !== undefined)('S3: what another user made beforehand', () => {
  it.each([
    ['a folder', 'mkdir "$0"'],
    ['a link to a folder of root', 'ln -s /root "$0"'],
    ['a link to a folder of its own', 'mkdir "$0.own" && ln -s "$0.own" "$0"'],
  ])('is no private folder: %s', async (_, script) => {
    const shared = place('shared', {mode: 0o1777});
    const state = join(shared, 'imgmgr');
    asOther(`umask 0; ${script}`, state);
    await expect(makePrivateFolder(state)).rejects.toThrow(`${state} belongs to another user (uid ${OTHER})`);
    const store = createArtifactStore({folder: join(state, 'artifacts'), damaged: () => undefined});
    const reported = {code: 'CONFIG', message: `${state} belongs to another user (uid ${OTHER})`};
    await expect(store.list('x')).rejects.toMatchObject(reported);
    await expect(store.sweep()).rejects.toMatchObject(reported);
  });

  it.each([
    ['the store', 'mkdir -p "$0/images" "$0/aside" "$0/locks"', ''],
    ['a link to the store', 'mkdir -p "$0.own/images" && ln -s "$0.own" "$0"', ''],
    ['its folder of images', 'ln -s "$0.victim" "$0/images"', '/images'],
    ['what it makes its images in', 'mkdir "$0/aside"', '/aside'],
  ])('is no store of images of root: %s', async (_, script, part) => {
    const shared = place('shared', {mode: 0o1777});
    const dir = join(shared, 'store');
    if (part !== '') mkdirSync(dir);
    if (part !== '') chmodSync(dir, 0o777);
    const victim = join(shared, 'store.victim');
    mkdirSync(victim);
    asOther(`umask 0; ${script}`, dir);
    const {store} = createLocal({dir, exec: () => Promise.resolve(createExec(process.env))});
    const reported = {code: 'CONFIG', message: `${dir}${part} belongs to another user (uid ${OTHER})`};
    await expect(store.create(newImage())).rejects.toMatchObject(reported);
    if (part !== '/aside') await expect(store.listTagged('t')).rejects.toMatchObject(reported);
    expect(readdirSync(victim)).toEqual([]);
  });

  it('is not followed by what a delivered build is written through', async () => {
    const folder = place('out', {mode: 0o777});
    const victim = join(base, 'victim');
    writeFileSync(victim, 'precious');
    const image = join(base, 'image.qcow2');
    const manifest = join(base, 'manifest.json');
    writeFileSync(image, 'image');
    writeFileSync(manifest, '{}');
    for (const name of ['a-1.qcow2', 'a-1.manifest.json']) symlinkSync(victim, join(folder, `.${name}.${process.pid}`));
    await deliverBuild(
      {
        ...{emit: () => undefined, signal: new AbortController().signal, limitMs: 1000},
        definition: {} as never,
        artifact: {definition: 'a', version: '1', files: [{format: 'qcow2', path: image, size: 5}], manifest} as never,
        folder,
      },
      {} as never,
    );
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readFileSync(join(folder, 'a-1.qcow2'), 'utf8')).toBe('image');
  });

  it('is not taken for a QEMU of ours: a process of another user with the same words', async () => {
    const id = '11111111-2222-4333-8444-555555555555';
    const words = ['-c', `printf x; exec -a qemu-system-x86_64 "$0" -c 'sleep 600; :' -uuid ${id}`, '/bin/bash'];
    const child = spawn('/bin/bash', words, {uid: OTHER, gid: OTHER, detached: true});
    const {pid} = child;
    if (pid === undefined) throw new Error('bash did not start');
    onTestFinished(() => void spawnSync('kill', ['-9', '--', `-${pid}`]));
    await once(child.stdout, 'data');
    await expect.poll(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(`qemu-system-x86_64\0`);
    expect(findQemu(id)).toBeUndefined();
    expect(processStat(pid)?.dead).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });

  it('is not taken for gone: a process of another user that /proc does not show', () => {
    const own = ownProcess();
    const script = `
      const {isRunning, ownProcess, processStat, processState} = await import(${JSON.stringify(import.meta.resolve('../../src/host/process.ts'))});
      process.setgroups([]); process.setgid(${OTHER}); process.setuid(${OTHER});
      const other = {...ownProcess(), pid: ${own.pid}, startTime: '${own.startTime}'};
      console.log(JSON.stringify([processStat(other.pid) ?? null, processState(other), isRunning(other), isRunning({...other, pid: 4194303})]));`;
    const hidden = 'mount -t proc -o hidepid=2 proc /proc && exec "$0" --input-type=module -e "$1"';
    const {stdout, stderr} = spawnSync('unshare', ['--mount', 'sh', '-c', hidden, process.execPath, script], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([null, 'unseen', true, false]);
  });
});
