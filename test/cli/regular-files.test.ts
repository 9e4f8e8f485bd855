import {execFileSync} from 'node:child_process';
import {mkdir, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let desk: Table;

beforeEach(async () => {
  desk = await openTable();
});
afterEach(async () => desk.close());

describe('a FIFO that nobody writes to', () => {
  it('R9: as file of definitions is exit 2 with its path, alone and in a folder', async () => {
    const folder = join(desk.folder, 'images');
    await mkdir(folder);
    const fifo = join(folder, 'a.yml');
    execFileSync('mkfifo', [fifo]);
    for (const images of [fifo, folder]) {
      const ran = await desk.imgmgr('dry-run', '--cloud', 'local', '--images', images);
      expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([2, ['DEFINITION']]);
      expect(ran.text).toContain(`${fifo}: it is a FIFO, not a regular file`);
    }
  });

  it('R9: as clouds.yaml is exit 2 with its path', async () => {
    const clouds = join(desk.folder, 'clouds.yaml');
    await rename(clouds, `${clouds}.old`);
    execFileSync('mkfifo', [clouds]);
    const ran = await desk.imgmgr(
      'dry-run',
      '--cloud',
      'admin',
      '--images',
      await desk.write(desk.x([listed('1', desk.serve('1'))])),
    );
    expect(ran.code).toBe(2);
    expect(ran.text).toContain('is a FIFO, not a regular file');
    expect(ran.text).toContain(clouds);
  });

  it('R9: as manifest to compare is exit 2 with its path', async () => {
    const fifo = join(desk.folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const ran = await desk.print('build', '--diff', fifo, fifo);
    expect(ran.code).toBe(2);
    expect(ran.out + ran.err).toContain(`the manifest ${fifo} is a FIFO, not a regular file`);
  });
});
