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

/** What names a transfer. */
export function progressKey({cloud, definition, version}: ProgressEvent): string {
  return JSON.stringify([cloud, definition, version]);
}

/**
 * `uploading 120 MiB of 580 MiB (18 %), 12 MiB/s (average 9.0 MiB/s), 38 s left, 12 s of at most 10 min`, then the same in fewer words, for
 * a narrow terminal: without the average, without the limit, without share and rate.
 */
export function progressTexts(event: ProgressEvent): [string, ...string[]] {
  const {bytes, total, elapsedMs, limitMs, currentBps = 0, averageBps} = event;
  const brief = `${stageText(event)}${amount(event)}`;
  const what = `${brief}${share(event)}`;
  const limit = `${formatTime(elapsedMs)} of at most ${formatTime(limitMs)}`;
  if (currentBps <= 0) return [`${what}, ${limit}`, what];
  const perSecond = `${formatBytes(currentBps)}/s`;
  const both = averageBps === undefined ? perSecond : `${perSecond} (average ${formatBytes(averageBps)}/s)`;
  if (total === undefined || bytes === undefined || bytes >= total)
    return [`${what}, ${both}, ${limit}`, `${what}, ${perSecond}`, what];
  const left = `${formatTime(((total - bytes) / currentBps) * 1000)} left`;
  return [
    `${what}, ${both}, ${left}, ${limit}`,
    `${what}, ${perSecond}, ${left}, ${limit}`,
    `${what}, ${perSecond}, ${left}`,
    `${brief}, ${left}`,
  ];
}

function stageText({phase}: ProgressEvent): string {
  return phase === 'waiting-for-upload' ? 'waiting for the upload' : phase;
}

/** A total that was passed is wrong, and is not shown. */
function amount({bytes, total}: ProgressEvent): string {
  if (bytes === undefined) return '';
  if (total === undefined || total === 0 || bytes > total) return ` ${formatBytes(bytes)}`;
  return ` ${formatBytes(bytes)} of ${formatBytes(total)}`;
}

function share({percent, total}: ProgressEvent): string {
  return percent === undefined || total === undefined ? '' : ` (${Math.floor(percent)} %)`;
}
