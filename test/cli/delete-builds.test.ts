import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {logName} from '../../src/build/artifact-names.ts';
import {createArtifactStore} from '../../src/build/artifact-store.ts';
import {kept} from '../unit/history/kept-run.ts';
import {finishBuild} from '../unit/build/artifact-samples.ts';
import type {Desk} from './operator.ts';
import {openDesk} from './operator.ts';

const RUN = '0721cbb1-2ab1-41d6-b40f-44a1105b9c07';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

const state = (): string => join(desk.folder, 'state', 'imgmgr');

/** A finished build with its log, as `imgmgr build` leaves it. */
async function build(version: string, definition = 'Debian 12') {
  await mkdir(join(state(), 'build-logs'), {recursive: true, mode: 0o700});
  const log = join(state(), 'build-logs', logName({definition, version, run: `run-${version}`}));
  await writeFile(log, 'Building elements\n');
  const store = createArtifactStore({folder: join(state(), 'artifacts'), damaged: () => undefined});
  return store.add(await finishBuild(desk.folder, {definition, version, log}));
}

/** Versions that are here, and how many logs. */
async function left(): Promise<{readonly versions: readonly string[]; readonly logs: number}> {
  const folders = await readdir(join(state(), 'artifacts'), {recursive: true});
  return {
    versions: folders.flatMap((path) => /\/(\d{8})-[0-9a-f]{12}$/.exec(path)?.[1] ?? []).sort(),
    logs: (await readdir(join(state(), 'build-logs'))).length,
  };
}

describe('imgmgr build --delete', () => {
  it('lists what would go where nobody can be asked, and deletes nothing, exit 0', async () => {
    await build('20261121');
    const {code, out, err} = await desk.print('build', '--delete', 'Debian 12');
    expect([code, out.split('\n')[0], out.split('\n')[2]]).toEqual([
      0,
      '1 build to delete',
      'Nothing was deleted: add --yes to delete.',
    ]);
    expect(err).toContain('deleted: 0, failed: 0');
    expect(await left()).toEqual({versions: ['20261121'], logs: 1});
  });

  it('deletes every build of a definition, with files and logs, and no other', async () => {
    await build('20261121');
    await build('20261122');
    await build('20261121', 'Other');
    const {code, err} = await desk.print('build', '--delete', 'Debian 12', '--yes');
    expect(code, err).toBe(0);
    expect(err).toMatch(/Deleted: Debian 12 \(20261121\), build 20261121-0{12}\n/);
    expect(err).toContain('deleted: 2, failed: 0');
    expect(await left()).toEqual({versions: ['20261121'], logs: 1});
  });

  it('deletes one build by its id, and several things at once, each once', async () => {
    await build('20261121');
    await build('20261122');
    await build('20261123');
    const {code, err} = await desk.print(
      ...['build', '--yes', '--delete', '20261121-000000000000', '20261123-000000000000', '20261121-000000000000'],
    );
    expect([code, /deleted: \d/.exec(err)?.[0]]).toEqual([0, 'deleted: 2']);
    expect(await left()).toEqual({versions: ['20261122'], logs: 1});
  });

  it('deletes what a run built, and the history says that it is gone', async () => {
    const {version, manifest, log} = await build('20261121');
    await build('20261122');
    const about = {definition: 'Debian 12', version};
    await kept(
      state(),
      [
        {type: 'build-started', ...about, reason: 'no image of it is there'},
        {type: 'built', ...about, files: [], manifest, log, ms: 1},
      ],
      {run: RUN},
    );
    const before = await desk.print('history', RUN);
    expect(before.out).not.toContain('gone');
    const {code, err} = await desk.print('build', '--delete', RUN.slice(0, 8), '--yes');
    expect(code, err).toBe(0);
    expect(await left()).toEqual({versions: ['20261122'], logs: 1});
    const {out} = await desk.print('history', RUN);
    expect(out).toContain('Debian 12 (20261121), its files are gone');
    expect(out).toContain(`${log} (gone)`);
    const shown = await desk.print('history', RUN, '--log');
    expect(shown.code).toBe(0);
  });

  it('refuses a name that no build has, with the nearest one, and deletes nothing else either', async () => {
    await build('20261121');
    const {code, err} = await desk.print('build', '--yes', '--delete', 'Debian 12', 'Debian 13');
    expect(code).toBe(2);
    expect(err).toContain('this host keeps no build of "Debian 13"');
    expect(err).toContain('did you mean "Debian 12"?');
    expect(await left()).toEqual({versions: ['20261121'], logs: 1});
    const none = await desk.print('build', '--yes', '--delete', 'zzz');
    expect(none.err).toContain('builds are here of: Debian 12');
  });

  it('says on an empty host that there is nothing, and makes no folder', async () => {
    const {code, err} = await desk.print('build', '--delete', 'X');
    expect([code, err.includes('this host keeps no builds')]).toEqual([2, true]);
    expect(await readdir(desk.folder)).not.toContain('artifacts');
  });

  it('with --dry-run lists it, also with --yes', async () => {
    await build('20261121');
    const {code, out} = await desk.print('build', '--delete', 'Debian 12', '--yes', '--dry-run');
    expect([code, out.split('\n')[0]]).toEqual([0, '1 build to delete']);
    expect((await left()).versions).toEqual(['20261121']);
  });

  it.each([
    [['--delete', 'X', '--upload'], '--upload means nothing beside --delete'],
    [['--delete', 'X', '--filter', 'X'], '--filter means nothing beside --delete'],
    [['--yes'], '--yes means nothing where nothing is deleted'],
  ])('refuses %j', async (argv, message) => {
    const {code, err} = await desk.print('build', ...argv);
    expect([code, err.includes(message)], err).toEqual([2, true]);
  });
});
