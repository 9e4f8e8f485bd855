/** A moment (ISO 8601) in the zone of this browser, which it names: `2026-11-27 13:03:11 UTC+01:00`. Anything else as it is. */
export function momentText(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zoneText(-at.getTimezoneOffset())}`;
}

/** How long something took: `45 s`, `2 min 05 s`, `1 h 02 min`, `3 d 4 h`; milliseconds. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago something was, in one unit: `now`, `40 s ago`, `3 min ago`, `2 days ago`, `in 5 days`. */
export function ageText(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const units = [
    [86_400 * 2, 86_400, 'days'],
    [7200, 3600, 'h'],
    [120, 60, 'min'],
    [5, 1, 's'],
  ] as const;
  const [, size, unit] = units.find(([least]) => seconds >= least) ?? [0, 0, ''];
  if (size === 0) return 'now';
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

function zoneText(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const off = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(off / 60))}:${two(off % 60)}`;
}
