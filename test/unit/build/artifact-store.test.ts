import type {FileHandle} from 'node:fs/promises';
import fs, {mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {ArtifactStore} from '../../../src/build/artifact-store.ts';
import {createArtifactStore} from '../../../src/build/artifact-store.ts';
import type {Damaged} from '../../../src/build/read-artifact.ts';
import {temporaryName} from '../../../src/host/temporary.ts';
import {parseManifest} from '../../../src/core/build/manifest.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {bytesOf, finishBuild} from './artifact-samples.ts';

/** The folder of `Debian 12`. */
const HOME = 'debian-12-1711d43d';

let dir = '';
let store: ArtifactStore;
let damaged: Damaged[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-artifacts-'));
  damaged = [];
  store = createArtifactStore({folder: artifacts(), damaged: (each) => damaged.push(each)});
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await rm(dir, {recursive: true, force: true});
});

function artifacts(): string {
  return join(dir, 'artifacts');
}

/** Every path below the artifacts, sorted. */
async function tree(): Promise<string[]> {
  return (await readdir(artifacts(), {recursive: true})).sort();
}

async function versions(definition = 'Debian 12'): Promise<string[]> {
  return (await store.list(definition)).map(({version}) => version);
}

async function refused(work: () => Promise<unknown>): Promise<ImgmgrError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('went well');
}

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), {code});
}

/** The next call fails as a disk does. */
function failOnce(
  name: 'link' | 'rm',
  code: string,
  paths: {readonly path?: string; readonly dest?: string} = {},
): void {
  vi.spyOn(fs, name).mockRejectedValueOnce(Object.assign(diskError(code), paths));
  syncBuiltinESMExports();
}

async function failHandleOnce(name: 'write' | 'writeFile' | 'sync', code: string): Promise<void> {
  const handle = await open('/dev/null');
  await handle.close();
  vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, name).mockRejectedValueOnce(diskError(code));
}

