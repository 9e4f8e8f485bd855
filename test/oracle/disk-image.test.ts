import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';

const run = promisify(execFile);

it.each([
  {virtualBytes: 2 ** 20, dataBytes: 0},
  {virtualBytes: 8 * 2 ** 20, dataBytes: 130_000},
  {virtualBytes: 10 * 2 ** 40, dataBytes: 1},
  {virtualBytes: 2 ** 30, dataBytes: 600 * 2 ** 20},
])(
  'qemu-img finds nothing wrong with a qcow2 of $virtualBytes bytes, $dataBytes of them data',
  async ({virtualBytes, dataBytes}) => {
    const folder = await mkdtemp(join(tmpdir(), 'disk-image-'));
    try {
      const file = join(folder, 'disk.qcow2');
      await writeFile(file, makeQcow2({virtualBytes, dataBytes}));
      expect((await run('qemu-img', ['check', file])).stdout).toContain('No errors were found');
      const {stdout} = await run('qemu-img', ['info', '--output=json', file]);
      expect(JSON.parse(stdout)).toMatchObject({format: 'qcow2', 'virtual-size': virtualBytes});
    } finally {
      await rm(folder, {recursive: true});
    }
  },
);
