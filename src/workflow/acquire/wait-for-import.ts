import type {ImageStore} from '../../ports/image-store.ts';
import type {Definition} from '../../core/definition/definition.ts';
import type {Emit} from '../../core/events.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Runtime} from '../types.ts';
import type {AcquireContext} from './types.ts';

/** What is waited for. */
export interface ImportWait {
  readonly store: ImageStore;
  readonly id: string;
  /** The stores that were asked for; empty: the default. */
  readonly stores: readonly string[];
  readonly definition: string;
  readonly version: string;
  readonly bytes: number | undefined;
  readonly deadlineMs: number;
  /** How long the image may stay `queued`; for ever where nothing is said. */
  readonly stuckMs?: number;
  readonly phase: 'importing' | 'copying';
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const SHORTEST_MS = 200;
const LONGEST_MS = 3_000;
/** Passing faults of the API (5xx, no connection) are sat out, up to this many in a row. */
const PATIENCE = 5;

/** Waits until the cloud has made the image, and returns it; throws IMPORT_FAILED, IMAGE_GONE or TIMEOUT. */
export async function waitForImport(wait: ImportWait): Promise<Image> {
  const {store, runtime, signal, emit, deadlineMs} = wait;
  const startMs = runtime.monotonic();
  const limitMs = deadlineMs - startMs;
  let faults = 0;
  for (let look = 0; ; look++) {
    await runtime.sleep(pause(look, wait.bytes), signal);
    const elapsedMs = runtime.monotonic() - startMs;
    const state = await lookOnce(wait, faults);
    if (state === undefined) faults++;
    else {
      faults = 0;
      if (state.kind === 'done') return state.image;
      if (state.kind === 'gone')
        throw new ImgmgrError('IMAGE_GONE', `image ${wait.id} was deleted while it was being imported`, {
          hint: 'find out who deletes it, then run again',
        });
      if (state.kind === 'failed')
        throw new ImgmgrError('IMPORT_FAILED', `${store.cloud} could not import image ${wait.id}: ${state.reason}`, {
          hint: "see the log of the cloud's image service",
        });
      if (elapsedMs > (wait.stuckMs ?? Infinity) && (await isQueued(wait, state.image)))
        throw new ImgmgrError(
          'TIMEOUT',
          `${store.cloud} has not begun to import image ${wait.id} after ${Math.round(elapsedMs / 1000)} s`,
          {hint: "the workers of the cloud's image service may be stuck or busy"},
        );
      emit({
        type: 'progress',
        cloud: store.cloud,
        definition: wait.definition,
        version: wait.version,
        image: wait.id,
        phase: wait.phase,
        elapsedMs,
        limitMs,
        ...(state.bytes !== undefined && {bytes: state.bytes}),
        ...(wait.bytes !== undefined && {total: wait.bytes}),
      });
    }
    if (elapsedMs > limitMs)
      throw new ImgmgrError(
        'TIMEOUT',
        `image ${wait.id} was not there after ${Math.round(limitMs / 1000)} s (status ${state && 'image' in state ? state.image.status : 'unknown'})`,
        {hint: 'give it longer with --import-timeout'},
      );
  }
}

/** What every wait for the image of a task has in common; the stores are those that are asked for. */
export function importWait(
  context: AcquireContext,
  {definition, release}: {readonly definition: Definition; readonly release: {readonly version: string}},
): Omit<ImportWait, 'id' | 'bytes' | 'deadlineMs'> {
  const {store, runtime, emit, signal, options} = context;
  return {
    store,
    runtime,
    emit,
    signal,
    definition: definition.name,
    version: release.version,
    stores: options.policy.stores ?? definition.stores ?? [],
    phase: 'importing',
  };
}

/** Looks only remember the status, so it is asked again before it counts. */
async function isQueued({store, id}: ImportWait, seen: Image): Promise<boolean> {
  return seen.status === 'queued' && (await store.get(id))?.status === 'queued';
}

async function lookOnce(
  {store, id, stores}: ImportWait,
  faults: number,
): Promise<Awaited<ReturnType<ImageStore['importState']>> | undefined> {
  try {
    return await store.importState(id, stores);
  } catch (error) {
    if (error instanceof ImgmgrError && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT') && faults < PATIENCE)
      return undefined;
    throw error;
  }
}

/** Short at first, longer with every look; a large image gets a first pause that fits 400 MB/s. */
function pause(look: number, bytes: number | undefined): number {
  const first = Math.min(SHORTEST_MS + (bytes ?? 0) / 400_000, LONGEST_MS);
  return Math.min(first * 1.6 ** look, LONGEST_MS);
}
