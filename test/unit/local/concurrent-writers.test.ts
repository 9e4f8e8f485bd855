import {once} from 'node:events';
import {join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {newImage, seen} from '../ports/image-store-contract.ts';
import {tree, useStoreFolder} from './store-folder.ts';

const CHILD = join(import.meta.dirname, 'child-patching.ts');
const folder = useStoreFolder();

function patching(id: string, name: string, count: number) {
  return execa(process.execPath, [CHILD, folder.path(), id, name, String(count)], {reject: false});
}

describe('several processes on one local cloud', () => {
  it('lose no patch of each other, and readers see whole records meanwhile', async () => {
    const {store} = createLocal({dir: folder.path()});
    const {id} = await store.create(newImage());
    const names = ['a', 'b', 'c'];
    const work = {done: false};
    const writers = Promise.all(names.map((name) => patching(id, name, 40))).finally(() => (work.done = true));
    for (let last = 0; !work.done;) {
      const count = Object.keys((await seen(store, id)).properties).length;
      expect(count).toBeGreaterThanOrEqual(last);
      last = count;
    }
    for (const {exitCode, stderr} of await writers) expect(exitCode, stderr).toBe(0);
    const wanted = names.flatMap((name) => Array.from({length: 40}, (_, n) => `${name}_${n + 1}`));
    expect(Object.keys((await seen(store, id)).properties)).toEqual(expect.arrayContaining(wanted));
    expect(await tree(folder.path())).toEqual(['aside', 'images', `images/${id}`, `images/${id}/image.json`, 'locks']);
  }, 120_000);

  it('go on when one is killed, and keep every patch that it told of', async () => {
    const {store} = createLocal({dir: folder.path()});
    const {id} = await store.create(newImage());
    for (let round = 1; round <= 5; round++) {
      const writer = patching(id, `round${round}`, 0);
      await once(writer.stdout, 'data');
      await store.update(await seen(store, id), {set: {[`mine_${round}`]: 'set'}});
      writer.kill('SIGKILL');
      const {stdout, signal} = await writer;
      expect(signal).toBe('SIGKILL');
      await store.update(await seen(store, id), {set: {[`after_${round}`]: 'set'}});
      const {properties} = await seen(store, id);
      for (const key of stdout.split('\n')) if (key !== '') expect(properties).toHaveProperty(key);
      expect(properties).toHaveProperty(`mine_${round}`);
    }
    await createLocal({dir: folder.path()}).store.update(await seen(store, id), {name: 'end'});
    expect(await tree(folder.path())).toEqual(['aside', 'images', `images/${id}`, `images/${id}/image.json`, 'locks']);
  }, 120_000);

  it('in one process, too, take turns', async () => {
    const {store} = createLocal({dir: folder.path()});
    const live = await store.create(newImage());
    await Promise.all(Array.from({length: 20}, (_, n) => store.update(live, {set: {[`p${n}`]: 'set'}})));
    expect(Object.keys((await seen(store, live.id)).properties)).toHaveLength(22);
  });

  it('get an id only once', async () => {
    const id = '33333333-3333-4333-8333-333333333333';
    const tries = Array.from({length: 10}, (_, n) =>
      createLocal({dir: folder.path()}).store.create({...newImage(), id, name: `try ${n}`}),
    );
    const results = await Promise.allSettled(tries);
    const [made, ...more] = results.filter(({status}) => status === 'fulfilled');
    expect(more).toEqual([]);
    expect(made).toMatchObject({value: {name: (await seen(createLocal({dir: folder.path()}).store, id)).name}});
  });
});