describe('adding an artifact', () => {
  it('moves the files in, for the owner alone, and gives their places and sizes', async () => {
    const made = await finishBuild(dir);
    const artifact = await store.add(made);
    const folder = `${HOME}/20261121-000000000000`;
    expect(await tree()).toEqual([
      HOME,
      folder,
      ...['artifact.json', 'image.qcow2', 'image.raw', 'manifest.json'].map((name) => `${folder}/${name}`),
    ]);
    expect(artifact).toEqual({
      ...made,
      manifest: join(artifacts(), folder, 'manifest.json'),
      files: [
        {format: 'qcow2', path: join(artifacts(), folder, 'image.qcow2'), size: 17},
        {format: 'raw', path: join(artifacts(), folder, 'image.raw'), size: 15},
      ],
    });
    for (const {format, path} of artifact.files) expect(await readFile(path, 'utf8')).toBe(bytesOf('20261121', format));
    expect(parseManifest(await readFile(artifact.manifest, 'utf8'), 'manifest.json').version).toBe('20261121');
    for (const path of [artifacts(), join(artifacts(), HOME), join(artifacts(), folder)])
      expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dir, 'work', '20261121'))).toEqual([]);
    expect(await store.list('Debian 12')).toEqual([artifact]);
  });

  it('from another device copies the bytes and leaves holes as holes', async () => {
    const made = await finishBuild(dir);
    const raw = made.files[1]?.path ?? '';
    const bytes = Buffer.alloc(3_000_001);
    bytes.write('begin');
    bytes.write('middle', 1_500_000);
    await writeFile(raw, bytes);
    vi.spyOn(fs, 'link').mockRejectedValue(diskError('EXDEV'));
    syncBuiltinESMExports();
    const artifact = await store.add(made);
    const copy = artifact.files[1]?.path ?? '';
    expect((await readFile(copy)).equals(bytes)).toBe(true);
    const {size, blocks, mode} = await stat(copy);
    expect(size).toBe(3_000_001);
    expect(blocks * 512).toBeLessThan(1_500_000);
    expect(mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, 'work', '20261121'))).toEqual([]);
  });

  it('of the same version and inputs takes the place of the old one', async () => {
    await store.add(await finishBuild(dir, {builtAt: '2026-11-21T01:00:00Z'}));
    await store.add(await finishBuild(dir, {builtAt: '2026-11-21T02:00:00Z'}));
    expect((await store.list('Debian 12')).map(({builtAt}) => builtAt)).toEqual(['2026-11-21T02:00:00Z']);
    expect((await tree()).filter((path) => path.includes('.tmp-'))).toEqual([]);
  });

  it.each<['write' | 'writeFile' | 'sync', string]>([
    ['write', 'ENOSPC'],
    ['writeFile', 'ENOSPC'],
    ['sync', 'EDQUOT'],
  ])(
    'on a disk that is full (%s) is DISK_FULL with path and bytes; nothing is there, the build is where it was',
    async (call, code) => {
      const made = await finishBuild(dir);
      if (call === 'write') failOnce('link', 'EXDEV');
      await failHandleOnce(call, code);
      const error = await refused(() => store.add(made));
      expect(error.code).toBe('DISK_FULL');
      expect(error.message).toMatch(/no space left for .*debian-12-1711d43d.* \(32 bytes\)/);
      expect(error.hint).toContain('XDG_STATE_HOME');
      expect(await tree()).toEqual([HOME]);
      for (const {path} of made.files) expect((await stat(path)).size).toBeGreaterThan(0);
    },
  );

  it('tells the first error where the clearing up fails, too', async () => {
    const made = await finishBuild(dir);
    await failHandleOnce('sync', 'ENOSPC');
    failOnce('rm', 'EROFS');
    expect((await refused(() => store.add(made))).code).toBe('DISK_FULL');
  });

  it.each(['EACCES', 'EROFS'])(
    'where nothing may be written (%s) is CONFIG with the path and what to do',
    async (code) => {
      const made = await finishBuild(dir);
      failOnce('link', code, {path: made.log, dest: join(artifacts(), 'told')});
      const error = await refused(() => store.add(made));
      expect(error.code).toBe('CONFIG');
      expect(error.place).toBe(join(artifacts(), 'told'));
      expect(error.hint).toContain('XDG_STATE_HOME');
    },
  );

  it('below a file is CONFIG', async () => {
    const made = await finishBuild(dir);
    await writeFile(artifacts(), 'a file');
    const error = await refused(() => store.add(made));
    expect(error.code).toBe('CONFIG');
    expect(error.place).toBe(join(artifacts(), HOME));
    expect((await refused(() => store.list('Debian 12'))).code).toBe('CONFIG');
  });

  it('on a disk that fails in another way is UNAVAILABLE with its words', async () => {
    const made = await finishBuild(dir);
    await failHandleOnce('sync', 'EIO');
    const error = await refused(() => store.add(made));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain('the disk says no');
  });
});

