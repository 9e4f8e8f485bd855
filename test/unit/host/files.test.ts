import {spawnSync} from 'node:child_process';
import {chmod, mkdir, readFile, readdir, stat, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {tryHostLock, takeHostLock} from '../../../src/build/host-lock.ts';
import {homeFolder} from '../../../src/config/home.ts';
import {pairs} from '../../../src/cli/parse.ts';
import {readTextFile} from '../../../src/config/config-context.ts';
import {makePrivateFolder} from '../../../src/host/private-folder.ts';
import {readRegularFile} from '../../../src/host/regular-file.ts';
import {asStoreError} from '../../../src/local/disk-error.ts';
import {Folders} from '../../../src/local/folders.ts';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {lockHolder, tryLock} from '../../../src/local/lock.ts';
import {failure} from '../build/failure.ts';
import {useFolder} from '../build/folder.ts';
import {newImage, seen} from '../ports/image-store-contract.ts';

const folder = useFolder();

async function modeOf(...path: readonly string[]): Promise<number> {
  return (await stat(join(folder.path(), ...path))).mode & 0o777;
}

async function withUmask<T>(mask: number, work: () => Promise<T>): Promise<T> {
  const before = process.umask(mask);
  try {
    return await work();
  } finally {
    process.umask(before);
  }
}

describe('a file that is read by its name', () => {
  it('R9: is a regular one: a FIFO, a folder and a device are refused at once', async () => {
    const fifo = join(folder.path(), 'fifo');
    spawnSync('mkfifo', [fifo]);
    await symlink(fifo, join(folder.path(), 'link'));
    for (const [path, kind] of [
      [fifo, 'a FIFO'],
      [join(folder.path(), 'link'), 'a FIFO'],
      [folder.path(), 'a folder'],
      ['/dev/null', 'a device'],
    ] as const) {
      await expect(readRegularFile(path, {maxBytes: 10})).rejects.toThrow(`is ${kind}, not a regular file`);
      expect(() => readTextFile(path)).toThrow(`is ${kind}, not a regular file`);
    }
  });

  it('R9: is read up to its limit, and a link only where that is wanted', async () => {
    const path = join(folder.path(), 'file');
    await writeFile(path, '0123456789');
    await symlink(path, join(folder.path(), 'link'));
    expect(String(await readRegularFile(path, {maxBytes: 10}))).toBe('0123456789');
    expect(String(await readRegularFile(join(folder.path(), 'link'), {maxBytes: 10}))).toBe('0123456789');
    await expect(readRegularFile(path, {maxBytes: 9})).rejects.toThrow('is larger than 9 bytes');
    await expect(readRegularFile(join(folder.path(), 'link'), {maxBytes: 10, follow: false})).rejects.toThrow('link');
  });
});

describe('what is only for this user', () => {
  it.each([0, 0o022, 0o077])('S10: is closed to others under umask %s: state, local store, locks', async (mask) => {
    await withUmask(mask, async () => {
      const lock = await takeHostLock({
        folder: join(folder.path(), 'state', 'build-lock'),
        definition: 'x',
        limitMs: 0,
        signal: new AbortController().signal,
      });
      await lock.release();
      const folders = new Folders(join(folder.path(), 'local'));
      await folders.prepare();
    });
    const made = ['state', 'state/build-lock', 'local', 'local/images', 'local/aside', 'local/locks'];
    for (const path of made) expect([path, await modeOf(path)]).toEqual([path, 0o700]);
  });

  it('S10: is closed where it was open before', async () => {
    await mkdir(join(folder.path(), 'open'));
    await chmod(join(folder.path(), 'open'), 0o777);
    await makePrivateFolder(join(folder.path(), 'open'));
    expect(await modeOf('open')).toBe(0o700);
  });
});

describe('the local store', () => {
  it('S10: writes files with mode 0600 in folders with 0700 under umask 0', async () => {
    await withUmask(0, async () => {
      const {store} = createLocal({dir: join(folder.path(), 'local')});
      const {id} = await store.create(newImage());
      await store.upload({id, bytes: Readable.from(['bytes'])});
      await store.update(await seen(store, id), {set: {a: 'b'}});
      await store.create(newImage());
    });
    const paths = await readdir(join(folder.path(), 'local'), {recursive: true, withFileTypes: true});
    expect(paths.filter((entry) => entry.isFile())).toHaveLength(3);
    for (const entry of paths) {
      const path = join(entry.parentPath, entry.name);
      expect([path, (await stat(path)).mode & 0o777]).toEqual([path, entry.isDirectory() ? 0o700 : 0o600]);
    }
  });

  it.each([
    ['everybody may write is closed to writers', 0o777, 0o755],
    ['keeps names safe by a sticky bit stays', 0o1777, 0o1777],
    ['a group may write stays', 0o2775, 0o2775],
  ])('S10: a root that %s', async (_, before, after) => {
    const root = join(folder.path(), 'root');
    await mkdir(root);
    await chmod(root, before);
    await new Folders(root).prepare();
    expect((await stat(root)).mode & 0o7777).toBe(after);
    expect(await modeOf('root', 'images')).toBe(0o700);
  });
});

describe('a lock of the local cloud', () => {
  it('U6: says which process of which host holds it, and since when', async () => {
    const folders = new Folders(folder.path());
    await folders.prepare();
    const lock = await tryLock(folders, 'a');
    expect(await lockHolder(folders, 'a')).toMatch(
      new RegExp(`^process ${process.pid} on \\S+, since \\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$`),
    );
    await lock?.release();
  });

  it('U6: of a host names host and time in its file', async () => {
    const lock = await tryHostLock(folder.path(), 'a');
    const [name = ''] = await readdir(join(folder.path(), 'build.lock'));
    const note = JSON.parse(await readFile(join(folder.path(), 'build.lock', name), 'utf8')) as object;
    expect(Object.keys(note)).toEqual(['definition', 'host', 'since']);
    await lock?.release();
  });
});

describe('what is given by hand', () => {
  it.each([
    ...['imgmgr_verdict=pass', 'os_glance_x=1', 'image_source=x', 'internal_version=1', 'visibility=public'],
    ...['IMGMGR_verdict=pass', 'Imgmgr_State=x', 'OS_glance_x=1', 'Image_Source=x', 'Visibility=public'],
  ])('S10: --property %s is refused with place and hint', async (text) => {
    const error = await failure(Promise.resolve().then(() => pairs('--property')(text, undefined)));
    expect([error.code, error.place]).toEqual(['USAGE', '--property']);
    expect(error.message).toContain(text.split('=')[0]);
    expect(error.hint).not.toBe('');
  });

  it('L: no HOME and no entry for the user is one clear sentence, unless the folders are named', async () => {
    const none = (): string => {
      throw new Error('ENOENT: uv_os_homedir');
    };
    const error = await failure(Promise.resolve().then(() => homeFolder({}, none)));
    expect([error.code, error.hint]).toEqual(['CONFIG', 'set HOME to a folder that this user may write']);
    expect(homeFolder({XDG_STATE_HOME: '/s', XDG_DATA_HOME: '/d'}, none)).toBe('/');
    expect(homeFolder({HOME: '/h'}, none)).toBe('/h');
  });

  it('U4: a read-only store says so, and not that a right is missing', () => {
    const error = asStoreError(Object.assign(new Error('x'), {code: 'EROFS', path: '/s/images'}), '/s');
    expect(error).toMatchObject({
      message: '/s/images is on a file system that is mounted read-only',
      hint: 'mount it read-write, or set IMGMGR_LOCAL to a folder on another disk',
    });
  });
});

/** Calls of `name(…)` in a source text that make something whose rights the umask decides. */
function withoutMode(text: string, name: string): string[] {
  const call = new RegExp(`(?<![.\\w#])${name}\\((?:[^()]|\\((?:[^()]|\\([^()]*\\))*\\))*\\)`, 'g');
  return (text.match(call) ?? []).filter((found) => !/\bmode: |, 0o[0-7]+\)$/.test(found));
}

describe('S10: the rights of what the code makes', () => {
  it('S10: no folder and no file is made with the rights that a umask leaves', async () => {
    const root = fileURLToPath(new URL('../../../src', import.meta.url));
    const names = (await readdir(root, {recursive: true})).filter((name) => name.endsWith('.ts'));
    const found: string[] = [];
    for (const name of names) {
      const text = await readFile(join(root, name), 'utf8');
      for (const maker of ['mkdir', 'mkdirSync', 'writeFile', 'writeFileSync', 'appendFile', 'createWriteStream'])
        found.push(...withoutMode(text, maker).map((call) => `${name}: ${call}`));
    }
    expect(found).toEqual([]);
  });

  it('S10: what has no mode is found', () => {
    expect(withoutMode('await mkdir(join(a, b(c)), {recursive: true});', 'mkdir')).toHaveLength(1);
    expect(withoutMode('await mkdir(path, {mode: 0o700});', 'mkdir')).toEqual([]);
    expect(withoutMode('await file.writeFile(text);', 'writeFile')).toEqual([]);
  });
});
