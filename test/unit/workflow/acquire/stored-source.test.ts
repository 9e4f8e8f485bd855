import {PassThrough} from 'node:stream';
import {expect, it, onTestFinished} from 'vitest';
import type {ImageStore} from '../../../../src/ports/image-store.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {StoredSource} from '../../../../src/workflow/acquire/stored-source.ts';

function sourceOf(download: ImageStore['download']): StoredSource {
  return new StoredSource({cloud: 'testcloud', download} as ImageStore, {id: 'x'} as Image);
}

it('S5: the bytes of a stored image break off with TIMEOUT when they do not end within the limit', async () => {
  const bytes = new PassThrough();
  onTestFinished(() => void bytes.destroy());
  const opened = await sourceOf(() => Promise.resolve({bytes, size: 2})).open({limitMs: 50.5});
  const failure = new Promise((resolve) => opened.bytes.once('error', resolve));
  bytes.write('a');
  expect(await failure).toMatchObject({code: 'TIMEOUT', message: 'image x on testcloud was not read within 0.1 s'});
  expect(bytes.destroyed).toBe(true);
});

it('S5: a cloud that does not answer the question for the bytes is left with TIMEOUT', async () => {
  const silent = sourceOf(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')), {once: true});
      }),
  );
  await expect(silent.open({limitMs: 50})).rejects.toMatchObject({code: 'TIMEOUT'});
});

it('S5: what was read in time does not break afterwards', async () => {
  const bytes = new PassThrough();
  const opened = await sourceOf(() => Promise.resolve({bytes, size: 1})).open({limitMs: 60_000});
  bytes.end('a');
  expect(await opened.bytes.toArray()).toEqual([Buffer.from('a')]);
});
