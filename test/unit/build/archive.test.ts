import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import {createBuildArchive} from '../../../src/build/archive.ts';
import {logName} from '../../../src/build/artifact-names.ts';
import {createArtifactStore} from '../../../src/build/artifact-store.ts';
import {HOST_LOCK, tryHostLock} from '../../../src/build/host-lock.ts';
import {holderName} from '../../../src/host/process.ts';
import type {Artifact} from '../../../src/ports/image-builder.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {bytesOf, finishBuild} from './artifact-samples.ts';
import {useFolder} from './folder.ts';

const state = useFolder();
const DEBIAN = 'debian-12-1711d43d';

const openStore = (folder = state.path()) =>
  createArtifactStore({folder: join(folder, 'artifacts'), damaged: () => undefined});
const archive = (folder = state.path()) => createBuildArchive(folder);

async function log(version: string, {run = 'a1b2c3d4-x', definition = 'Debian 12'} = {}): Promise<string> {
  const path = join(state.path(), 'build-logs', logName({definition, version, run}));
  await mkdir(dirname(path), {recursive: true, mode: 0o700});
  await writeFile(path, 'twelve bytes');
  return path;
}

async function add(
  version: string,
  change: {readonly definition?: string; readonly log?: string} = {},
): Promise<Artifact> {
  const path = change.log ?? (await log(version, {...change, run: 'b'}));
  return openStore().add(await finishBuild(state.path(), {version, ...change, log: path}));
}

/** Says, as another process would, that it uses the artifact; `number` gives a dead one. */
async function usedByOther({manifest}: Artifact, isAlive: boolean): Promise<number> {
  const sleeper = execa('sleep', ['60'], {reject: false});
  const pid = sleeper.pid ?? 0;
  const started = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[21] ?? '';
  if (!isAlive) {
    sleeper.kill('SIGKILL');
    await sleeper;
  } else sleepers.push(() => sleeper.kill('SIGKILL'));
  const [, , ...rest] = holderName().split('.');
  const folder = dirname(manifest);
  const name = [pid, started, ...rest, folder.split('/').at(-1)].join('.');
  await writeFile(join(dirname(folder), `.used-${name}`), 'x');
  return pid;
}
const sleepers: (() => void)[] = [];

async function refused(work: () => Promise<unknown>): Promise<ImgmgrError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  } finally {
    for (const end of sleepers.splice(0)) end();
  }
  throw new Error('went well');
}

describe('the builds that this host keeps', () => {
  it('are none where nothing was built, and no folder is made', async () => {
    expect(await archive().list([])).toEqual([]);
    expect(await readdir(state.path())).toEqual([]);
  });

  it('are artifacts with their logs, and logs of which nothing else is left, by definition and version', async () => {
    const second = await add('20261121.10');
    const first = await add('20261121.9');
    const failed = await log('20261122');
    const other = await log('20261101', {definition: 'Other'});
    const builds = await archive().list(['Other', 'Debian 12']);
    const inputs = '000000000000';
    const bytes = (version: string): number =>
      bytesOf(version, 'qcow2').length + bytesOf(version, 'raw').length + 'twelve bytes'.length;
    expect(builds).toEqual([
      {
        ...{id: `20261121.9-${inputs}`, definition: 'Debian 12', version: '20261121.9'},
        ...{folder: dirname(first.manifest), log: first.log, bytes: expect.any(Number) as number},
      },
      {
        ...{id: `20261121.10-${inputs}`, definition: 'Debian 12', version: '20261121.10'},
        ...{folder: dirname(second.manifest), log: second.log, bytes: expect.any(Number) as number},
      },
      {id: '20261122-a1b2c3d4', definition: 'Debian 12', version: '20261122', log: failed, bytes: 12},
      {id: '20261101-a1b2c3d4', definition: 'Other', version: '20261101', log: other, bytes: 12},
    ]);
    expect(builds[0]?.bytes).toBeGreaterThan(bytes('20261121.9'));
  });

  it('have the part of their names for a definition that nobody knows', async () => {
    await log('20261122');
    expect(await archive().list([])).toMatchObject([{definition: DEBIAN}]);
  });

  it('are damaged ones, too', async () => {
    const {manifest} = await add('20261121');
    await rm(join(dirname(manifest), 'artifact.json'));
    expect(await archive().list(['Debian 12'])).toMatchObject([
      {id: '20261121-000000000000', definition: 'Debian 12', folder: dirname(manifest)},
      {id: '20261121-b', definition: 'Debian 12'},
    ]);
  });

  it('take a log from no other folder, whatever their record says', async () => {
    const outside = join(state.path(), 'precious.log');
    await writeFile(outside, 'precious');
    await add('20261121', {log: outside});
    const [build] = await archive().list([]);
    expect(build).not.toHaveProperty('log');
    if (build) await archive().remove(build);
    expect(await readFile(outside, 'utf8')).toBe('precious');
  });
});

