import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {imagesSearch} from '../../../src/compose/default-images.ts';
import {operatorFiles} from '../../../src/compose/files.ts';
import type {Event} from '../../../src/core/events.ts';

const CALLER = {cwd: '/work', home: '/home/op', uid: 1000, env: {}};
const ALL = ['/work/images', '/home/op/.config/imgmgr/images', '/etc/imgmgr/images', '/app/images'];

interface Found {
  readonly paths: readonly string[];
  readonly events: readonly Event[];
  readonly asked: readonly string[];
}

async function search(
  there: readonly string[],
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Found> {
  const events: Event[] = [];
  const asked: string[] = [];
  const find = imagesSearch({
    caller: {...CALLER, env},
    emit: (event) => void events.push(event),
    isThere: (path) => {
      asked.push(path);
      return Promise.resolve(there.includes(path));
    },
    catalogue: '/app/images',
  });
  const [paths] = await Promise.all([find(flags), find(flags)]);
  return {paths, events, asked};
}

describe('definitions that nobody names', () => {
  it.each([
    [ALL, 'images'],
    [ALL.slice(1), '/home/op/.config/imgmgr/images'],
    [ALL.slice(2), '/etc/imgmgr/images'],
  ])('are in the first folder that is there (%j)', async (there, expected) => {
    const {paths, events} = await search(there);
    expect([paths, events]).toEqual([
      [expected],
      [{type: 'decision', message: `definitions are read from ${expected}`}],
    ]);
  });

  it('are the catalogue that came along where no folder is there, which is said once', async () => {
    const {paths, events} = await search(ALL.slice(3));
    expect(paths).toEqual(['/app/images']);
    expect(events).toMatchObject([
      {
        code: 'catalogue-used',
        message: expect.stringContaining('images, /home/op/.config/imgmgr/images, /etc') as string,
      },
    ]);
  });

  it('are looked for here where not even that is there, so that the error names this folder', async () => {
    expect((await search([])).paths).toEqual(['images']);
  });
});

it('what is named is not looked for', async () => {
  expect(await search(ALL, ['x'])).toEqual({paths: ['x'], events: [], asked: []});
  expect(await search(ALL, [], {IMGMGR_IMAGES: 'y'})).toEqual({paths: ['y'], events: [], asked: []});
});

describe('on a real disk', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
  });
  afterEach(async () => rm(dir, {recursive: true, force: true}));

  const files = (events: Event[]) => {
    const parts = {converter: {}, runtime: {}, emit: (event: Event) => void events.push(event)};
    const caller = {cwd: dir, home: join(dir, 'home'), uid: 1000, env: {}};
    return operatorFiles(caller, parts as unknown as Parameters<typeof operatorFiles>[1]);
  };

  it('a folder without definitions is an error: the search does not go on', async () => {
    await mkdir(join(dir, 'images'));
    await expect(files([]).definitions([])).rejects.toMatchObject({code: 'DEFINITION'});
  });

  it('a file in the way is read, not passed over', async () => {
    await writeFile(join(dir, 'images'), 'nonsense: 1\n');
    await expect(files([]).definitions([])).rejects.toMatchObject({code: 'DEFINITION'});
  });

  it('the catalogue that came along is found, and read', async () => {
    const events: Event[] = [];
    const found = await files(events).definitions([]);
    // A host that has definitions of its own in /etc is left to them.
    const own = events.some(({type}) => type === 'decision');
    expect(found.length).toBeGreaterThan(own ? 0 : 5);
    expect(events).toHaveLength(1);
  });
});
