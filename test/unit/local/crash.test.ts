import {createHash} from 'node:crypto';
import {cp, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {seen} from '../cloud/image-store-contract.ts';
import {makeOld, NEW_ID, OLD_ID, rotate} from './rotation.ts';
import {tree} from './store-folder.ts';

const CHILD = join(import.meta.dirname, 'child-killed.ts');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-crash-'));
  await makeOld(createLocal({dir: join(folder, 'start')}).store);
});
afterAll(async () => {
  await rm(folder, {recursive: true, force: true});
});

/** Lets a child work on a fresh store until its nth change of the disk. */
async function killedAt(nth: number): Promise<{readonly dir: string; readonly before: string}> {
  const dir = join(folder, String(nth));
  await cp(join(folder, 'start'), dir, {recursive: true});
  const child = await execa(process.execPath, [CHILD, dir, String(nth)], {reject: false});
  expect([child.signal, child.stdout === 'done' ? 0 : undefined], child.stderr).toContain(
    child.stdout === 'done' ? 0 : 'SIGKILL',
  );
  return {dir, before: child.stdout};
}

/** Whatever a reader sees is whole: bytes and hash agree, and the name leads somewhere. */
async function expectWhole(dir: string, before: string): Promise<void> {
  const {store} = createLocal({dir});
  const images = await store.listNamed(['new', 'Debian 12']);
  for (const image of images) {
    if (image.status === 'queued') continue;
    expect(image.status, before).toBe('active');
    const bytes = await readFile(join(dir, 'images', image.id, 'data'));
    expect(createHash('sha512').update(bytes).digest('hex'), before).toBe(image.osHashValue);
  }
  expect(
    images.some(({name, status}) => name === 'Debian 12' && status === 'active'),
    before,
  ).toBe(true);
  expect(
    images.map(({id}) => id).every((id) => [NEW_ID, OLD_ID].includes(id)),
    before,
  ).toBe(true);
}

async function expectRecovery(nth: number): Promise<string> {
  const {dir, before} = await killedAt(nth);
  const when = `killed before call ${nth}, ${before}`;
  await expectWhole(dir, when);
  await rotate(createLocal({dir}).store);
  // A run that finds all done writes nothing; what was left aside goes with the next one that writes.
  const {store} = createLocal({dir});
  await store.update(await seen(store, NEW_ID), {set: {later: 'set'}});
  expect(await tree(dir), when).toEqual([
    'aside',
    'images',
    `images/${NEW_ID}`,
    `images/${NEW_ID}/data`,
    `images/${NEW_ID}/image.json`,
    'locks',
  ]);
  await expectWhole(dir, when);
  await rm(dir, {recursive: true});
  return before;
}

const AT_ONCE = 4;

describe('a run on the local cloud that is killed', () => {
  it('before any change of the disk leaves only whole images, and the next run ends as an undisturbed one', async () => {
    const calls = new Set<string>();
    for (let nth = 1; !calls.has('done'); nth += AT_ONCE) {
      const batch = Array.from({length: AT_ONCE}, (_, n) => expectRecovery(nth + n));
      for (const call of await Promise.all(batch)) calls.add(call);
    }
    const every = ['mkdir', 'open', 'write', 'writeFile', 'sync', 'rename', 'rm', 'rmdir', 'unlink', 'done'];
    expect([...calls].sort()).toEqual(every.sort());
  }, 120_000);
});
