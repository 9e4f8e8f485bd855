import type {Env, OutputStream} from './streams.ts';

/** How many colours a stream gets: none, 16, 256 or all of them; chalk's levels. */
export type ColorLevel = 0 | 1 | 2 | 3;

/** Decides for one stream. `--no-color` wins over `FORCE_COLOR`, that over `NO_COLOR`, `TERM=dumb` and "no terminal". */
export function colorLevel({env, isTTY, wanted}: ColorQuestion): ColorLevel {
  if (!wanted) return 0;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forcedLevel(forced);
  if (!isTTY || isSet(env['NO_COLOR']) || env['TERM'] === 'dumb') return 0;
  if (/^(truecolor|24bit)$/.test(env['COLORTERM'] ?? '')) return 3;
  return /256(color)?$/.test(env['TERM'] ?? '') ? 2 : 1;
}

/** What the decision rests on; `wanted` is false for `--no-color`. */
export interface ColorQuestion {
  readonly env: Env;
  readonly isTTY: boolean;
  readonly wanted: boolean;
}

/** May things move on this stream: a terminal that can move its cursor, with somebody in front of it. */
export function mayMove(env: Env, {isTTY, columns}: Pick<OutputStream, 'isTTY' | 'columns'>): boolean {
  // A terminal without a width (expect, script) makes ora count endless lines to take back.
  return isTTY === true && columns !== 0 && env['TERM'] !== 'dumb' && !isSet(env['CI']);
}

function forcedLevel(value: string): ColorLevel {
  if (value === '0' || value === 'false') return 0;
  if (value === '2') return 2;
  return value === '3' ? 3 : 1;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
