import type {Emit} from '../../core/events.ts';
import type {HoldAnswer, HoldChoice, HoldRecord} from '../../core/hold.ts';
import {holdProperties, newHold} from '../../core/hold.ts';
import {MANAGED_TAG} from '../../core/image/stamp.ts';
import type {Lease} from '../../core/lease.ts';
import {holds, readLeases} from '../../core/lease.ts';
import {ImgmgrError} from '../../errors.ts';
import type {ImageStore} from '../../ports/image-store.ts';
import {isLeaseAlive} from '../lease/lease-keeper.ts';
import {createSurely, patchSurely, surely} from '../sure-writes.ts';
import type {Runtime} from '../types.ts';

const POLL_MS = 2_000;
/** A dead holder's lease is over by then. */
const DEFAULT_WAIT_MS = 65_000;

/** Where a hold is set or lifted. */
export interface HoldContext {
  readonly store: ImageStore;
  readonly projectId: string;
  readonly run: string;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What a call left on the cloud. */
export type HoldChange = Pick<HoldAnswer, 'change' | 'image'>;

/**
 * Makes the cloud hold a definition (undefined: every one) until the end that is chosen: one record, changed where it is there. Of several,
 * which two hosts can have made at the same time, one stays; until the others are gone, the latest date counts. Twice is once.
 */
export async function setHold(
  context: HoldContext,
  choice: HoldChoice,
  of: {readonly definition: string | undefined; readonly records: readonly HoldRecord[]},
): Promise<HoldChange> {
  const {store, run, runtime} = context;
  const by = {run, host: runtime.host.hostName};
  const {definition} = of;
  const [first, ...others] = ofTarget(of.records, definition);
  if (!first) {
    const record = newHold(choice, {...by, definition, id: runtime.uuid()});
    return {change: 'set', image: (await createSurely(store, record)).id};
  }
  const {hold, image} = first;
  const isSame = hold.untilMs === choice.untilMs && hold.reason === choice.publicReason;
  if (!isSame) await patchSurely({store, runtime}, image, holdProperties(choice, by));
  for (const {image: other} of others) await surely({runtime}, async () => store.delete(other.id));
  return {change: isSame && others.length === 0 ? 'unchanged' : 'changed', image: image.id};
}

/** Lifts the hold of a definition, or the one of every definition; `none` where there is none. */
export async function liftHold(
  {store, runtime}: Pick<HoldContext, 'store' | 'runtime'>,
  {definition, records}: {readonly definition: string | undefined; readonly records: readonly HoldRecord[]},
): Promise<HoldChange> {
  const found = ofTarget(records, definition);
  for (const {image} of found) await surely({runtime}, async () => store.delete(image.id));
  return {change: found.length > 0 ? 'lifted' : 'none'};
}

/** The latest date first: it is the one that counts. */
function ofTarget(records: readonly HoldRecord[], definition: string | undefined): readonly HoldRecord[] {
  return records
    .filter((record) => record.definition === definition)
    .toSorted((a, b) => b.hold.untilMs - a.hold.untilMs);
}

/**
 * Waits until no run is left that listed the cloud before the hold was there: a run takes its lease and then lists, so one whose lease is
 * not there yet sees the hold. LOCKED where such a run goes on for longer than the limit; the hold stays.
 */
export async function waitForRuns(
  context: HoldContext,
  {definition, limitMs = DEFAULT_WAIT_MS}: {readonly definition: string | undefined; readonly limitMs?: number},
): Promise<void> {
  const {store, runtime, emit, signal} = context;
  const startMs = runtime.monotonic();
  let early: ReadonlySet<string> | undefined;
  for (;;) {
    const working = (await livingLeases(context)).filter(
      (lease) => (definition === undefined ? lease.held.size > 0 : holds(lease, definition)) && isEarly(lease, early),
    );
    early ??= new Set(working.map(({image}) => image.id));
    const [lease] = working;
    if (!lease) return;
    const elapsedMs = runtime.monotonic() - startMs;
    const {holder, image} = lease;
    const who = `run ${holder.run} (process ${holder.pid} on ${holder.hostName}, since ${image.createdAt})`;
    const what = definition ?? 'the cloud';
    if (elapsedMs >= limitMs)
      throw new ImgmgrError('LOCKED', `${what} is held from now on, but ${who} began before and may still publish`, {
        hint: 'the hold stays: wait for that run, or run this again with a longer --wait-lock',
      });
    emit({type: 'waiting', cloud: store.cloud, message: `${who} works on ${what}`, elapsedMs, limitMs});
    await runtime.sleep(Math.min(POLL_MS, limitMs - elapsedMs), signal);
  }
}

function isEarly({image}: Lease, early: ReadonlySet<string> | undefined): boolean {
  return early === undefined || early.has(image.id);
}

async function livingLeases({store, projectId, runtime}: HoldContext): Promise<readonly Lease[]> {
  const leases = readLeases(await store.listTagged(MANAGED_TAG), projectId);
  return leases.filter((lease) => isLeaseAlive(lease, store.now(), runtime));
}
