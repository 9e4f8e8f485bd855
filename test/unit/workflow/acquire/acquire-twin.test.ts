import {execFileSync} from 'node:child_process';
import {createReadStream} from 'node:fs';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {expect, it, onTestFinished} from 'vitest';
import {hostRuntime} from '../../../../src/compose/runtime.ts';
import type {ImageQuota} from '../../../../src/ports/image-store.ts';
import {DEFAULT_POLICY} from '../../../../src/core/policy.ts';
import {releaseOf} from '../../../../src/core/release/release.ts';
import {createExec} from '../../../../src/exec.ts';
import {createHttp} from '../../../../src/http.ts';
import {createLocal} from '../../../../src/local/local-cloud.ts';
import {createConverter} from '../../../../src/sources/create-converter.ts';
import {createSource} from '../../../../src/sources/create-source.ts';
import {acquireImage} from '../../../../src/workflow/acquire/acquire-image.ts';
import {acquireTwin} from '../../../../src/workflow/acquire/acquire-twin.ts';
import {ImportRefusals} from '../../../../src/workflow/acquire/import-refusals.ts';
import {makeQcow2} from '../../../fakes/disk-image.ts';
import {definition, version} from '../../core/plan/plan-world.ts';
import {BYTES, acquireWorld, deeds, taskOf} from './acquire-world.ts';

/** A local store with one image, and the conversion of it to raw. */
async function world(quota?: ImageQuota) {
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
  const acquire = () =>
    acquireTwin(
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
        runtime: hostRuntime('a run'),
        emit: () => undefined,
        signal: new AbortController().signal,
        glanceAlgorithm: 'sha512',
        adHoc: false,
        quota: () => (quota ? Promise.resolve(quota) : store.quota()),
        offer: () => store.offer(),
        imports: new ImportRefusals(store, () => Promise.resolve(true)),
      },
      {definition: definition([listed]), release: releaseOf(listed), twin},
    );
  return {dir, file, acquire};
}

it('converts the bytes of the store, too, where nothing demands the bytes of the source', async () => {
  const {dir, file, acquire} = await world();
  const acquired = await acquire();
  expect(acquired.image).toMatchObject({diskFormat: 'raw', size: 2 ** 22});
  execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, join(dir, 'expected')]);
  const kept = await readFile(join(dir, 'local', 'images', acquired.image.id, 'data'));
  expect(kept.equals(await readFile(join(dir, 'expected')))).toBe(true);
  expect(await readdir(join(dir, 'work'))).toEqual([]);
});

it.each([
  [{}, ['create', 'stage', 'import']],
  [{prefetch: 'never'}, ['create', 'stage', 'import']],
  [{method: 'web-download'}, ['create', 'stage', 'import']],
  [{method: 'upload'}, ['create', 'upload']],
] as const)(
  'sends the bytes of the store through this host, whatever %o says, and asks no source',
  async (options, calls) => {
    const {clock, store, source, events, context} = acquireWorld({options});
    const task = taskOf();
    const {image} = await clock.run(acquireImage({...context, options: {...context.options, method: 'upload'}}, task));
    store.calls.length = 0;
    source.probed.length = 0;
    store.download = () => Promise.resolve({bytes: Readable.from([BYTES]), size: BYTES.length});
    const acquired = await clock.run(acquireTwin(context, {...task, twin: {...image, status: 'active'}}));
    expect(deeds(store)).toEqual(calls);
    expect(source.probed).toEqual([]);
    expect(acquired.detail).toContain(`bytes of image ${image.id}`);
    const why = 'method' in options && options.method === 'upload' ? '--method' : 'no cloud fetches from its own store';
    const [decision] = events.filter((event) => event.type === 'decision').slice(-1);
    expect(decision?.message).toBe(`1: ${calls[1] === 'stage' ? 'glance-direct' : 'upload'}, because ${why}`);
  },
);

it.each([
  [
    {bytesLeft: 10, disk: '/d'},
    'DISK_FULL',
    '10 bytes are free for /d, the image needs 4194304',
    'free space there, or set IMGMGR_LOCAL to a folder with more room',
  ],
  [
    {bytesLeft: 10},
    'QUOTA',
    'local has room for 10 bytes, the image needs 4194304',
    'delete images or raise the quota image_size_total',
  ],
])('U4: room that is missing is the fault of what sets the limit: %o', async (quota, code, message, hint) => {
  const {acquire} = await world(quota);
  await expect(acquire()).rejects.toMatchObject({code, message, hint});
});
