import {existsSync, readFileSync} from 'node:fs';
import {mkdir, readdir, utimes, writeFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import type {Wait} from '../../../src/build/host-lock.ts';
import {takeHostLock, tryHostLock} from '../../../src/build/host-lock.ts';
import {ownProcess, SILENCE_MS} from '../../../src/host/process.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {failure} from './failure.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const CHILD = fileURLToPath(new URL('lock-child.ts', import.meta.url));
const signal = new AbortController().signal;

/** Locks for somebody else, who gave the last sign of life so many milliseconds ago. */
async function plant(holder: Partial<ReturnType<typeof ownProcess>>, ageMs = 0): Promise<void> {
  const {pid, startTime, hostBootId, pidNamespace} = {...ownProcess(), ...holder};
  const path = join(folder.path(), 'build.lock', [pid, startTime, hostBootId, pidNamespace, 'x'].join('.'));
  await mkdir(join(path, '..'), {recursive: true});
  await writeFile(path, '{"definition":"planted"}');
  const touched = new Date(Date.now() - ageMs);
  await utimes(path, touched, touched);
}

function begin(log: string, ...stays: readonly string[]) {
  return execa(process.execPath, [CHILD, folder.path(), log, ...stays]);
}

describe('the lock of a host', () => {
  it('has one holder at a time, in one process too, and leaves nothing', async () => {
    const lock = await tryHostLock(folder.path(), 'a');
    expect(lock).toBeDefined();
    expect(await tryHostLock(folder.path(), 'b')).toBeUndefined();
    await lock?.release();
    expect(await readdir(folder.path())).toEqual([]);
    const next = await tryHostLock(folder.path(), 'b');
    expect(next).toBeDefined();
    await next?.release();
  });

  it('goes to exactly one of many that want it at once', async () => {
    const locks = await Promise.all(Array.from({length: 40}, () => tryHostLock(folder.path(), 'a')));
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  });

  it('of a dead process goes to exactly one of many that want it at once', async () => {
    await plant({startTime: '1'});
    const locks = await Promise.all(Array.from({length: 40}, () => tryHostLock(folder.path(), 'a')));
    expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1);
  });

  it('is held by one of many processes after the other', async () => {
    const log = join(folder.path(), 'log');
    await Promise.all(Array.from({length: 6}, () => begin(log)));
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(12);
    for (let at = 0; at < lines.length; at += 2)
      expect([lines[at], lines[at + 1]]).toEqual([lines[at], lines[at]?.replace('begin', 'end')]);
    expect((await readdir(folder.path())).sort()).toEqual(['log']);
  });

  it('of a process that was killed is taken over at once', async () => {
    const log = join(folder.path(), 'log');
    const child = begin(log, 'stay');
    child.catch(() => undefined);
    while (!existsSync(log)) await sleep(5);
    expect(await tryHostLock(folder.path(), 'a')).toBeUndefined();
    child.kill('SIGKILL');
    await child.catch(() => undefined);
    const lock = await tryHostLock(folder.path(), 'a');
    expect(lock).toBeDefined();
    await lock?.release();
  });

  it.each([
    ['S7: of another boot that gives signs of life', {hostBootId: 'another'}, SILENCE_MS / 2, false],
    ['S7: of another boot that has gone silent', {hostBootId: 'another'}, SILENCE_MS + 1000, true],
    ['whose number is a later process now', {startTime: '1'}, 0, true],
    ['in another container that gives signs of life', {pidNamespace: '1'}, SILENCE_MS / 2, false],
    ['in another container that has gone silent', {pidNamespace: '1'}, SILENCE_MS + 1000, true],
    ['that lives', {}, SILENCE_MS * 2, false],
  ])('of a holder %s is free: %j, %i ms', async (_, holder, ageMs, free) => {
    await plant(holder, ageMs);
    const lock = await tryHostLock(folder.path(), 'a');
    expect(lock !== undefined).toBe(free);
    await lock?.release();
  });

  it('is waited for, and who waits is told for whom', async () => {
    const lock = await tryHostLock(folder.path(), 'first');
    const waits: Wait[] = [];
    const second = takeHostLock({
      folder: folder.path(),
      definition: 'second',
      limitMs: 60_000,
      pollMs: 5,
      signal,
      waiting: (wait) => waits.push(wait),
    });
    while (waits.length < 2) await sleep(5);
    expect(waits[0]?.limitMs).toBe(60_000);
    expect(waits[0]?.holder).toContain(`"first" (process ${process.pid} on ${hostname()}, since `);
    await lock?.release();
    await (await second).release();
  });

  it('U6: is LOCKED when the wait is over, and says host, process and since when', async () => {
    const lock = await tryHostLock(folder.path(), 'first');
    const error = await failure(
      takeHostLock({folder: folder.path(), definition: 'second', limitMs: 20, pollMs: 5, signal}),
    );
    expect(error.code).toBe('LOCKED');
    const [, since = ''] = /, since (\S+)\)/.exec(error.message) ?? [];
    expect(error.message).toBe(
      `"first" (process ${process.pid} on ${hostname()}, since ${since}) builds on this host, and did not end within 0.02 s`,
    );
    expect(new Date(since).toISOString()).toBe(since);
    await lock?.release();
  });

  it('is no longer waited for after an interruption', async () => {
    const lock = await tryHostLock(folder.path(), 'first');
    const stop = new AbortController();
    const waiting = failure(
      takeHostLock({
        folder: folder.path(),
        definition: 'b',
        limitMs: 60_000,
        signal: stop.signal,
        waiting: () => stop.abort(),
      }),
    );
    expect((await waiting).code).toBe('INTERRUPTED');
    const reason = new ImgmgrError('TIMEOUT', 'too late');
    const aborted = takeHostLock({
      folder: folder.path(),
      definition: 'b',
      limitMs: 1,
      signal: AbortSignal.abort(reason),
    });
    expect(await failure(aborted)).toBe(reason);
    await lock?.release();
    expect(await readdir(folder.path())).toEqual([]);
  });

  it('removes what starters that were killed had prepared', async () => {
    const {pid, hostBootId, pidNamespace} = ownProcess();
    const name = [pid, '1', hostBootId, pidNamespace, 'x'].join('.');
    await mkdir(join(folder.path(), `build.lock.${name}`));
    await writeFile(join(folder.path(), `build.lock.${name}`, name), '');
    await (await tryHostLock(folder.path(), 'a'))?.release();
    expect(await readdir(folder.path())).toEqual([]);
  });
});
