import {ImgmgrError} from '../../errors.ts';

/** How long to wait between looks; handed in so that tests need not. */
export interface Pace {
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Milliseconds that never go back. */
  monotonic(): number;
}

const FIRST_MS = 500;
const LONGEST_MS = 5000;

/**
 * Looks again and again, ever more slowly, until something other than undefined is found; undefined when the time is over.
 * INTERRUPTED when the signal is given in between.
 */
export async function poll<T>(
  wait: {readonly pace: Pace; readonly forMs: number; readonly signal?: AbortSignal},
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const {pace, forMs, signal} = wait;
  const end = pace.monotonic() + forMs;
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_MS)) {
    const found = await look();
    if (found !== undefined) return found;
    const leftMs = end - pace.monotonic();
    if (leftMs <= 0) return undefined;
    try {
      await pace.sleep(Math.min(pauseMs, leftMs), signal);
    } catch (error) {
      throw signal?.aborted === true ? interrupted() : error;
    }
    requireGoing(signal);
  }
}

/** INTERRUPTED once the signal is given. */
export function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interrupted();
}

function interrupted(): ImgmgrError {
  return new ImgmgrError('INTERRUPTED', 'interrupted');
}
