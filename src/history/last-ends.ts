import type {SQLInputValue} from 'node:sqlite';
import {setImmediate} from 'node:timers/promises';
import type {RunEnd} from '../ports/history.ts';
import type {Row} from './read-rows.ts';

/** As many runs are looked at at once: some milliseconds. */
const RUNS_AT_ONCE = 500;

/** Of each verb on each cloud the newest run with an exit code between two numbers, and the newest that did its work (0, 3). */
const ENDS = `
SELECT s.cloud, r.verb, max(r.n) AS n, r.ended_ms, r.exit_code, r.elapsed_ms
FROM (SELECT DISTINCT run, cloud FROM subjects WHERE run > ? AND run <= ?) s JOIN runs r ON r.n = s.run
WHERE r.ended_ms IS NOT NULL AND r.exit_code IS NOT NULL GROUP BY s.cloud, r.verb, r.exit_code IN (0, 3)`;
const NEWEST = 'SELECT max(n) AS n FROM runs';
const OLDEST_OPEN = `SELECT min(n) AS n FROM runs WHERE state = 'RUNNING'`;

/** Ends are kept, so that later only runs are looked at that began since, or had not ended. */
export class LastEnds {
  readonly #all: (sql: string, ...values: readonly SQLInputValue[]) => readonly Row[];
  readonly #ends = new Map<string, RunEnd & {readonly n: number}>();
  /** The number of the run up to which every one has ended and was looked at. */
  #readTo = 0;

  /** `all`: the rows of a statement. */
  constructor(all: (sql: string, ...values: readonly SQLInputValue[]) => readonly Row[]) {
    this.#all = all;
  }

  async read(): Promise<readonly RunEnd[]> {
    const newest = this.#numberOf(NEWEST) ?? 0;
    const allEnded = Math.min(newest, (this.#numberOf(OLDEST_OPEN) ?? Infinity) - 1);
    // A run that was taken for lost may go on after all.
    const begin = Math.min(this.#readTo, allEnded);
    for (let from = begin; from < newest; from += RUNS_AT_ONCE) {
      if (from > begin) await setImmediate();
      for (const row of this.#all(ENDS, from, Math.min(newest, from + RUNS_AT_ONCE))) this.#add(row);
    }
    this.#readTo = allEnded;
    return [...this.#ends.values()];
  }

  #add(row: Row): void {
    const [cloud, verb, n] = [String(row['cloud']), String(row['verb']), Number(row['n'])];
    const [endedMs, exitCode] = [Number(row['ended_ms']), Number(row['exit_code'])];
    const key = JSON.stringify([cloud, verb]);
    const known = this.#ends.get(key);
    const last = known && known.n > n ? known : {n, endedMs, exitCode, durationMs: Number(row['elapsed_ms'])};
    // What was read later may be an older run that took longer.
    const isGood = (exitCode === 0 || exitCode === 3) && (known?.succeededMs ?? -Infinity) < endedMs;
    const succeededMs = isGood ? endedMs : known?.succeededMs;
    this.#ends.set(key, {...last, cloud, verb, ...(succeededMs !== undefined && {succeededMs})});
  }

  #numberOf(sql: string): number | undefined {
    const n = this.#all(sql)[0]?.['n'];
    return typeof n === 'number' ? n : undefined;
  }
}
