/** True for a day of the calendar written `YYYY-MM-DD`. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/**
 * The day (UTC, `YYYY-MM-DD`) of a file's last change; today's where that is unknown, lies in the future, or before 1970: a clock that is
 * wrong would otherwise name a version that stays the newest for ever.
 */
export function dayOfChange(changed: Date | undefined, now: Date): string {
  const time = changed?.getTime() ?? Number.NaN;
  return new Date(time >= 0 && time <= now.getTime() ? time : now).toISOString().slice(0, 10);
}

/** Seconds of `90s`, `10m`, `2h` or `1h30m`; undefined for anything else, a bare number and zero included. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (parts === null) return undefined;
  const [, hours = 0, minutes = 0, rest = 0] = parts;
  const seconds = 3600 * Number(hours) + 60 * Number(minutes) + Number(rest);
  return seconds > 0 && Number.isSafeInteger(seconds) ? seconds : undefined;
}

const DAY_MS = 86_400_000;
const MOMENT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:Z|([+-])([01]\d):([0-5]\d))$/;

/**
 * The end of a time that lasts until then, milliseconds since 1970: of a day (`YYYY-MM-DD`, UTC) its last moment, of
 * `YYYY-MM-DDThh:mm[:ss]` with `Z` or an offset (`+02:00`) that moment. Undefined for anything else.
 */
export function parseUntil(text: string): number | undefined {
  if (isCalendarDate(text)) return Date.parse(`${text}T00:00:00Z`) + DAY_MS;
  const [, day, hours = 0, minutes = 0, seconds = 0, sign, offHours = 0, offMinutes = 0] = MOMENT.exec(text) ?? [];
  if (day === undefined || !isCalendarDate(day)) return undefined;
  const inDay = 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds);
  const offset = (sign === '-' ? -1 : 1) * (3600 * Number(offHours) + 60 * Number(offMinutes));
  return Date.parse(`${day}T00:00:00Z`) + 1000 * (inDay - offset);
}

/** A moment as people read it: `2026-12-24 18:00 UTC`, with seconds where they are not 0. */
export function momentText(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, text.endsWith(':00.000Z') ? 16 : 19)} UTC`;
}
