import type {Diagnosis} from '../../core/doctor.ts';
import {failure} from '../../core/doctor.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Check} from '../../ports/doctor.ts';
import type {Runtime} from '../types.ts';

/** What ends a check that does not end by itself. */
export interface CheckLimits {
  readonly runtime: Pick<Runtime, 'sleep'>;
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly limitMs: number;
}

/** Begins all checks at once; gives them in their order, each with what it found. Rejects where the run is interrupted, never by a check. */
export async function* runChecks(
  checks: readonly Check[],
  limits: CheckLimits,
): AsyncGenerator<{readonly id: string; readonly found: Diagnosis}> {
  const begun = checks.map((check) => ({id: check.id, found: runCheck(check, limits)}));
  // Whoever reads them one by one must not leave a rejection unheard.
  for (const {found} of begun) found.catch(() => undefined);
  for (const {id, found} of begun) yield {id, found: await found};
}

/** What one check found; its failure where it throws or takes too long. */
export async function runCheck(check: Check, {runtime, signal, limitMs}: CheckLimits): Promise<Diagnosis> {
  signal.throwIfAborted();
  const done = new AbortController();
  const ends = AbortSignal.any([signal, done.signal]);
  const overdue = async (): Promise<Diagnosis> => {
    await runtime.sleep(limitMs, ends);
    return failure(
      new ImgmgrError('TIMEOUT', `no answer within ${Math.round(limitMs / 1000)} s`, {
        hint: 'look whether it answers others; -v and --debug show what was asked',
      }),
    );
  };
  const looked = check.look().catch(failure);
  const late = overdue();
  late.catch(() => undefined);
  try {
    const found = await Promise.race([looked, late]);
    signal.throwIfAborted();
    return found;
  } finally {
    done.abort();
  }
}
