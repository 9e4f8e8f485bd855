import {countsOf, fieldOfError, sumCounts} from '../../core/counts.ts';
import type {CountField, Counts} from '../../core/counts.ts';
import type {ActionKind} from '../../core/events.ts';
import type {Action} from '../../core/plan/plan.ts';
import type {ImgmgrError} from '../../errors.ts';

/** Counts what becomes of images, each once per field, however many actions it takes. */
export class Tally {
  #added = countsOf({});
  readonly #images = new Map<CountField, Set<string>>();

  /** Adds what is known as a number. */
  add(counts: Partial<Counts>): void {
    this.#added = sumCounts([this.#added, counts]);
  }

  /**
   * One action of a plan was done. A new image counts when the last action that it needs is done, so that an interrupted boot
   * is no import.
   */
  did(plan: readonly Action[], action: Action): void {
    const field = isMaking(action)
      ? madeField(plan, action)
      : isPartOfMaking(plan, action)
        ? undefined
        : FIELDS[action.kind];
    if (field !== undefined) this.#count(field, action);
  }

  /** The image was handed to the cloud, or waits for the next run. */
  left(action: Action): void {
    this.#count('pending', action);
  }

  /** The image stays as it is, although something was planned for it. */
  kept(action: Action): void {
    this.#count('unchanged', action);
  }

  /** An action failed; `quarantined` false: what fails its verification is not kept. */
  failed(action: Action, error: ImgmgrError, {keepsFailed}: {readonly keepsFailed: boolean}): void {
    this.#count(keepsFailed ? fieldOfError(error.code) : 'failed', action);
  }

  counts(): Counts {
    const images = Object.fromEntries([...this.#images].map(([field, keys]) => [field, keys.size]));
    return sumCounts([this.#added, images]);
  }

  #count(field: CountField, {summary}: Action): void {
    const keys = this.#images.get(field) ?? new Set();
    this.#images.set(field, keys.add(JSON.stringify([summary.definition, summary.version, summary.image])));
  }
}

type Making = Extract<Action, {kind: 'acquire' | 'resume' | 'verify' | 'publish'}>;

function isMaking(action: Action): action is Making {
  return ['acquire', 'resume', 'verify', 'publish'].includes(action.kind);
}

/** Imported, or, of an image that was published before, updated; undefined while the image needs more. */
function madeField(plan: readonly Action[], action: Making): CountField | undefined {
  const steps = plan.filter((other): other is Making => isMaking(other) && other.release === action.release);
  if (steps.at(-1) !== action) return undefined;
  return steps.every((step) => 'target' in step && wasPublished(step)) ? 'updated' : 'imported';
}

/** The status of an image that is being published is set on the way. */
function isPartOfMaking(plan: readonly Action[], action: Action): boolean {
  if (action.kind !== 'deactivate' && action.kind !== 'reactivate') return false;
  const {target} = action;
  if ('acquired' in target) return true;
  return plan.some(
    (other) => other.kind === 'publish' && 'image' in other.target && other.target.image.id === target.image.id,
  );
}

function wasPublished({target}: Extract<Making, {readonly target: unknown}>): boolean {
  return 'image' in target && ['current', 'retired'].includes(target.image.properties['imgmgr_state'] ?? '');
}

/** Removing leftovers is part of what comes after it. */
const FIELDS: Readonly<Record<Exclude<ActionKind, Making['kind']>, CountField | undefined>> = {
  remove: undefined,
  retire: 'retired',
  adopt: 'updated',
  update: 'updated',
  hide: 'retired',
  deactivate: 'updated',
  reactivate: 'updated',
  copy: 'updated',
  delete: 'deleted',
};
