import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {build} from '../../../src/app/build.ts';
import {buildAndUpload} from '../../../src/app/build-and-upload.ts';
import type {AcquireSettings} from '../../../src/app/requests.ts';
import type {ShardChoice} from '../../../src/core/shard.ts';
import {createFinder} from '../../../src/finders/create-finder.ts';
import {FakeBuilder} from '../../fakes/image-builder.ts';
import {definition} from '../core/plan/plan-world.ts';
import {UNTESTED, appWorld} from './app-world.ts';

const NAMES = Array.from({length: 9}, (_, at) => `B${at}`);
const SHARDS: readonly ShardChoice[] = [1, 2, 3, 4].map((index) => ({index, count: 4}));
const SPEC = {
  elements: ['vm'],
  environment: {},
  packages: [],
  formats: ['raw'],
  compress: true,
  timeoutSeconds: 60,
} as const;
const BUILDS = {keepLogs: 5, cacheGib: 1, lockWaitMs: 0, rebuild: false, keepArtifacts: 1};
const ACQUIRE: AcquireSettings = {
  ...{latest: false, replace: false, adopt: false, publish: true, wait: true},
  method: 'upload',
  ...{stuckRetry: 0, importTimeoutMs: 60_000},
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-shards-'));
});
afterEach(async () => rm(folder, {recursive: true, force: true}));

/** Hosts that share clouds and definitions; each has builds of its own. */
function worldOf(clouds: readonly string[]) {
  const world = appWorld(
    NAMES.map((name) =>
      definition([], {name, format: 'raw', build: {...SPEC, formats: ['raw'], elements: [], packages: []}}),
    ),
    clouds,
  );
  const host = () => {
    const builder = new FakeBuilder(folder);
    // The source of this world has its files in memory.
    builder.content = ({definition: name, version}) => {
      const text = `build ${version} of ${name}`.padEnd(1024);
      world.source.files.set(pathToFileURL(join(folder, `${name} ${version}.img`)).href, Buffer.from(text));
      return text;
    };
    const finder = () => createFinder({source: world.source, builder});
    return {builder, ports: {...world.ports, builder: () => builder, finder}};
  };
  return {...world, host};
}

const names = ({built}: FakeBuilder): readonly string[] => built.map((request) => request.definition);

describe('build --shard', () => {
  it('builds each definition on exactly one of four hosts, all of them together, and nothing the second time', async () => {
    const {host, emit, outcomes} = worldOf([]);
    const built: string[] = [];
    for (const shard of SHARDS) {
      const {builder, ports} = host();
      const request = {definitions: {images: [], force: false}, builds: BUILDS, copy: {importTimeoutMs: 1}, shard};
      const [first] = await outcomes(build(request, ports, emit));
      expect(first).toMatchObject({counts: {built: names(builder).length, failed: 0}, errors: []});
      built.push(...names(builder));
      expect(names(builder).length).toBeLessThan(NAMES.length);
      const [again] = await outcomes(build(request, ports, emit));
      expect(again).toMatchObject({counts: {built: 0}});
    }
    expect(built.sort()).toEqual(NAMES);
  });

  it('with --upload builds each definition on one host for both clouds, and every cloud gets all', async () => {
    const {host, emit, outcomes, cloud} = worldOf(['a', 'b']);
    const built: string[] = [];
    for (const shard of SHARDS) {
      const {builder, ports} = host();
      const request = {
        ...{clouds: ['a', 'b'], definitions: {images: [], force: false}, run: {jobs: 1, shard}, dryRun: false},
        ...{acquire: ACQUIRE, builds: BUILDS, tests: UNTESTED},
      };
      const done = await outcomes(buildAndUpload(request, ports, emit));
      const mine = names(builder).length;
      expect(done.map(({counts, errors}) => [counts.imported, errors])).toEqual([
        [mine, []],
        [mine, []],
      ]);
      built.push(...names(builder));
    }
    expect(built.sort()).toEqual(NAMES);
    for (const name of ['a', 'b'])
      expect([...cloud(name).store.images.values()].map((image) => image.name).sort()).toEqual(NAMES);
  });
});
