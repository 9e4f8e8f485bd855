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

const UNITS: Readonly<Record<string, number>> = {h: 3600, m: 60, s: 1};

/** Seconds of `90s`, `10m`, `2h` or `1h30m`; undefined for anything else, a bare number and zero included. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+h)?(?:\d+m)?(?:\d+s)?$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([hms])/g)) seconds += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return seconds > 0 && Number.isSafeInteger(seconds) ? seconds : undefined;
}
