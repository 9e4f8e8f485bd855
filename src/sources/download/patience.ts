import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError, isRetryable} from '../../errors.ts';

/** How patient a download is. */
export interface Patience {
  /** Attempts to get a first answer. */
  readonly attempts: number;
  /** Before the second attempt, doubled for each further one; milliseconds. */
  readonly delayMs: number;
}

/** Repeats what may succeed a moment later. */
export async function patiently<T>(patience: Patience, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const passing = error instanceof ImgmgrError && isRetryable(error.code);
      if (!passing || tried >= patience.attempts || signal.aborted) throw error;
      await sleep(patience.delayMs * 2 ** (tried - 1), undefined, {signal}).catch(() => {
        throw signal.reason instanceof ImgmgrError ? signal.reason : error;
      });
    }
  }
}
