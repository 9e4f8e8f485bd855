import type {ActionKind, Counts} from '../core/events.ts';

/** Counts what was done, for the closing line. */
export class Tally {
  #counts: {-readonly [K in keyof Counts]: Counts[K]} = {
    imported: 0,
    updated: 0,
    retired: 0,
    deleted: 0,
    unchanged: 0,
    failed: 0,
    pending: 0,
  };

  /** One performed action. Removing leftovers and publishing are parts of something else that counts. */
  did(kind: ActionKind): void {
    const field = FIELDS[kind];
    if (field) this.#counts[field]++;
  }

  add(field: keyof Counts, number: number): void {
    this.#counts[field] += number;
  }

  counts(): Counts {
    return {...this.#counts};
  }
}

const FIELDS: Readonly<Record<ActionKind, keyof Counts | undefined>> = {
  remove: undefined,
  acquire: 'imported',
  resume: 'imported',
  verify: undefined,
  publish: undefined,
  retire: 'retired',
  adopt: 'updated',
  update: 'updated',
  hide: 'retired',
  deactivate: 'updated',
  reactivate: 'updated',
  copy: 'updated',
  delete: 'deleted',
};
