import type {Emit, Event} from '../core/events.ts';
import {ImgmgrError} from '../errors.ts';
import {exitCodeOf} from './exit-codes.ts';
import type {ExitCode} from './exit-codes.ts';
import type {EndSignal, Io} from './io.ts';
import {LeftBehind} from './left-behind.ts';

/** How long the cleanup after the first signal may take. */
export const CLEANUP_LIMIT_MS = 30_000;
/** How long a run that has written nothing may take to end: there is nothing to clean up. */
export const READING_LIMIT_MS = 700;

/** Listens for Ctrl-C and SIGTERM, and for outputs that cannot be written, during one run. */
export interface Interruption {
  /** Aborted by the first signal or lost output, with an INTERRUPTED error as its reason. */
  readonly signal: AbortSignal;
  /** Aborted with it where nothing was written yet: every connection may be dropped. */
  readonly abandoned: AbortSignal;
  /** The first signal that came. */
  readonly received: () => EndSignal | undefined;
  /** Why an output cannot be written, where that is so. */
  readonly lost: () => ImgmgrError | undefined;
  /** Fulfilled when a run that has written nothing does not end by itself. */
  readonly overdue: Promise<ImgmgrError>;
  /** Says that something is about to be written, until the result is called. Throws INTERRUPTED where the run is to end. */
  readonly beginWriting: () => () => void;
  /** Is to be shown every event, to know what is under way. */
  observe(event: Event): void;
  stop(): void;
}

/**
 * The first signal is reported at once and aborts; the run cleans up, within {@link CLEANUP_LIMIT_MS}, or ends within
 * {@link READING_LIMIT_MS} where it has written nothing. The second one, or the end of that time, reports what is left behind
 * and ends the process.
 */
export function watchForInterruption(io: Io, emit: Emit): Interruption {
  const controller = new AbortController();
  const abandon = new AbortController();
  const leftBehind = new LeftBehind();
  const overdue = Promise.withResolvers<ImgmgrError>();
  let first: EndSignal | undefined;
  let lost: ImgmgrError | undefined;
  let writing = 0;
  let limit: NodeJS.Timeout | undefined;

  const leave = (signal: EndSignal, late: boolean): void => {
    clearTimeout(limit);
    emit({type: 'interrupted', signal, again: true, left: leftBehind.list(), ...(late && {late})});
    io.leave(codeOf(first ?? (lost ? undefined : signal), lost));
  };
  const begin = (signal: EndSignal, reason: ImgmgrError): void => {
    const limitMs = writing === 0 ? READING_LIMIT_MS : CLEANUP_LIMIT_MS;
    limit = setTimeout(() => {
      leave(signal, true);
      if (writing === 0) overdue.resolve(reason);
    }, limitMs);
    if (writing === 0) abandon.abort(reason);
    controller.abort(reason);
  };
  const stopListening = io.onEndSignal((signal) => {
    if (first !== undefined) {
      leave(signal, false);
      return;
    }
    first = signal;
    emit({type: 'interrupted', signal, again: false, left: []});
    if (!controller.signal.aborted) begin(signal, new ImgmgrError('INTERRUPTED', `interrupted by ${signal}`));
  });
  const stopWatching = io.onLostOutput((error) => {
    if (lost !== undefined) return;
    lost = error;
    if (!controller.signal.aborted) begin('SIGTERM', new ImgmgrError('INTERRUPTED', error.message, {cause: error}));
  });

  return {
    signal: controller.signal,
    abandoned: abandon.signal,
    received: () => first,
    lost: () => lost,
    overdue: overdue.promise,
    beginWriting() {
      controller.signal.throwIfAborted();
      writing++;
      return () => {
        writing--;
      };
    },
    observe: (event) => leftBehind.observe(event),
    stop() {
      clearTimeout(limit);
      stopListening();
      stopWatching();
    },
  };
}

function codeOf(signal: EndSignal | undefined, lost: ImgmgrError | undefined): ExitCode {
  return exitCodeOf({errors: lost ? [lost] : [], changesPending: false, ...(signal && {signal})});
}
