import type {ImgmgrError} from '../../errors.ts';
import type {StoredPlan} from '../../core/plan/stored-plan.ts';
import {interruptionOr} from '../interruptible.ts';
import type {CloudOutcome, CloudRun, SeenPlan} from '../types.ts';
import {ImageCounts} from './image-counts.ts';

/** What came of a run on one cloud so far. */
export class CloudResult {
  readonly imageCounts = new ImageCounts();
  readonly errors: ImgmgrError[] = [];
  changesPending = false;
  plan: StoredPlan | undefined;
  seen: SeenPlan | undefined;

  /** One image or definition failed; the others go on. */
  fail(error: ImgmgrError): void {
    this.errors.push(error);
    this.imageCounts.add({failed: 1});
  }
}

/** Work on one cloud, and what is to be done after it, however it ended. */
export interface CloudWork {
  readonly work: (result: CloudResult) => Promise<void>;
  readonly end?: () => Promise<void> | void;
}

/** The outcome of the work. What it throws is the failure of this cloud, or the interruption, and stands in the outcome. */
export async function outcomeOf(
  {ports, signal, emit}: Pick<CloudRun, 'ports' | 'signal' | 'emit'>,
  {work, end}: CloudWork,
): Promise<CloudOutcome> {
  const {cloud} = ports.store;
  const result = new CloudResult();
  try {
    await work(result);
  } catch (thrown) {
    const error = interruptionOr(signal, thrown);
    if (error.code === 'INTERRUPTED') {
      result.errors.push(error);
    } else {
      result.fail(error);
      emit({type: 'cloud-failed', cloud, error});
    }
  } finally {
    await end?.();
  }
  const {errors, changesPending, plan, seen} = result;
  return {cloud, counts: result.imageCounts.counts(), errors, changesPending, ...(plan && {plan}), ...(seen && {seen})};
}
