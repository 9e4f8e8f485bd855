import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import {MANAGED_TAG} from '../core/image/stamp.ts';
import type {Observation} from '../core/metrics/observation.ts';
import {observationOf} from '../core/metrics/observation.ts';
import {FORECAST_MS} from '../core/rules/forecast.ts';
import type {LiveAudit} from '../core/rules/live-audit.ts';
import {auditLive} from '../core/rules/live-audit.ts';
import type {Profile} from '../core/rules/profile.ts';
import {ofNewerFormat, rowsOf} from '../core/status/rows.ts';
import {metricsNotWritten} from '../core/warnings.ts';
import type {ImageStore} from '../ports/image-store.ts';
import {interruptionOr} from '../workflow/interruptible.ts';
import type {View} from '../workflow/run/observe.ts';
import {viewOf} from '../workflow/run/observe.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';

/** What the images of a cloud are held against. */
export interface Yardstick {
  /** All definitions that were read; undefined: none, so that nobody can say what is wanted, and the cloud is not looked at. */
  readonly definitions: readonly Definition[] | undefined;
  /** Undefined: nothing is judged. */
  readonly profile: Profile | undefined;
}

/**
 * Does the work on one cloud, then looks at the cloud once more for the metrics, where somebody wants them; not where the cloud failed or
 * the run is to end. A look that fails is a warning.
 */
export async function observed(
  {
    store,
    by: {definitions, profile},
    work,
  }: {
    readonly store: ImageStore;
    readonly by: Yardstick;
    readonly work: (emit: Emit) => Promise<CloudOutcome>;
  },
  {observe, now, signal}: Pick<AppPorts, 'observe' | 'now' | 'signal'>,
  emit: Emit,
): Promise<CloudOutcome> {
  const seen = {failed: false};
  const outcome = await work((event, of) => {
    if (event.type === 'cloud-failed') seen.failed = true;
    emit(event, of);
  });
  if (!observe || !definitions || seen.failed || signal.aborted) return outcome;
  try {
    const {projectId} = await store.account();
    const view = viewOf(await store.listTagged(MANAGED_TAG), projectId, store.now());
    observe(store.cloud, await observation({store, view, definitions, profile, now: now()}));
  } catch (thrown) {
    const {code, message} = interruptionOr(signal, thrown);
    const reason = `its images could not be looked at: ${message}`;
    if (code !== 'INTERRUPTED') emit({type: 'warning', cloud: store.cloud, ...metricsNotWritten(store.cloud, reason)});
  }
  return outcome;
}

/** What metrics tell of a cloud, from a listing. */
export async function observation({
  store,
  view,
  definitions,
  profile,
  now,
}: Yardstick & {
  readonly store: ImageStore;
  readonly view: View;
  readonly definitions: readonly Definition[];
  /** By the clock of this host. */
  readonly now: Date;
}): Promise<Observation> {
  const nowMs = now.getTime();
  const own = [...view.own, ...ofNewerFormat(view.images, view.projectId)];
  const times = {now: nowMs, until: nowMs + FORECAST_MS};
  const audit = profile ? auditLive({own, definitions, whole: false, profile, ...times}) : NOT_JUDGED;
  const rows = rowsOf({
    ...{cloud: store.cloud, own, held: view, definitions, audit},
    ...{scale: {now: nowMs, failOn: 'error'}, isAsked: () => true, isWhole: true},
  });
  const expiry = await credentialExpiry(store);
  return observationOf({
    ...{atMs: nowMs, own: view.own, definitions, holds: view.holds, rows},
    ...(profile && {profile}),
    ...(expiry !== undefined && {credentialExpiresMs: expiry && expiry.getTime()}),
  });
}

const NOT_JUDGED: LiveAudit = {
  byImage: new Map(),
  general: {findings: [], ahead: []},
  judgeOther: () => ({findings: [], ahead: []}),
};

/** Null: it never ends; undefined: nobody can say. */
async function credentialExpiry(store: ImageStore): Promise<Date | null | undefined> {
  try {
    return (await store.credentialExpiry?.()) ?? null;
  } catch {
    // The login has said so.
    return undefined;
  }
}
