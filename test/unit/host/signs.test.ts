import {mkdir, readFile, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {fileSystemNow} from '../../../src/host/file-clock.ts';
import {giveSign, isProcessGone, ownProcess, SILENCE_MS} from '../../../src/host/process.ts';
import {useFolder} from '../build/folder.ts';

const folder = useFolder();
const OLD = new Date(1_000_000_000_000);

describe('a sign of life', () => {
  it("S7: is dated by the file system's clock, not by that of this host, and changes nothing else", async () => {
    const path = join(folder.path(), 'holder.json');
    await writeFile(path, '{"pid": 1}');
    await utimes(path, OLD, OLD);
    vi.useFakeTimers({now: OLD, toFake: ['Date']});
    try {
      giveSign(path);
    } finally {
      vi.useRealTimers();
    }
    expect((await stat(path)).mtimeMs).toBeGreaterThan(OLD.getTime() + SILENCE_MS);
    expect(await readFile(path, 'utf8')).toBe('{"pid": 1}');
  });

  it('S7: is not given through a link, and not to a file that is gone', async () => {
    const path = join(folder.path(), 'file');
    await writeFile(path, 'x');
    await utimes(path, OLD, OLD);
    await symlink(path, join(folder.path(), 'link'));
    giveSign(join(folder.path(), 'link'));
    giveSign(join(folder.path(), 'none'));
    expect((await stat(path)).mtimeMs).toBe(OLD.getTime());
  });
});

describe('the clock of a file system', () => {
  it('S7: decides whether a holder on another host is silent, whatever the clock of this host says', async () => {
    const holder = {...ownProcess(), hostBootId: 'another'};
    const touchedMs = await fileSystemNow(folder.path());
    vi.useFakeTimers({now: touchedMs + 10 * SILENCE_MS, toFake: ['Date']});
    try {
      expect(await isProcessGone(holder, {touchedMs, folder: folder.path()})).toBe(false);
      expect(await isProcessGone(holder, {touchedMs: touchedMs - 2 * SILENCE_MS, folder: folder.path()})).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves the folder as it was', async () => {
    const path = join(folder.path(), 'a');
    await mkdir(path);
    await utimes(path, OLD, OLD);
    expect(await fileSystemNow(path)).toBeGreaterThan(OLD.getTime());
    expect((await stat(path)).mtimeMs).toBe(OLD.getTime());
  });
});
