import {asApiError} from './api.ts';
import {fill} from './dom.ts';
import {problem} from './notes.ts';

/** What keeps a part of a page fresh. */
export interface Fresh {
  /** Asks again now. */
  readonly now: () => Promise<void>;
}

/**
 * Loads and shows something, and does so again after the time that `show` answers with (milliseconds; undefined: never by itself), while the
 * page is seen. Where loading fails, what was shown stays, below the problem, and it is tried again.
 */
export function keepFresh<T>(of: {
  readonly problems: HTMLElement;
  readonly load: () => Promise<T>;
  readonly show: (answer: T) => number | undefined;
}): Fresh {
  const {problems, load, show} = of;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const later = (ms: number | undefined): void => {
    clearTimeout(timer);
    if (ms === undefined) timer = undefined;
    else
      timer = setTimeout(() => {
        if (document.hidden) later(ms);
        else void now();
      }, ms);
  };
  const now = async (): Promise<void> => {
    try {
      const wait = show(await load());
      fill(problems);
      later(wait);
    } catch (error) {
      fill(problems, problem(error));
      // A refusal stays one; a server that is away may come back.
      later(asApiError(error).status === 0 || asApiError(error).status >= 500 ? 5000 : undefined);
    }
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && timer !== undefined) later(1000);
  });
  return {now};
}
