/** A moment as the official tests read it. */
export interface ReadDate {
  /** Milliseconds since 1970, UTC. */
  readonly ms: number;
  /** False for a spelling that the tests take though the standard does not list it. */
  readonly asWritten: boolean;
}

export const DAY_MS = 86_400_000;

/**
 * `YYYY-MM-DD`, `YYYY-MM-DD hh:mm[:ss]`, and what else the official tests take (`2026-1-5`, `2026-01-05T10:00:00Z`); UTC. Undefined for
 * anything else, for a day that no calendar has, and for the first second of 1970, which the tests take for nothing.
 */
export function readDate(text: string): ReadDate | undefined {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const hour = Number(parts[4] ?? parts[7] ?? 0);
  const minute = Number(parts[5] ?? parts[8] ?? 0);
  const second = Number(parts[6] ?? parts[9] ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  const same = date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  if (!same || date.getTime() === 0) return undefined;
  return {ms: date.getTime(), asWritten: AS_WRITTEN.test(text)};
}

/** The day (UTC) of a moment, `YYYY-MM-DD`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The first moment of the day behind this one (`YYYY-MM-DD`, UTC). */
export function endOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS;
}

const DATE =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:T([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})Z| ([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?)?$/;
const AS_WRITTEN = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?$/;