describe('the list of artifacts', () => {
  it('is empty where nothing was ever built', async () => {
    expect(await store.list('Debian 12')).toEqual([]);
  });

  it('is newest first, numbers counting as numbers, and of one definition', async () => {
    for (const version of ['20261121.10', '20261120', '20261121', '20261121.2', '20251231'])
      await store.add(await finishBuild(dir, {version}));
    await store.add(await finishBuild(dir, {definition: 'debian 12'}));
    expect(await versions()).toEqual(['20261121.10', '20261121.2', '20261121', '20261120', '20251231']);
    expect(await versions('debian 12')).toEqual(['20261121']);
    expect(damaged).toEqual([]);
  });

  it('has the later one first where two have one version', async () => {
    await store.add(await finishBuild(dir, {inputs: 'a'.repeat(64), builtAt: '2026-11-21T01:00:00Z'}));
    await store.add(await finishBuild(dir, {inputs: 'b'.repeat(64), builtAt: '2026-11-21T02:00:00Z'}));
    expect((await store.list('Debian 12')).map(({inputs}) => inputs[0])).toEqual(['b', 'a']);
  });

  it.each<[string, (folder: string) => Promise<unknown>, string]>([
    ['the record is no JSON', (folder) => writeFile(join(folder, 'artifact.json'), '{'), 'is no JSON'],
    ['the record is another thing', (folder) => writeFile(join(folder, 'artifact.json'), '{"schema":1}'), 'definition'],
    ['the record is gone', (folder) => rm(join(folder, 'artifact.json')), 'artifact.json is missing'],
    ['an image is gone', (folder) => rm(join(folder, 'image.raw')), 'image.raw is missing'],
    ['an image is cut off', (folder) => writeFile(join(folder, 'image.raw'), 'r'), 'image.raw has 1 bytes, 15 were'],
    ['the manifest is gone', (folder) => rm(join(folder, 'manifest.json')), 'manifest.json is missing'],
  ])('leaves out and tells a folder where %s', async (_, damage, problem) => {
    const artifact = await store.add(await finishBuild(dir));
    await store.add(await finishBuild(dir, {version: '20261120'}));
    const folder = dirname(artifact.manifest);
    await damage(folder);
    expect(await versions()).toEqual(['20261120']);
    expect(damaged).toHaveLength(1);
    expect(damaged[0]?.path).toBe(folder);
    expect(damaged[0]?.problem).toContain(problem);
  });

  it('leaves out and tells what was moved there from another definition', async () => {
    const {manifest} = await store.add(await finishBuild(dir, {definition: 'Ubuntu', version: '20261119'}));
    await store.add(await finishBuild(dir));
    await rename(dirname(manifest), join(artifacts(), HOME, 'stray'));
    expect(await versions()).toEqual(['20261121']);
    expect(damaged.map(({problem}) => problem)).toEqual(['artifact.json is of the definition "Ubuntu"']);
  });

  it('and settling leave a file among the folders alone', async () => {
    const note = join(artifacts(), HOME, 'note');
    await store.add(await finishBuild(dir));
    await writeFile(note, 'mine');
    expect(await versions()).toEqual(['20261121']);
    await store.keepNewest('Debian 12', 0);
    expect(damaged).toEqual([]);
    expect(await readFile(note, 'utf8')).toBe('mine');
  });

  it('does not know what is being added yet', async () => {
    await store.add(await finishBuild(dir));
    await mkdir(join(artifacts(), HOME, temporaryName()));
    expect(await versions()).toEqual(['20261121']);
    expect(damaged).toEqual([]);
  });
});

