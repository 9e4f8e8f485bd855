import {IMAGE_PHASES} from '../../src/core/phase/phase.ts';

/** What guests, images, logs and definitions may say to have a browser do something. */
export const HOSTILE =
  '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'><svg/onload=alert(3)>javascript:alert(4)&lt;b&gt;\u202egnp.exe\u2066\u0000\u001b[31m\u001b]0;t\u0007{{7*7}}${7*7}';

/** Fields whose text comes from outside, or is made of such. */
const FREE: ReadonlySet<string> = new Set([
  ...'name detail reason message hint remedy found wanted origin user host phase command text why cause'.split(' '),
  ...'line noticed unknown subject source revoked definition version title job profile field cloud place'.split(' '),
]);

/** Words of closed lists, which no text from outside gets into. */
const WORDS: ReadonlySet<string> = new Set(['cookie', ...IMAGE_PHASES]);

/** The same value, with every text from outside followed by {@link HOSTILE}. */
export function hostile<T>(value: T): T {
  return changed(value, '') as T;
}

function changed(value: unknown, key: string): unknown {
  if (typeof value === 'string') return FREE.has(key) && !WORDS.has(value) ? value + HOSTILE : value;
  if (Array.isArray(value))
    return value.map((one: unknown) => changed(one, key === 'definitions' || key === 'texts' ? 'text' : key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => {
      const isProperties = name === 'properties';
      if (!isProperties) return [name, changed(part, name)];
      return [name, {...(part as object), [`p${HOSTILE}`]: HOSTILE}];
    }),
  );
}
