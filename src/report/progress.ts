import type {Event} from '../core/events.ts';
import {formatBytes, formatTime} from './amounts.ts';

export type ProgressEvent = Extract<Event, {type: 'progress'}>;

/** Lets something through at most once in a time, for each key by itself; the first comes through at once. */
export class Throttle {
  readonly #everyMs: number;
  readonly #last = new Map<string, number>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  passes(key: string, nowMs: number): boolean {
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last < this.#everyMs) return false;
    this.#last.set(key, nowMs);
    return true;
  }
}

/** Remembers the last ten seconds of each transfer, so that rate and remaining time follow what happens now. */
export class RateMeter {
  readonly #samples = new Map<string, {readonly atMs: number; readonly bytes: number}[]>();

  /** Bytes per second; undefined until two observations lie apart. */
  rate(key: string, bytes: number, nowMs: number): number | undefined {
    const kept = (this.#samples.get(key) ?? []).filter(
      ({atMs, bytes: then}) => nowMs - atMs <= 10_000 && then <= bytes,
    );
    const first = kept[0];
    this.#samples.set(key, [...kept, {atMs: nowMs, bytes}]);
    return first && nowMs > first.atMs ? ((bytes - first.bytes) * 1000) / (nowMs - first.atMs) : undefined;
  }
}

/** What names a transfer. */
export function progressKey({cloud, definition, version}: ProgressEvent): string {
  return JSON.stringify([cloud, definition, version]);
}

/**
 * `uploading 120 MiB of 580 MiB (21 %), 12 MiB/s, 38 s left, 12 s of at most 10 min`, then the same in fewer words, for a narrow terminal:
 * without the limit, then without the rate.
 */
export function progressTexts(event: ProgressEvent, rate: number | undefined): [string, ...string[]] {
  const {phase, bytes, total, elapsedMs, limitMs} = event;
  const what = `${phase}${amount(event)}`;
  const limit = `${formatTime(elapsedMs)} of at most ${formatTime(limitMs)}`;
  if (rate === undefined || rate <= 0) return [`${what}, ${limit}`, what];
  const perSecond = `${formatBytes(rate)}/s`;
  if (total === undefined || bytes === undefined || bytes >= total)
    return [`${what}, ${perSecond}, ${limit}`, `${what}, ${perSecond}`, what];
  const left = `${formatTime(((total - bytes) / rate) * 1000)} left`;
  return [`${what}, ${perSecond}, ${left}, ${limit}`, `${what}, ${perSecond}, ${left}`, `${what}, ${left}`];
}

function amount({bytes, total}: ProgressEvent): string {
  if (bytes === undefined) return '';
  if (total === undefined || total === 0) return ` ${formatBytes(bytes)}`;
  return ` ${formatBytes(bytes)} of ${formatBytes(total)} (${Math.floor((bytes / total) * 100)} %)`;
}
