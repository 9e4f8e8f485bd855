import {parseSize} from '../core/limits.ts';
import type {Digest} from '../core/release/digest.ts';
import {digestFromHex, parseDigest} from '../core/release/digest.ts';
import {nearest} from '../core/nearest.ts';
import {isLoopback} from '../core/public-url.ts';
import {parseShard} from '../core/shard.ts';
import {isCalendarDate, parseDuration, parseUntil} from '../core/time-text.ts';
import {reservedKey} from '../core/definition/meta.ts';
import {ImgmgrError} from '../errors.ts';

/** Reads a whole number of at least `min`; anything else is a usage error that names the flag. */
export function wholeNumber(flag: string, min = 0): (text: string) => number {
  return (text) => {
    if (!/^\d{1,9}$/.test(text) || Number(text) < min)
      throw new ImgmgrError('USAGE', `${flag} takes a whole number of at least ${min}, not ${quote(text)}`);
    return Number(text);
  };
}

/** Reads a size in bytes. */
export const bytes = reader('a size', 'write a number with its unit, like 512M, 20G or 1T', parseSize);

/** Reads the part of the work that a run does. */
export const shard = reader(
  'K/N',
  'K from 1 to N, N at most 1000, for example 2/4; or auto/4, in an indexed job of Kubernetes',
  parseShard,
);

/** Reads one of some words, which {@link wordsOf} tells. */
export function oneOf<Word extends string>(flag: string, words: readonly Word[]): (text: string) => Word {
  const read = (text: string): Word => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    const near = nearest(text, words, 1)[0];
    throw new ImgmgrError('USAGE', `${flag} takes ${words.join(', ')}, not ${quote(text)}`, {
      ...(near !== undefined && {hint: `did you mean ${near}?`}),
    });
  };
  WORDS.set(read, words);
  return read;
}

const WORDS = new WeakMap<object, readonly string[]>();

/** The words of which a reader takes one; undefined where it takes others. */
export function wordsOf(read: object | undefined): readonly string[] | undefined {
  return read && WORDS.get(read);
}

/** Reads a time: seconds when it is a bare number, else `90s`, `10m`, `1h30m`; the result is milliseconds. */
export const duration = reader('a time', 'write seconds (90), or a number with its unit (90s, 10m, 1h30m)', durationMs);

const DAYS_HINT = 'write days or hours, like 7d or 36h, ten years at most';

/** Reads a time ahead, `7d` or `36h`, at most ten years; the result is milliseconds. */
export const timeAhead = reader('a time ahead', DAYS_HINT, daysMs);

/** Reads how long something is kept, `400d` or `36h`, at most ten years; the result is milliseconds. */
export const keepTime = reader('a number of days', DAYS_HINT, daysMs);

/** Reads when something began: a time back (`7d`, `36h`), a day or a time (`2026-11-01`, `2026-11-01T08:00Z`; UTC). */
export const timeBack = reader<{readonly backMs: number} | {readonly sinceMs: number}>(
  'a time',
  'write how far back, like 7d or 36h, or a day or time of UTC, like 2026-11-01 or 2026-11-01T08:00Z',
  (text) => {
    const backMs = daysMs(text);
    if (backMs !== undefined) return {backMs};
    const [, day, time = 'T00:00Z'] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)?$/.exec(text) ?? [];
    if (day === undefined || !isCalendarDate(day)) return undefined;
    const sinceMs = Date.parse(`${day}${time}`);
    return Number.isNaN(sinceMs) ? undefined : {sinceMs};
  },
);

/** Collects a flag that may be given several times, each with one or more values separated by commas. */
export function list(flag: string): (text: string, before: readonly string[] | undefined) => string[] {
  return (text, before = []) => {
    const values = text.split(',').map((value) => value.trim());
    if (values.includes('')) throw new ImgmgrError('USAGE', `${flag} has an empty value in ${quote(text)}`);
    return [...before, ...values];
  };
}

/** Reads text that must not be empty. */
export function word(flag: string): (value: string) => string {
  return (value) => {
    if (value.trim() === '') throw new ImgmgrError('USAGE', `${flag} is empty`);
    return value;
  };
}

/** Reads `algo:hex` or a bare hexadecimal digest, whose length says its algorithm. */
export const checksum = reader<Digest>(
  'a digest',
  'write it as sha256:…, sha512:…, or as the bare hexadecimal digits, all of them',
  (text) => parseDigest(text) ?? digestFromHex(text.trim()),
);

/** Reads a day, `YYYY-MM-DD`. */
export const day = reader('a day', 'write it as YYYY-MM-DD', (text) => (isCalendarDate(text) ? text : undefined));

