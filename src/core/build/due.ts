import {isCalendarDate} from '../time-text.ts';

const DAY_MS = 86_400_000;

/** Days between two builds, by SCS-0102's `replace_frequency`; the other values promise no rhythm. */
const DAYS: Readonly<Record<string, number>> = {daily: 1, weekly: 7, monthly: 30, quarterly: 91, yearly: 365};

/**
 * Is an image of that version (`YYYYMMDD[.n]`) due to be built anew, for its updates? Never where `replace_frequency` names no rhythm
 * (`critical_bug`, `never`) or the version is no build date.
 * https://docs.scs.community/standards/scs-0102-v1-image-metadata
 */
export function isDue(version: string, frequency: string | undefined, now: Date): boolean {
  const days = DAYS[frequency ?? ''];
  const built = dateOf(version);
  return days !== undefined && built !== undefined && now.getTime() - built >= days * DAY_MS;
}

/**
 * The version of a build that begins now: the UTC date, with a number where there is one of that day already. It is newer than all
 * of them, also where earlier ones are gone by now, or where one bears a later day since a clock was wrong.
 */
export function nextVersion(now: Date, taken: ReadonlySet<string>): string {
  const today = now.toISOString().slice(0, 10).replaceAll('-', '');
  const days = [...taken].filter((version) => dateOf(version) !== undefined).map((version) => version.slice(0, 8));
  const day = days.reduce((latest, other) => (other > latest ? other : latest), today);
  const numbers = [...taken].flatMap((version) => {
    if (version === day) return [0];
    const [, number] = new RegExp(`^${day}\\.(\\d+)$`).exec(version) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers.length === 0 ? day : `${day}.${Math.max(...numbers) + 1}`;
}

/** `YYYY-MM-DD` of a build's version; undefined when it is none. */
export function buildDateOf(version: string): string | undefined {
  const built = dateOf(version);
  return built === undefined ? undefined : new Date(built).toISOString().slice(0, 10);
}

function dateOf(version: string): number | undefined {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)(?:\.\d+)?$/.exec(version) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const text = `${year}-${month}-${day}`;
  return isCalendarDate(text) ? Date.parse(`${text}T00:00:00Z`) : undefined;
}
