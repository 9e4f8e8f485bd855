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