/** Reads the end of a time, a day (its end, UTC) or a moment; the result is milliseconds since 1970. */
export const until = reader(
  'a day or a moment',
  'write it as 2026-12-24, or as 2026-12-24T18:00Z or 2026-12-24T18:00+01:00',
  parseUntil,
);

/** Reads `HOST:PORT`, `HOST:PORT-PORT` or both without HOST, an IPv6 host in brackets; the port 0 is any free one. */
export function socket(flag: string): (text: string) => {host: string; port: number; lastPort?: number} {
  return (value) => {
    const [, first = value, last] = /^(.*:\d{1,5})-(\d{1,5})$/.exec(value) ?? [];
    const {host, port} = hostAndPort(flag)(first.startsWith(':') ? `0.0.0.0${first}` : first);
    if (port === undefined)
      throw new ImgmgrError('USAGE', `${flag} takes HOST:PORT, not ${quote(value)}`, {hint: 'the port is missing'});
    if (last === undefined) return {host, port};
    const lastPort = Number(last);
    if (port > 0 && port <= lastPort && lastPort <= 65_535) return {host, port, lastPort};
    throw new ImgmgrError('USAGE', `${flag} takes HOST:PORT or HOST:PORT-PORT, not ${quote(value)}`, {
      hint: 'a range goes from 1 on to 65535 at most, the lower one first, for example :7443-7450',
    });
  };
}

/** Reads the address of a webhook; http only on this host. What is wrong is said without the address, which may hold a secret. */
export function webhookAddress(flag: string): (text: string) => URL {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const wrong = (what: string, hint: string): ImgmgrError => new ImgmgrError('USAGE', `${flag} ${what}`, {hint});
    if (!url || !['http:', 'https:'].includes(url.protocol))
      throw wrong('takes an address of https', 'for example https://hooks.example.org/imgmgr');
    if (url.username !== '' || url.password !== '')
      throw wrong(
        'holds a user or a password',
        `put a secret into a file of its own, and name that with ${flag}-secret-file`,
      );
    if (url.protocol === 'http:' && !isLoopback(url))
      throw wrong(
        `takes https, and http only on this host, not on ${url.host}`,
        'let what listens there speak https, or listen on 127.0.0.1 and pass it on',
      );
    return url;
  };
}

/** Reads `HOST` or `HOST:PORT`, an IPv6 host in brackets. */
export function hostAndPort(flag: string): (text: string) => {host: string; port?: number} {
  return (value) => {
    const [, ipv6, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
    const host = ipv6 ?? plain;
    if (host === undefined || Number(port ?? 0) > 65_535)
      throw new ImgmgrError('USAGE', `${flag} takes HOST:PORT, not ${quote(value)}`, {
        hint: 'for example 192.0.2.7:7443, or [2001:db8::7]:7443',
      });
    return {host, ...(port !== undefined && {port: Number(port)})};
  };
}

/** Collects `key=value` pairs. */
export function pairs(
  flag: string,
): (text: string, before: Record<string, string> | undefined) => Record<string, string> {
  return (value, before = {}) => {
    const at = value.indexOf('=');
    if (at < 1)
      throw new ImgmgrError('USAGE', `${flag} takes key=value, not ${quote(value)}`, {
        hint: `for example ${flag} os_distro=debian`,
      });
    const key = value.slice(0, at);
    const reserved = reservedKey(key);
    if (reserved)
      throw new ImgmgrError('USAGE', `${flag} ${quote(value)}: ${quote(key)} ${reserved.reason}`, {
        place: flag,
        hint: reserved.field === undefined ? reserved.hint : `use the flag for ${reserved.field}, or a definition`,
      });
    return {...before, [key]: value.slice(at + 1)};
  };
}

/** The reader of a flag that takes one kind of value; `read` gives undefined for what is none, which is a usage error. */
function reader<T>(kind: string, hint: string, read: (text: string) => T | undefined) {
  return (flag: string) =>
    (text: string): T => {
      const value = read(text);
      if (value === undefined) throw new ImgmgrError('USAGE', `${flag} takes ${kind}, not ${quote(text)}`, {hint});
      return value;
    };
}

function daysMs(text: string): number | undefined {
  const [, number, unit] = /^([1-9]\d{0,4})([dh])$/.exec(text) ?? [];
  const hours = Number(number) * (unit === 'd' ? 24 : 1);
  return hours <= 87_600 ? hours * 3_600_000 : undefined;
}

function durationMs(value: string): number | undefined {
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : parseDuration(value);
  return seconds === undefined ? undefined : seconds * 1000;
}

function quote(value: string): string {
  return JSON.stringify(value);
}

/** Collects what must not be empty; the flag may be repeated. */
export function words(flag: string): (text: string, before: readonly string[] | undefined) => readonly string[] {
  const one = word(flag);
  return (value, before = []) => [...before, one(value)];
}
