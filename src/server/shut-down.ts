import {signalGroup} from './runs/child.ts';
import type {Runs} from './runs/registry.ts';

/** After Ctrl-C a run cleans up within 30 s. */
const CLEANUP_MS = 35_000;
/** After the second one it leaves at once. */
const LEAVE_MS = 5000;

/** What the end of the server needs. */
export interface EndParts {
  readonly runs: Runs;
  readonly graceMs: number;
  readonly log: (text: string) => void;
  readonly onEndSignal: (listener: () => void) => () => void;
}

/**
 * Waits for a signal; from then on no run starts. Those that are under way may end within the grace time, or until the next signal; then
 * they are ended as Ctrl-C ends them.
 */
export async function shutDown({runs, graceMs, log, onEndSignal}: EndParts): Promise<void> {
  const hurry = new AbortController();
  let stopListening = (): void => undefined;
  await new Promise<void>((resolve) => {
    stopListening = onEndSignal(() => {
      if (runs.closed === undefined) {
        runs.close('the server is about to end');
        resolve();
      } else hurry.abort();
    });
  });
  const left = runs.underWay().length;
  if (left > 0) {
    const runsText = left === 1 ? '1 run is' : `${left} runs are`;
    log(`about to end: ${runsText} under way, and may go on for ${Math.round(graceMs / 1000)} s`);
    await endRuns({runs, graceMs, log}, hurry.signal);
  }
  stopListening();
}

async function endRuns({runs, graceMs, log}: Omit<EndParts, 'onEndSignal'>, hurry: AbortSignal): Promise<void> {
  if (await runs.idle(graceMs, hurry)) return;
  const steps = [
    ['SIGINT', CLEANUP_MS],
    ['SIGINT', LEAVE_MS],
    ['SIGKILL', LEAVE_MS],
  ] as const;
  for (const [signal, ms] of steps) {
    for (const {id, process: target} of runs.underWay()) {
      log(`ends run ${id} by ${signal}`);
      if (target) signalGroup(target, signal);
    }
    if (await runs.idle(ms)) return;
  }
}
