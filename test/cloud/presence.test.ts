import {existsSync} from 'node:fs';
import {mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {GLANCES, RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';

const PREFIX = 'accept-presence';
/** Where the file stores of the two keep their files. */
const FILES = {
  admin: join(process.env['LAB'] ?? '', 'state/glance/images'),
  latest: join(process.env['LAB'] ?? '', 'state/glance-latest/images'),
} as const;
const SIZE = 3_000_000;
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-presence-'));
  await writeFile(join(dir, 'disk.raw'), Buffer.alloc(SIZE, 'presence '));
});
afterAll(async () => {
  await rm(dir, {recursive: true, force: true});
});

test.each(GLANCES)(
  'an image whose file is gone from the store of $cloud is ImageLost, and is found again',
  async ({cloud, url}) => {
    const glance = await RealGlance.login(url, 'admin');
    const name = `${PREFIX} ${cloud}`;
    await glance.clear(name);
    let aside = '';
    try {
      const made = await imgmgr([
        ...['import', join(dir, 'disk.raw'), '--cloud', cloud, '--name', name],
        ...['--disk-format', 'raw', '--min-disk', '1', '--no-publish'],
      ]);
      expect(made.code, made.stderr).toBe(0);
      const [image] = await glance.named(name);
      const id = image?.id ?? '';
      const file = join(FILES[cloud], id);
      aside = join(FILES[cloud], '..', id);
      expect(existsSync(file), file).toBe(true);
      const verify = (flag: string): Promise<Ran> => imgmgr(['verify', '--cloud', cloud, id, flag]);
      const answer = ({lines}: Ran): unknown => lines.find(({type}) => type === 'presence');

      const good = await verify('--presence');
      expect([good.code, answer(good), good.writes]).toMatchObject([0, {image: id, present: true}, []]);

      // Beside it, so that it stays on its file system.
      await rename(file, aside);
      const lost = await verify('--presence');
      expect([lost.code, answer(lost)]).toMatchObject([1, {image: id, present: false}]);
      expect(lost.lines.filter(({type}) => type === 'image-phase').at(-1)).toMatchObject({
        ...{phase: 'ImageLost', reason: 'BytesMissing'},
      });
      expect((await glance.named(name))[0]).toMatchObject({
        status: 'active',
        imgmgr_lost: expect.any(String) as string,
      });
      const deep = await verify('--deep');
      expect([deep.code, answer(deep), deep.writes]).toMatchObject([1, {image: id, present: false}, []]);

      await rename(aside, file);
      expect((await verify('--presence')).code).toBe(0);
      expect((await glance.named(name))[0]?.['imgmgr_lost']).toBeUndefined();

      // As a disk that loses a sector does.
      await writeFile(file, Buffer.alloc(SIZE, 'Presence '));
      const other = await verify('--deep');
      const codes = other.lines.flatMap(({error}) => (error ? [error.code] : []));
      expect([other.code, codes]).toEqual([1, ['DIGEST_MISMATCH']]);
      expect((await verify('--presence')).code).toBe(0);
    } finally {
      await rm(aside, {force: true});
      await glance.clear(name);
    }
  },
);