describe('the digests of an artifact', () => {
  async function digests(): Promise<unknown> {
    const [artifact] = await store.list('Debian 12');
    const text = await readFile(artifact?.manifest ?? '', 'utf8');
    return parseManifest(text, 'manifest.json').files.map(({format, sha256, sha512}) => ({format, sha256, sha512}));
  }

  it('are noted one by one, those of two files at the same time, too', async () => {
    const artifact = await store.add(await finishBuild(dir));
    const [sha256, sha512] = ['a'.repeat(64), 'b'.repeat(128)];
    await Promise.all([
      store.complete(artifact, {format: 'qcow2', sha256}),
      store.complete(artifact, {format: 'raw', sha512}),
      store.complete(artifact, {format: 'qcow2', sha512}),
    ]);
    expect(await digests()).toEqual([
      {format: 'qcow2', sha256, sha512},
      {format: 'raw', sha256: undefined, sha512},
    ]);
    expect((await readdir(dirname(artifact.manifest))).sort()).toEqual([
      'artifact.json',
      'image.qcow2',
      'image.raw',
      'manifest.json',
    ]);
  });

  it('that differ from the noted ones are refused: the file has changed', async () => {
    const artifact = await store.add(await finishBuild(dir));
    await store.complete(artifact, {format: 'raw', sha256: 'a'.repeat(64)});
    await store.complete(artifact, {format: 'raw', sha256: 'a'.repeat(64)});
    const error = await refused(() => store.complete(artifact, {format: 'raw', sha256: 'b'.repeat(64)}));
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(error.message).toMatch(/image\.raw has the digest b{64}, its manifest says a{64}/);
    expect(await digests()).toMatchObject([{}, {sha256: 'a'.repeat(64)}]);
  });

  it('of a format that was not built are refused', async () => {
    const made = await finishBuild(dir);
    const artifact = await store.add({...made, manifest: {...made.manifest, files: made.manifest.files.slice(1)}});
    expect((await refused(() => store.complete(artifact, {format: 'qcow2'}))).message).toContain('qcow2');
  });

  it('leave the old manifest where the disk is full, and the next ones are noted', async () => {
    const artifact = await store.add(await finishBuild(dir));
    const before = await readFile(artifact.manifest, 'utf8');
    await failHandleOnce('writeFile', 'ENOSPC');
    const error = await refused(() => store.complete(artifact, {format: 'raw', sha256: 'a'.repeat(64)}));
    expect(error.code).toBe('DISK_FULL');
    expect(await readFile(artifact.manifest, 'utf8')).toBe(before);
    expect((await tree()).filter((path) => path.includes('.tmp-'))).toEqual([]);
    await store.complete(artifact, {format: 'raw', sha256: 'c'.repeat(64)});
    expect(await digests()).toMatchObject([{}, {sha256: 'c'.repeat(64)}]);
  });
});

describe('settling', () => {
  it('keeps the newest so many of its definition and nothing else', async () => {
    for (const version of ['20261119', '20261120', '20261121']) await store.add(await finishBuild(dir, {version}));
    await store.add(await finishBuild(dir, {definition: 'Ubuntu', version: '20200101'}));
    await store.keepNewest('Debian 12', 2);
    expect(await versions()).toEqual(['20261121', '20261120']);
    expect(await versions('Ubuntu')).toEqual(['20200101']);
    expect((await tree()).filter((path) => /\.tmp-|20261119/.test(path))).toEqual([]);
  });

  it('removes damaged ones, which do not count', async () => {
    for (const version of ['20261119', '20261120', '20261121']) await store.add(await finishBuild(dir, {version}));
    const [newest, middle] = await store.list('Debian 12');
    await rm(newest?.manifest ?? '');
    await writeFile(join(dirname(middle?.manifest ?? ''), 'artifact.json'), '{');
    await store.keepNewest('Debian 12', 1);
    expect(await readdir(join(artifacts(), HOME))).toEqual(['20261119-000000000000']);
  });

  it('takes out of the list what it then cannot remove, so that nobody meets half of it', async () => {
    await store.add(await finishBuild(dir));
    failOnce('rm', 'EIO');
    expect((await refused(() => store.keepNewest('Debian 12', 0))).code).toBe('UNAVAILABLE');
    expect(await versions()).toEqual([]);
    expect(damaged).toEqual([]);
  });

  it('removes all when none is to be kept, and has nothing to do where nothing is', async () => {
    await store.add(await finishBuild(dir));
    await store.keepNewest('Debian 12', 0);
    await store.keepNewest('Debian 12', 0);
    await store.keepNewest('Ubuntu', 1);
    expect(await versions()).toEqual([]);
  });
});

