import {appendFile, mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {ConsoleFile} from '../../../../src/local/qemu/console.ts';

describe('the console of a local test server', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imgmgr-console-'));
    path = join(folder, 'console.log');
  });
  afterEach(() => rm(folder, {recursive: true, force: true}));

  it('is told by its last 64 KiB, without half a character at the beginning', async () => {
    await writeFile(path, `first line\nü${'x'.repeat(65_535)}`);
    const tail = await new ConsoleFile(path).tail();
    expect(tail).toBe('x'.repeat(65_535));
  });

  it('does not grow without end, and its end is not lost by that', async () => {
    await writeFile(path, `${'x'.repeat(2000)}before\n`);
    const file = new ConsoleFile(path, 1000);
    await file.trim();
    expect((await stat(path)).size).toBe(0);
    await appendFile(path, 'after\n');
    expect(await file.tail()).toMatch(/before\nafter\n$/);
  });

  it('is left alone while it is short', async () => {
    await writeFile(path, 'short');
    await new ConsoleFile(path, 1000).trim();
    expect((await stat(path)).size).toBe(5);
  });
});
