import {actionEmit} from '../../core/events.ts';
import type {Action, DefinitionPlan} from '../../core/plan/plan.ts';
import {asImgmgrError} from '../../errors.ts';
import type {ApplyContext, Done} from './perform-action.ts';
import {PlanWork} from './perform-action.ts';

/**
 * Carries out one definition's plan in its order. An action is left out where something that it depends on was not done; a failure ends
 * nothing else. An interrupted run leaves nothing behind: what it made and did not publish is removed.
 */
export async function applyPlan(context: ApplyContext, plan: DefinitionPlan): Promise<void> {
  const work = new PlanWork(context, plan);
  try {
    await followPlan(context, plan, work);
  } catch (error) {
    if (context.acquire.signal.aborted) await work.discardUnpublished();
    throw error;
  }
}

async function followPlan(context: ApplyContext, plan: DefinitionPlan, work: PlanWork): Promise<void> {
  const {emit, signal} = context.acquire;
  const {cloud} = context.ports.store;
  const missing = new Set(plan.failures.map(({id}) => id));
  for (const action of plan.actions) {
    if (!work.closesSwap(action)) signal.throwIfAborted();
    const dependency = action.dependsOn.find(({id}) => missing.has(id));
    if (dependency)
      actionEmit(
        emit,
        action.id,
      )({
        type: 'decision',
        cloud,
        definition: plan.definition.name,
        message: `${action.kind} left out: ${dependency.otherwise}`,
      });
    if (dependency || !(await perform(context, work, action))) missing.add(action.id);
  }
}

/** Does one action, counts and reports it; false when it failed. */
async function perform(context: ApplyContext, work: PlanWork, action: Action): Promise<boolean> {
  const {acquire, imageCounts, errors} = context;
  const {runtime, signal} = acquire;
  const emit = actionEmit(acquire.emit, action.id);
  const about = {cloud: context.ports.store.cloud, action: action.summary};
  const startMs = runtime.monotonic();
  emit({type: 'action-started', ...about});
  try {
    context.assertMayWrite();
    const done = await work.perform(action, emit);
    const ms = runtime.monotonic() - startMs;
    count(context, action, done);
    if (done)
      emit({
        type: 'action-done',
        ...about,
        ms,
        ...(done.image !== undefined && {image: done.image}),
        ...(done.detail !== undefined && {detail: done.detail}),
        ...(done.pending === true && {pending: true}),
      });
    return true;
  } catch (error) {
    if (signal.aborted && !work.closesSwap(action)) throw error;
    const reason = asImgmgrError(error);
    errors.push(reason);
    imageCounts.failed(action, reason, {keepsFailed: acquire.options.policy.quarantine > 0});
    emit({type: 'action-failed', ...about, error: reason, ms: runtime.monotonic() - startMs});
    return false;
  }
}

function count({imageCounts}: ApplyContext, action: Action, done: Done | undefined): void {
  if (!done) imageCounts.kept(action);
  else if (done.pending === true) imageCounts.left(action);
  else imageCounts.did(action);
}
