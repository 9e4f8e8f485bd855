import type {AppPorts, OpenCloud} from '../../../src/app/ports.ts';
import type {BootSettings, TestSettings} from '../../../src/app/requests.ts';
import type {Definition} from '../../../src/core/definition/definition.ts';
import type {Event} from '../../../src/core/events.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import type {OperatorFiles} from '../../../src/ports/operator-files.ts';
import type {CloudOutcome} from '../../../src/workflow/types.ts';
import {imageServers} from '../../fakes/image-servers.ts';
import {FakeDesk, FakeTestServers} from '../../fakes/test-servers.ts';
import {createFinder} from '../../../src/finders/create-finder.ts';
import {MemorySource, memoryConverter} from '../workflow/memory-source.ts';
import {MemoryStore, VirtualClock, runtime} from '../workflow/memory-store.ts';

export const BOOT: BootSettings = {
  ...{deadlineMs: 60_000, listen: {port: 0}, keepOnFailure: false, inject: false, record: true},
};

export const UNTESTED: TestSettings = {verify: false, reverify: false, quarantine: 1, boot: BOOT};

/** One cloud in memory. */
export interface MemoryCloud {
  readonly store: MemoryStore;
  readonly servers: FakeTestServers;
  /** Why it cannot be opened. */
  fault?: ImgmgrError;
}

/** Clouds, definitions and sources in memory: everything that a verb is handed. */
export function appWorld(definitions: readonly Definition[], names: readonly string[] = ['a']) {
  const clock = new VirtualClock();
  const source = new MemorySource();
  const {converter} = memoryConverter();
  const desk = new FakeDesk();
  const events: Event[] = [];
  const abort = new AbortController();
  const clouds = new Map<string, MemoryCloud>(
    names.map((name) => {
      const store = Object.assign(new MemoryStore(clock), {cloud: name});
      return [name, {store, servers: new FakeTestServers(desk)}];
    }),
  );
  const files: Record<string, 'file'> = {};
  let writing = 0;
  const openCloud = (name: string): OpenCloud => ({
    name,
    open() {
      const cloud = clouds.get(name);
      if (!cloud) return Promise.reject(new ImgmgrError('CONFIG', `there is no cloud ${name}`));
      if (cloud.fault) return Promise.reject(cloud.fault);
      const {store, servers: tests} = cloud;
      return Promise.resolve({store, tests, servers: imageServers()});
    },
  });
  const refuse = (): Promise<never> => Promise.reject(new ImgmgrError('UNSUPPORTED', 'no such file in memory'));
  const operatorFiles: OperatorFiles = {
    definitions: () => Promise.resolve(definitions),
    written: refuse,
    auditProfile: refuse,
    isFile: (path) => Promise.resolve(path in files),
    modified: () => Promise.resolve(undefined),
    requireImage: () => Promise.resolve(),
    publicKey: refuse,
    manifest: refuse,
    planOutput: refuse,
    deliverBuild: refuse,
  };
  const ports: AppPorts = {
    cwd: '/',
    now: () => clock.date(),
    runtime: runtime(clock, 1, new Set([1])),
    source,
    converter,
    targets: refuse,
    uploads: {open: refuse, use: () => undefined},
    files: operatorFiles,
    clouds: ({clouds: chosen}) => (chosen.length > 0 ? chosen : names).map(openCloud),
    finder: () => createFinder({source}),
    local: () => openCloud('local'),
    builder() {
      throw new Error('nothing is built here');
    },
    builds() {
      throw new Error('no builds are kept here');
    },
    verification: () =>
      Promise.resolve({
        openDesk: () => Promise.resolve(desk),
        userData: (job) => JSON.stringify(job),
        keepEvidence: () => Promise.resolve('/evidence.json'),
        probePort: () => Promise.resolve(false),
      }),
    history: () => Promise.resolve(undefined),
    inspector: () => Promise.reject(new Error('nothing is inspected here')),
    hostChecks: () => Promise.resolve([]),
    hashBytes: refuse,
    run: 'run-1',
    signal: abort.signal,
    beginWriting: () => {
      writing++;
      return () => {
        writing--;
      };
    },
  };
  return {
    ...{clock, source, clouds, events, abort, files, ports},
    emit: (event: Event) => void events.push(event),
    writing: () => writing,
    cloud: (name: string): MemoryCloud => {
      const cloud = clouds.get(name);
      if (!cloud) throw new Error(`there is no cloud ${name}`);
      return cloud;
    },
    /** All outcomes of a verb; time passes whenever everybody sleeps. */
    outcomes: (verb: AsyncIterable<CloudOutcome>): Promise<readonly CloudOutcome[]> => clock.run(collect(verb)),
  };
}

async function collect(verb: AsyncIterable<CloudOutcome>): Promise<readonly CloudOutcome[]> {
  const outcomes: CloudOutcome[] = [];
  for await (const outcome of verb) outcomes.push(outcome);
  return outcomes;
}
