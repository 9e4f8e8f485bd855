import {countsOf, fieldOfError, sumCounts} from '../../core/counts.ts';
import type {CountField, Counts} from '../../core/counts.ts';
import type {Action} from '../../core/plan/plan.ts';
import type {ImgmgrError} from '../../errors.ts';

/** Counts what becomes of images, each once per field, however many actions it takes. */
export class ImageCounts {
  #added = countsOf({});
  readonly #images = new Map<CountField, Set<string>>();

  /** Adds what is known as a number. */
  add(counts: Partial<Counts>): void {
    this.#added = sumCounts([this.#added, counts]);
  }

  /** An action of a plan was done; its plan says what that counts as. */
  did(action: Action): void {
    if (action.counts !== undefined) this.#count(action.counts, action);
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