describe('the sweep', () => {
  async function leave(path: string, ageMs = 0): Promise<string> {
    await mkdir(path, {recursive: true, mode: 0o700});
    await writeFile(join(path, 'image.raw'), 'half');
    const then = new Date(Date.now() - ageMs);
    await utimes(path, then, then);
    return path;
  }

  it('leaves what a living process makes, and everything that is whole', async () => {
    const {manifest} = await store.add(await finishBuild(dir));
    await leave(join(dirname(dirname(manifest)), temporaryName()));
    await leave(join(dirname(manifest), temporaryName()));
    const before = await tree();
    await store.sweep();
    expect(await tree()).toEqual(before);
  });

  it.each<[string, (name: string) => string, number]>([
    ['of a process that is gone', (name) => name.replace(`.${process.pid}.`, '.4194305.'), 0],
    ['of an earlier process with the same number', (name) => name.replace(/\.\d+\.([^.]+)$/, '.1.$1'), 0],
    ['from before the host started', (name) => name.replace(/\.tmp-[^.]+/, '.tmp-00000000-0000'), 25 * 3_600_000],
    ['of more than a day ago with an odd name', () => '.tmp-odd', 25 * 3_600_000],
  ])('removes what is %s, beside and inside of artifacts', async (_, rename, ageMs) => {
    const {manifest} = await store.add(await finishBuild(dir));
    const before = await tree();
    await leave(join(dirname(dirname(manifest)), rename(temporaryName())), ageMs);
    await leave(join(dirname(manifest), rename(temporaryName())), ageMs);
    await store.sweep();
    expect(await tree()).toEqual(before);
  });

  it.each<[string, (name: string) => string]>([
    ['another container', (name) => name.replace(/^(\.tmp-[^.]+)\.\d+\.\d+/, '$1.1.4194305')],
    ['S7: another host, or of this one before it started', (name) => name.replace(/\.tmp-[^.]+/, '.tmp-00000000-0000')],
    ['nobody knows whom', () => '.tmp-odd'],
  ])('leaves what is of %s and not a day old', async (_, rename) => {
    const path = await leave(join(artifacts(), HOME, rename(temporaryName())), 23 * 3_600_000);
    await store.sweep();
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('S7: leaves what a living process of this host works on, however old it looks since a clock was set', async () => {
    const path = await leave(join(artifacts(), HOME, temporaryName()), 400 * 24 * 3_600_000);
    await store.sweep();
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('has nothing to do before the first build', async () => {
    await store.sweep();
    expect(await readdir(dir)).toEqual([]);
  });
});

describe('a run that is killed at any change of the disk', () => {
  it('leaves whole artifacts only, loses none that was there, and the sweep removes the rest', async () => {
    const [before, copies] = [join(dir, 'run'), join(dir, 'copies')];
    await mkdir(before);
    await execa(process.execPath, [join(import.meta.dirname, 'child-adding.ts'), before, copies]);
    const states = (await readdir(copies)).sort();
    const calls = states.map((name) => name.replace(/.*-/, '')).join(' ');
    // Whatever the rename makes visible is durable by then, and the sources go last.
    const text = 'open writeFile sync';
    const added = `mkdir mkdir link open sync link open sync ${text} ${text} open sync rename rename open sync rm rm`;
    const completed = `${text} rename open sync`;
    expect(calls.startsWith(`${added} ${completed} ${added} ${completed}`), calls).toBe(true);
    let isThere = false;
    for (const name of states) {
      const state = join(copies, name);
      const seen: Damaged[] = [];
      const left = createArtifactStore({folder: join(state, 'artifacts'), damaged: (each) => seen.push(each)});
      await left.sweep();
      const found = await left.list('Debian 12');
      expect(seen, name).toEqual([]);
      if (isThere) expect(found, name).not.toEqual([]);
      isThere = found.length > 0;
      for (const {version, files, manifest} of found) {
        for (const {format, path} of files) expect(await readFile(path, 'utf8'), name).toBe(bytesOf(version, format));
        expect(parseManifest(await readFile(manifest, 'utf8'), manifest).version, name).toBe(version);
      }
      const names = await readdir(state, {recursive: true});
      expect(
        names.filter((path) => path.includes('.tmp-')),
        name,
      ).toEqual([]);
      if (found.length === 0) expect(names, name).toContain('work/20261121/out.raw');
    }
    expect(isThere).toBe(true);
  }, 120_000);
});
