import {setTimeout as sleep} from 'node:timers/promises';
import {countsOf} from '../../../src/core/counts.ts';
import {createEventBus} from '../../../src/core/event-bus.ts';
import {createKeeper} from '../../../src/history/keeper.ts';

/** A run of this process, as its history has it. */
export interface WrittenRun {
  readonly id: string;
  /** Emits events, one every `everyMs`. */
  emit(count: number, everyMs: number): Promise<void>;
  end(): Promise<void>;
}

/** Begins a run that does nothing but write events into the history in the folder of state. */
export function writeRun(folder: string): WrittenRun {
  const id = crypto.randomUUID();
  const keeper = createKeeper({
    folder,
    start: {
      ...{
        run: id,
        verb: 'manage',
        commandLine: [],
        keepMs: 400 * 86_400_000,
        startedAt: new Date(),
        elapsedMs: () => 0,
      },
      who: {user: 'bench', sudoUser: null, ci: null, job: null, jobUrl: null, requestedBy: null},
    },
    ...{host: 'bench', version: '0', now: () => new Date()},
    warn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const bus = createEventBus({
    run: id,
    now: () => new Date(),
    scrub: (event) => event,
    onFailure: (_, error) => void process.stderr.write(String(error)),
  });
  bus.subscribe('history', (stamped) => keeper.take(stamped));
  return {
    id,
    async emit(count, everyMs) {
      for (let n = 0; n < count; n++) {
        bus.emit({type: 'decision', message: `decision ${n} ${'m'.repeat(100)}`});
        if (everyMs > 0) await sleep(everyMs);
      }
    },
    async end() {
      await keeper.end({exitCode: 0, counts: countsOf({})});
      keeper.close();
    },
  };
}
