import {randomUUID} from 'node:crypto';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {logName} from '../../src/build/artifact-names.ts';
import {createArtifactStore} from '../../src/build/artifact-store.ts';
import {finishBuild} from '../unit/build/artifact-samples.ts';
import {kept} from '../unit/history/kept-run.ts';

/** A build that a run made on this host, and that both have; the id of the run. */
export async function keptBuild(folder: string, definition: string): Promise<string> {
  const state = join(folder, 'state', 'imgmgr');
  const run = randomUUID();
  const version = '20261121';
  await mkdir(join(state, 'build-logs'), {recursive: true, mode: 0o700});
  const log = join(state, 'build-logs', logName({definition, version, run}));
  await writeFile(log, 'Building elements\n');
  const store = createArtifactStore({folder: join(state, 'artifacts'), damaged: () => undefined});
  const {manifest} = await store.add(await finishBuild(folder, {definition, version, log}));
  const about = {definition, version};
  await kept(
    state,
    [
      {type: 'build-started', ...about, reason: 'no image of it is there'},
      {type: 'built', ...about, files: [], manifest, log, ms: 1},
    ],
    {run, verb: 'build', commandLine: ['build']},
  );
  return run;
}
