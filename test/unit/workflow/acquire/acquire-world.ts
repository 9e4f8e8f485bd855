import type {Definition, Version} from '../../../../src/core/definition/definition.ts';
import type {Event} from '../../../../src/core/events.ts';
import type {Policy} from '../../../../src/core/policy.ts';
import {DEFAULT_POLICY} from '../../../../src/core/policy.ts';
import {releaseOf} from '../../../../src/core/release/release.ts';
import {ImportRefusals} from '../../../../src/workflow/acquire/import-refusals.ts';
import type {AcquireContext, AcquireTask} from '../../../../src/workflow/acquire/types.ts';
import type {RunOptions} from '../../../../src/workflow/types.ts';
import {definition, version} from '../../core/plan/plan-world.ts';
import {MemorySource, memoryConverter} from '../memory-source.ts';
import {MemoryStore, VirtualClock, runtime} from '../memory-store.ts';

const URL_1 = 'https://example.test/1.qcow2';
export const BYTES = Buffer.from('the bytes of version 1');

/** One cloud, one source and one converter in memory; version 1 is at {@link URL_1}, for the cloud too. */
export function acquireWorld(given: {
  readonly policy?: Partial<Policy>;
  readonly options?: Partial<RunOptions>;
  readonly adHoc?: boolean;
  /** Runs with different ones make different ids. */
  readonly pid?: number;
}) {
  const clock = new VirtualClock();
  const store = new MemoryStore(clock);
  const source = new MemorySource();
  source.files.set(URL_1, BYTES);
  store.web.set(URL_1, BYTES);
  const {converter, calls: conversions} = memoryConverter();
  const events: Event[] = [];
  /** The id of the action that each event belongs to. */
  const actionIds: (string | undefined)[] = [];
  const abort = new AbortController();
  const context: AcquireContext = {
    run: 'r1',
    store,
    source,
    converter,
    options: {
      jobs: 1,
      stuckRetry: 0,
      importTimeoutMs: 60_000,
      silenceNotVerified: true,
      dryRun: false,
      ...given.options,
      policy: {...DEFAULT_POLICY, ...given.policy},
    },
    baseDir: '/',
    runtime: runtime(clock, given.pid ?? 1, new Set()),
    emit: (event, of) => {
      events.push(event);
      actionIds.push(of?.action);
    },
    signal: abort.signal,
    glanceAlgorithm: 'sha512',
    adHoc: given.adHoc ?? false,
    quota: () => store.quota(),
    offer: () => store.offer(),
    imports: new ImportRefusals(store, () => store.mayImport()),
  };
  return {clock, store, source, conversions, events, actionIds, abort, context};
}

/** The task of version 1. */
export function taskOf(listed: Partial<Version> = {}, extra: Partial<Definition> = {}): AcquireTask {
  const one = version('1', listed);
  return {definition: definition([one], extra), release: releaseOf(one)};
}

/** Calls without ids: what was done, in its order. */
export function deeds(store: MemoryStore): string[] {
  return store.calls.map((call) => call.split(' ')[0] ?? '');
}
