import {createHash} from 'node:crypto';
import {mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {seen} from '../ports/image-store-contract.ts';
import {makeOld, NEW_ID, OLD_ID, rotate} from './rotation.ts';
import {tree} from './store-folder.ts';

const CHILD = join(import.meta.dirname, 'child-copied.ts');

/** What a kill before each change of the disk would leave, in the order of the calls; named `<number>-<call>`. */
let states: string[] = [];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-crash-'));
  const dir = join(folder, 'store');
  const copies = join(folder, 'copies');
  await makeOld(createLocal({dir}).store);
  await execa(process.execPath, [CHILD, dir, copies]);
  states = (await readdir(copies)).sort().map((name) => join(copies, name));
}, 120_000);
afterAll(async () => {
  await rm(folder, {recursive: true, force: true});
});

/** Whatever a reader sees is whole: bytes and hash agree, and the name leads somewhere. */
async function expectWhole(dir: string): Promise<void> {
  const {store} = createLocal({dir});
  const images = await store.listNamed(['new', 'Debian 12']);
  for (const image of images) {
    expect([NEW_ID, OLD_ID], dir).toContain(image.id);
    expect(['queued', 'active'], dir).toContain(image.status);
    if (image.status === 'queued') continue;
    const bytes = await readFile(join(dir, 'images', image.id, 'data'));
    expect(createHash('sha512').update(bytes).digest('hex'), dir).toBe(image.osHashValue);
  }
  expect(
    images.some(({name, status}) => name === 'Debian 12' && status === 'active'),
    dir,
  ).toBe(true);
}

describe('a run on the local cloud that is killed', () => {
  it('was looked at before every kind of change of the disk', () => {
    const calls = new Set(states.map((path) => path.replace(/.*-/, '')));
    const every = ['mkdir', 'open', 'write', 'writeFile', 'sync', 'rename', 'rm', 'rmdir', 'unlink'];
    expect([...calls].sort()).toEqual(every.sort());
    expect(states.length).toBeGreaterThan(40);
  });

  it('leaves only whole images, and never none under the published name', async () => {
    for (const dir of states) await expectWhole(dir);
  });

  it('is gone on with by the next one to the end of an undisturbed one, and nothing is left over', async () => {
    for (const dir of states) {
      await rotate(createLocal({dir}).store);
      // A run that finds all done writes nothing; what was left aside goes with the next one that writes.
      const {store} = createLocal({dir});
      await store.update(await seen(store, NEW_ID), {set: {later: 'set'}});
      const [bytes, record] = [`images/${NEW_ID}/data`, `images/${NEW_ID}/image.json`];
      expect(await tree(dir), dir).toEqual(['aside', 'images', `images/${NEW_ID}`, bytes, record, 'locks']);
      await expectWhole(dir);
    }
  }, 120_000);
});
