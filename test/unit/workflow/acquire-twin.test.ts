import {execFileSync} from 'node:child_process';
import {createReadStream} from 'node:fs';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {hostSurroundings} from '../../../src/cli/surroundings.ts';
import {DEFAULT_POLICY} from '../../../src/core/policy.ts';
import {createExec} from '../../../src/exec.ts';
import {createHttp} from '../../../src/http.ts';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {createSource} from '../../../src/sources/create-source.ts';
import {acquireTwin} from '../../../src/workflow/acquire-twin.ts';
import {ImportRefusals} from '../../../src/workflow/import-refusals.ts';
import {makeQcow2} from '../../fakes/disk-image.ts';
import {definition, version} from '../core/planning/plan-world.ts';

it('converts the bytes of the store, too, where nothing demands the bytes of the source', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
  onTestFinished(() => rm(dir, {recursive: true, force: true}));
  const {store} = createLocal({dir: join(dir, 'local')});
  const file = join(dir, 'disk.qcow2');
  await writeFile(file, makeQcow2({virtualBytes: 2 ** 22, dataBytes: 2 ** 20}));
  const {id} = await store.create({name: 'X', osHidden: false, diskFormat: 'qcow2', tags: [], properties: {}});
  await store.upload({id, bytes: createReadStream(file)});
  const twin = await store.get(id);
  if (!twin) throw new Error('the image is not there');

  const exec = createExec(process.env);
  const listed = version('1', {url: 'https://example.test/gone.qcow2'});
  const acquired = await acquireTwin(
    {
      run: crypto.randomUUID(),
      store,
      source: createSource({http: createHttp({proxy: 'none'}), exec}),
      converter: createConverter({exec, root: join(dir, 'work')}),
      options: {
        jobs: 1,
        stuckRetry: 0,
        importTimeoutMs: 60_000,
        silenceNotVerified: true,
        dryRun: false,
        policy: {...DEFAULT_POLICY, convert: {to: 'raw', compress: false}},
      },
      baseDir: dir,
      surroundings: hostSurroundings(),
      emit: () => undefined,
      signal: new AbortController().signal,
      glanceAlgorithm: 'sha512',
      adHoc: false,
      quota: () => store.quota(),
      offer: () => store.offer(),
      imports: new ImportRefusals(store, () => Promise.resolve(true)),
    },
    {definition: definition([listed]), release: {version: '1', listed, latest: false}, twin},
  );
  expect(acquired.image).toMatchObject({diskFormat: 'raw', size: 2 ** 22});
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, join(dir, 'expected')]);
  const kept = await readFile(join(dir, 'local', 'images', acquired.image.id, 'data'));
  expect(kept.equals(await readFile(join(dir, 'expected')))).toBe(true);
  expect(await readdir(join(dir, 'work'))).toEqual([]);
});
