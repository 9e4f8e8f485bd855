import type {Emit, Event} from '../core/events.ts';
import {ImgmgrError} from '../errors.ts';
import {exitCodeOf} from './exit-codes.ts';
import type {EndSignal, Io} from './io.ts';
import {LeftBehind} from './left-behind.ts';

/** How long the cleanup after the first signal may take. */
export const CLEANUP_LIMIT_MS = 30_000;

/** Listens for Ctrl-C and SIGTERM during one run. */
export interface Interruption {
  /** Aborted by the first signal, with an INTERRUPTED error as its reason. */
  readonly signal: AbortSignal;
  /** The first signal that came. */
  readonly received: () => EndSignal | undefined;
  /** Is to be shown every event, to know what is under way. */
  observe(event: Event): void;
  stop(): void;
}

/**
 * The first signal is told at once and aborts; the run cleans up, within {@link CLEANUP_LIMIT_MS}. The second one, or the
 * end of that time, tells what is left behind and ends the process.
 */
export function watchForInterruption(io: Io, emit: Emit): Interruption {
  const controller = new AbortController();
  const leftBehind = new LeftBehind();
  let first: EndSignal | undefined;
  let limit: NodeJS.Timeout | undefined;

  const leave = (signal: EndSignal): void => {
    clearTimeout(limit);
    emit({type: 'interrupted', signal, again: true, left: leftBehind.list()});
    io.leave(exitCodeOf({errors: [], changesPending: false, signal: first ?? signal}));
  };
  const stopListening = io.onEndSignal((signal) => {
    if (first !== undefined) {
      leave(signal);
      return;
    }
    first = signal;
    emit({type: 'interrupted', signal, again: false, left: []});
    limit = setTimeout(() => leave(signal), CLEANUP_LIMIT_MS);
    controller.abort(new ImgmgrError('INTERRUPTED', `interrupted by ${signal}`));
  });

  return {
    signal: controller.signal,
    received: () => first,
    observe: (event) => leftBehind.observe(event),
    stop() {
      clearTimeout(limit);
      stopListening();
    },
  };
}
