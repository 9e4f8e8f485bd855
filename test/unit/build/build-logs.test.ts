import {mkdir, mkdtemp, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {definitionFolder, logName} from '../../../src/build/artifact-names.ts';
import {keepLogs} from '../../../src/build/build-logs.ts';
import {ImgmgrError} from '../../../src/errors.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-logs-'));
});
afterEach(async () => {
  await rm(dir, {recursive: true, force: true});
});

/** A log that was last written so many minutes ago. */
async function log(definition: string, version: string, {run = 'r', minutes = 0} = {}): Promise<string> {
  const name = logName({definition, version, run});
  const then = new Date(Date.now() - minutes * 60_000);
  await writeFile(join(dir, name), 'log');
  await utimes(join(dir, name), then, then);
  return name;
}

describe('build logs', () => {
  it('are kept by definition, the newest versions', async () => {
    await log('Debian 12', '20261119');
    const kept = [
      await log('Debian 12', '20261121.10', {minutes: 30}),
      await log('Debian 12', '20261121.9', {minutes: 10}),
      await log('debian 12', '20200101'),
    ];
    await keepLogs(dir, 2);
    expect((await readdir(dir)).sort()).toEqual(kept.sort());
  });

  it('are kept by time where several runs built one version', async () => {
    await log('Debian 12', '20261121', {run: 'a', minutes: 5});
    const kept = await log('Debian 12', '20261121', {run: 'b', minutes: 1});
    await log('Debian 12', '20261121', {run: 'c', minutes: 9});
    await keepLogs(dir, 1);
    expect(await readdir(dir)).toEqual([kept]);
  });

  it('are not mistaken by dates in the names of definitions and runs', async () => {
    await log('img deadbeef', '20200101', {run: '20250101-2'});
    const kept = [
      await log('img deadbeef 20200101 x', '20261121', {run: '12345678-1234'}),
      await log('img', '20200101'),
      await log('img deadbeef', '20200102'),
    ];
    await keepLogs(dir, 1);
    expect((await readdir(dir)).sort()).toEqual(kept.sort());
  });

  it('are all that is removed', async () => {
    const others = ['notes.log', 'debian-12-20261121.log', 'debian-20261121-run.log', 'run.txt'];
    for (const name of others) await writeFile(join(dir, name), 'mine');
    await log('Debian 12', '20261121');
    await keepLogs(dir, 0);
    expect((await readdir(dir)).sort()).toEqual(others.sort());
  });

  it('need no folder, and it must be one', async () => {
    await keepLogs(join(dir, 'none'), 1);
    await writeFile(join(dir, 'file'), '');
    const error: unknown = await keepLogs(join(dir, 'file'), 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImgmgrError);
    expect(error).toMatchObject({code: 'CONFIG', place: join(dir, 'file')});
  });
});

describe('the folder name of a definition', () => {
  it.each([
    ['Debian 12', /^debian-12-[0-9a-f]{8}$/],
    ['Überall/..\\ 1.5', /^uberall-\.\.-1\.5-[0-9a-f]{8}$/],
    ['../../etc', /^etc-[0-9a-f]{8}$/],
    ['漢字', /^image-[0-9a-f]{8}$/],
    ['x'.repeat(255), /^x{60}-[0-9a-f]{8}$/],
  ])('of %s is plain, short and no way out', async (definition, name) => {
    expect(definitionFolder(definition)).toMatch(name);
    await mkdir(join(dir, definitionFolder(definition)));
    expect(await readdir(dir)).toEqual([definitionFolder(definition)]);
  });

  it('tells apart what is plainly the same', () => {
    expect(definitionFolder('Debian 12')).not.toBe(definitionFolder('debian-12'));
  });
});
