import {mkdir, readdir, readFile, stat, utimes, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {LockLocation} from '../../../src/host/lock.ts';
import {describeHolder, isLocked, lockHolder, sweepHolders, tryLock} from '../../../src/host/lock.ts';
import {holderName, ownProcess, SILENCE_MS} from '../../../src/host/process.ts';
import {useFolder} from '../build/folder.ts';
import {startZombie} from './zombie.ts';

const folder = useFolder();

async function place(): Promise<LockLocation> {
  const aside = join(folder.path(), 'aside');
  await mkdir(aside);
  return {path: join(folder.path(), 'lock'), aside};
}

function nameOf(holder: Partial<ReturnType<typeof ownProcess>>): string {
  const {pid, startTime, hostBootId, pidNamespace} = {...ownProcess(), ...holder};
  return [pid, startTime, hostBootId, pidNamespace, 'x'].join('.');
}

const DEAD = {startTime: '1'};
const UNSEEN = {pidNamespace: '1'};

/** Puts a file of that name into the folder, so old. */
async function plant(path: string, name: string, ageMs = 0): Promise<void> {
  await mkdir(path, {recursive: true});
  await writeFile(join(path, name), '');
  const touched = new Date(Date.now() - ageMs);
  await utimes(join(path, name), touched, touched);
}

describe('a lock', () => {
  it('has one holder at a time, also of many that want it at once, and leaves nothing', async () => {
    const at = await place();
    const locks = await Promise.all(Array.from({length: 20}, () => tryLock(at)));
    const [lock, ...others] = locks.filter((each) => each !== undefined);
    expect(others).toEqual([]);
    expect(await isLocked(at)).toBe(true);
    await lock?.release();
    expect(await isLocked(at)).toBe(false);
    expect(await readdir(folder.path(), {recursive: true})).toEqual(['aside']);
  });

  it('is a folder with one file, named after its holder as earlier versions name it, only for this user', async () => {
    const at = await place();
    const lock = await tryLock(at, {definition: 'debian'});
    const {pid, startTime, hostBootId, pidNamespace} = ownProcess();
    const [name = '', ...others] = await readdir(at.path);
    expect(others).toEqual([]);
    expect(name.split('.').slice(0, 4)).toEqual([String(pid), startTime, hostBootId, pidNamespace]);
    const note = JSON.parse(await readFile(join(at.path, name), 'utf8')) as {since: string};
    expect(Object.entries(note)).toEqual([
      ['definition', 'debian'],
      ['host', hostname()],
      ['since', new Date(note.since).toISOString()],
    ]);
    expect((await stat(at.path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(at.path, name))).mode & 0o777).toBe(0o600);
    await lock?.release();
  });

  it.each([
    ['of a living process', {}, 10 * SILENCE_MS, true],
    ['of a dead process', DEAD, 0, false],
    ['of an unseen process that gives signs of life', UNSEEN, SILENCE_MS / 2, true],
    ['of an unseen process that has gone silent', UNSEEN, SILENCE_MS + 1000, false],
  ])('%s: %j of %i ms holds: %s', async (_, holder, ageMs, holds) => {
    const at = await place();
    await plant(at.path, nameOf(holder), ageMs);
    expect(await isLocked(at)).toBe(holds);
    const lock = await tryLock(at);
    expect(lock === undefined).toBe(holds);
    await lock?.release();
    expect(await readdir(at.aside)).toEqual([]);
  });

  it('of a process that has ended and is not yet waited for is taken over', async () => {
    const at = await place();
    await plant(at.path, nameOf(await startZombie()));
    const lock = await tryLock(at);
    expect(lock).toBeDefined();
    await lock?.release();
  });

  it('with a file that no process is named by is respected', async () => {
    const at = await place();
    await plant(at.path, 'by-hand', 10 * SILENCE_MS);
    expect(await isLocked(at)).toBe(true);
    expect(await tryLock(at)).toBeUndefined();
    expect(await lockHolder(at.path)).toBeUndefined();
  });

  it('says who holds it, with what of it can be read', async () => {
    const at = await place();
    expect(await lockHolder(at.path)).toBeUndefined();
    await plant(at.path, nameOf({}));
    const known = await lockHolder(at.path);
    expect(known && describeHolder(known)).toBe(`process ${process.pid}`);
    await writeFile(
      join(at.path, nameOf({})),
      '{"host":"build-1","since":"2026-11-26T09:00:00.000Z","definition":"a"}',
    );
    const read = await lockHolder(at.path);
    expect(read && describeHolder(read)).toBe(`process ${process.pid} on build-1, since 2026-11-26T09:00:00.000Z`);
    expect(read?.note['definition']).toBe('a');
  });
});

describe('the sweep of what holders left', () => {
  it('removes files and folders of dead processes and no others', async () => {
    const at = folder.path();
    const kept = [holderName(), nameOf(UNSEEN), 'lost+found'];
    for (const name of [...kept, nameOf(DEAD)]) await plant(at, name);
    await plant(join(at, `${nameOf(DEAD)}.folder`), 'file');
    await sweepHolders({folder: at});
    expect((await readdir(at)).sort()).toEqual([...kept].sort());
  });

  it('looks only at names with the prefix', async () => {
    const at = folder.path();
    await plant(at, nameOf(DEAD));
    await plant(at, `build.lock.${nameOf(DEAD)}`);
    await sweepHolders({folder: at, prefix: 'build.lock.'});
    expect(await readdir(at)).toEqual([nameOf(DEAD)]);
  });

  it('of a folder that is not there does nothing', async () => {
    await sweepHolders({folder: join(folder.path(), 'none')});
    expect(await readdir(folder.path())).toEqual([]);
  });
});