describe('removing a build', () => {
  it('takes folder and log away, and nothing of another one', async () => {
    await add('20261121');
    const stays = await add('20261122');
    const [first] = await archive().list([]);
    if (first) await archive().remove(first);
    expect(await readdir(join(state.path(), 'artifacts', DEBIAN))).toEqual(['20261122-000000000000']);
    expect(await readdir(join(state.path(), 'build-logs'))).toEqual([stays.log.split('/').at(-1)]);
  });

  it('is refused while another living process uses it, and everything stays', async () => {
    const artifact = await add('20261121');
    const [build] = await archive().list([]);
    const pid = await usedByOther(artifact, true);
    const error = await refused(async () => build && archive().remove(build));
    expect(error).toMatchObject({code: 'LOCKED'});
    expect(error.message).toContain(`process ${pid}`);
    expect(await openStore().list('Debian 12')).toHaveLength(1);
  });

  it('is said to be used before it is tried', async () => {
    const artifact = await add('20261121');
    const pid = await usedByOther(artifact, true);
    expect(await archive().list([])).toMatchObject([{usedBy: `process ${pid}`}]);
    for (const end of sleepers.splice(0)) end();
  });

  it('goes on where a process that used it is dead, and what that one said is swept', async () => {
    const artifact = await add('20261121');
    await usedByOther(artifact, false);
    const [build] = await archive().list([]);
    expect(build).not.toHaveProperty('usedBy');
    if (build) await archive().remove(build);
    expect(await readdir(join(state.path(), 'artifacts', DEBIAN))).toEqual([]);
  });

  it('finds the log of a build that goes on in use', async () => {
    await log('20261121');
    const folder = join(state.path(), 'build-lock');
    await mkdir(folder, {mode: 0o700});
    const lock = await tryHostLock(folder, 'Debian 12');
    expect(HOST_LOCK).toBe('build.lock');
    expect((await archive().list(['Debian 12']))[0]?.usedBy).toContain(`process ${process.pid}`);
    await lock?.release();
    expect((await archive().list(['Debian 12']))[0]).not.toHaveProperty('usedBy');
  });

  it('that is killed at any change of the disk leaves whole builds only, and is finished by the next one', async () => {
    await add('20261121');
    await add('20261122');
    await log('20261123');
    const copies = `${state.path()}-copies`;
    try {
      const child = join(import.meta.dirname, 'child-adding.ts');
      await execa(process.execPath, [child, state.path(), copies, 'remove']);
      expect(await archive().list([])).toEqual([]);
      const states = await readdir(copies);
      expect(states.length).toBeGreaterThanOrEqual(7);
      for (const name of states) {
        const left = join(copies, name);
        const builds = await archive(left).list(['Debian 12']);
        const whole = await openStore(left).list('Debian 12');
        expect(whole, name).toHaveLength(builds.filter(({folder}) => folder !== undefined).length);
        for (const build of builds) await archive(left).remove(build);
        expect(
          (await readdir(left, {recursive: true})).filter((path) => /image|\.log$|\.tmp-/.test(path)),
          name,
        ).toEqual([]);
      }
    } finally {
      await rm(copies, {recursive: true, force: true});
    }
  });
});

describe('an artifact that this run uses', () => {
  it('stays where another process trims, and goes when the run is over', async () => {
    const artifact = await add('20261121');
    const mine = openStore();
    expect(await mine.use(artifact)).toBe(true);
    // It keeps its own run from nothing.
    await mine.keepNewest('Debian 12', 0);
    expect(await mine.list('Debian 12')).toEqual([]);
    const again = await add('20261122');
    await usedByOther(again, true);
    await openStore().keepNewest('Debian 12', 0);
    expect(await mine.list('Debian 12')).toHaveLength(1);
    for (const end of sleepers.splice(0)) end();
    mine.close();
    expect(
      (await readdir(join(state.path(), 'artifacts', DEBIAN))).filter((name) => name.startsWith('.used-')),
    ).toHaveLength(1);
  });

  it('is none where it is gone already', async () => {
    const artifact = await add('20261121');
    await rm(dirname(artifact.manifest), {recursive: true});
    const store = openStore();
    expect(await store.use(artifact)).toBe(false);
    store.close();
  });
});
