import {mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {giveSign, ownProcess, SILENCE_MS} from '../../../src/host/process.ts';
import {isAbandoned, makeWorkFolder, workRoot} from '../../../src/build/work-folder.ts';
import {failure} from './failure.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();

/** A work folder with this text as its holder, both so old. */
async function plant(holder: string | undefined, ageMs = 0): Promise<string> {
  const path = join(folder.path(), 'imgmgr-build-x');
  await mkdir(path);
  const touched = new Date(Date.now() - ageMs);
  if (holder !== undefined) {
    await writeFile(join(path, 'holder.json'), holder);
    await utimes(join(path, 'holder.json'), touched, touched);
  }
  await utimes(path, touched, touched);
  return path;
}

describe('the root of work folders', () => {
  it('is IMGMGR_BUILD_DIR, else /var/tmp', () => {
    expect(workRoot({IMGMGR_BUILD_DIR: '/srv/build'})).toBe('/srv/build');
    expect(workRoot({IMGMGR_BUILD_DIR: ''})).toBe('/var/tmp');
    expect(workRoot({})).toBe('/var/tmp');
  });
});

describe('a work folder', () => {
  it("is only for us, tells who works in it, and is no one else's", async () => {
    const work = await makeWorkFolder(join(folder.path(), 'new', 'root'), 'debian');
    work.leave();
    expect(basename(work.path)).toMatch(/^imgmgr-build-[0-9a-f-]{36}$/);
    expect((await stat(work.path)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(join(work.path, 'holder.json'), 'utf8'))).toEqual({
      ...ownProcess(),
      definition: 'debian',
    });
    expect((await readdir(work.path)).sort()).toEqual(['bin', 'holder.json', 'out', 'tmp']);
    const other = await makeWorkFolder(join(folder.path(), 'new', 'root'), 'debian');
    other.leave();
    expect(other.path).not.toBe(work.path);
  });

  it('has the path that the kernel tells, not one through links', async () => {
    await mkdir(join(folder.path(), 'real'));
    await symlink(join(folder.path(), 'real'), join(folder.path(), 'link'));
    const work = await makeWorkFolder(join(folder.path(), 'link'), 'debian');
    work.leave();
    expect(work.path.startsWith(join(folder.path(), 'real/'))).toBe(true);
  });

  it('is refused where diskimage-builder would mistake its path', async () => {
    const error = await failure(makeWorkFolder(join(folder.path(), 'with blank'), 'debian'));
    expect(error.code).toBe('CONFIG');
    expect(error.hint).toContain('IMGMGR_BUILD_DIR');
    expect(await readdir(join(folder.path(), 'with blank'))).toEqual([]);
  });

  it('cannot be made where a file is', async () => {
    await writeFile(join(folder.path(), 'file'), '');
    const error = await failure(makeWorkFolder(join(folder.path(), 'file'), 'debian'));
    expect([error.code, error.message]).toEqual([
      'CONFIG',
      `${folder.path()}/file cannot be the folder of builds (EEXIST)`,
    ]);
  });

  it('is not abandoned while its process lives', async () => {
    const work = await makeWorkFolder(folder.path(), 'debian');
    work.leave();
    expect(await isAbandoned(work.path)).toBe(false);
  });

  it.each([
    ['S7: of another boot that gives signs of life', {hostBootId: 'another'}, SILENCE_MS / 2, false],
    ['S7: of another boot that has gone silent', {hostBootId: 'another'}, SILENCE_MS + 1000, true],
    ['whose number is a later process now', {startTime: '1'}, 0, true],
    ['in another container that gives signs of life', {pidNamespace: '1'}, SILENCE_MS / 2, false],
    ['in another container that has gone silent', {pidNamespace: '1'}, SILENCE_MS + 1000, true],
  ])('of a holder %s is abandoned: %j, %i ms', async (_, holder, ageMs, abandoned) => {
    const path = await plant(JSON.stringify({...ownProcess(), ...holder, definition: 'x'}), ageMs);
    expect(await isAbandoned(path, 10)).toBe(abandoned);
  });

  it('S7: is not abandoned where a holder gives a sign that seemed silent, since a clock was set forward', async () => {
    const path = await plant(JSON.stringify({...ownProcess(), pidNamespace: '1'}), 100 * SILENCE_MS);
    const looking = isAbandoned(path, 1000);
    await sleep(100);
    giveSign(join(path, 'holder.json'));
    expect(await looking).toBe(false);
  });

  it.each<[string | undefined, number, boolean]>([
    [undefined, 0, false],
    [undefined, SILENCE_MS + 1000, true],
    ['{"pid": 1', 0, false],
    ['{"pid": 1', SILENCE_MS + 1000, true],
    ['null', SILENCE_MS + 1000, true],
    ['{"pid": "1"}', SILENCE_MS + 1000, true],
  ])('whose holder reads %j may be in the making: after %i ms abandoned %s', async (text, ageMs, abandoned) => {
    expect(await isAbandoned(await plant(text, ageMs))).toBe(abandoned);
  });

  it('that another sweep has removed is no concern', async () => {
    const path = await plant(undefined);
    await rm(path, {recursive: true});
    expect(await isAbandoned(path)).toBe(false);
  });
});
