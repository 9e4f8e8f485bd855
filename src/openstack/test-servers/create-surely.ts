import {ImgmgrError} from '../../errors.ts';
import {mayBeDone} from '../answers.ts';
import {poll} from './pace.ts';
import type {Pace} from './pace.ts';

/** How long a create call whose answer was lost is looked for. */
const SETTLING_MS = 10_000;

/** A create call whose answer was lost (no whole answer, or a proxy's 5xx) may be done: it is looked for before it counts as failed. */
export async function createSurely<T>(write: Promise<T>, pace: Pace, find: () => Promise<T | undefined>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!mayBeDone(error)) throw error;
    const found = await poll({pace, forMs: SETTLING_MS}, find).catch(() => undefined);
    if (found === undefined) throw error;
    return found;
  }
}

/** The first failure is the one that counts; what could not be removed carries its stamp, and the error says so. */
export async function withCleanup(error: unknown, cleanup: Promise<void>): Promise<unknown> {
  try {
    await cleanup;
    return error;
  } catch (left) {
    if (!(error instanceof ImgmgrError)) return error;
    const also = left instanceof Error ? left.message : String(left);
    return new ImgmgrError(error.code, `${error.message}; besides, not all could be removed: ${also}`, {
      ...(error.hint !== undefined && {hint: error.hint}),
      ...(error.place !== undefined && {place: error.place}),
      cause: error.cause,
    });
  }
}
