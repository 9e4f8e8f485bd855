/** The time that a fake cloud believes in: stamps, token expiry and the `Date` header all read it. */
export interface FakeClock {
  readonly now: () => Date;
  /** Moves the time on (or back) by milliseconds; a running clock keeps running. */
  advance(milliseconds: number): void;
  /** Sets the time; a running clock runs on from there. */
  set(time: Date): void;
}

/** A clock that runs with the real one, shifted by `aheadMs`. */
export function runningClock(aheadMs = 0): FakeClock {
  let offset = aheadMs;
  return {
    now: () => new Date(Date.now() + offset),
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    set: (time) => {
      offset = time.getTime() - Date.now();
    },
  };
}

/** A clock that stands still until it is told otherwise. */
export function stoppedClock(start: Date): FakeClock {
  let current = start.getTime();
  return {
    now: () => new Date(current),
    advance: (milliseconds) => {
      current += milliseconds;
    },
    set: (time) => {
      current = time.getTime();
    },
  };
}

/** ISO 8601 with whole seconds, as Glance prints times. */
export function wholeSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
