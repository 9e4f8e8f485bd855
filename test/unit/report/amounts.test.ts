import {describe, expect, it} from 'vitest';
import {formatBytes, formatCount, formatTime} from '../../../src/report/amounts.ts';
import {clean} from '../../../src/report/clean.ts';
import type {ColorQuestion} from '../../../src/report/color.ts';
import {colorLevel, mayMove} from '../../../src/report/color.ts';
import {Throttle, progressTexts} from '../../../src/report/progress.ts';
import {PROGRESS} from './samples.ts';

describe('amounts', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [21 * 1024 ** 2, '21 MiB'],
    [1.4 * 1024 ** 3, '1.4 GiB'],
    [3000 * 1024 ** 4, '3000 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0.0 s'],
    [90, '0.1 s'],
    [9_960, '10 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [3_600_000, '1 h'],
    [3_720_000, '1 h 2 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatTime(ms)).toBe(text);
  });

  it('counts one and many', () => {
    expect([formatCount(1, 'image'), formatCount(2, 'image')]).toEqual(['1 image', '2 images']);
  });
});

describe('progress', () => {
  it('tells bytes, total, rate, remaining time, and elapsed time with its limit', () => {
    expect(progressTexts({...PROGRESS, percent: 9.9, currentBps: 1024 ** 2, averageBps: 2048})).toEqual([
      'uploading 10 MiB of 100 MiB (9 %), 1.0 MiB/s (average 2.0 KiB/s), 1 min 30 s left, 2.0 s of at most 30 min',
      'uploading 10 MiB of 100 MiB (9 %), 1.0 MiB/s, 1 min 30 s left, 2.0 s of at most 30 min',
      'uploading 10 MiB of 100 MiB (9 %), 1.0 MiB/s, 1 min 30 s left',
      'uploading 10 MiB of 100 MiB, 1 min 30 s left',
    ]);
  });

  it('tells less where less is known', () => {
    const {type, cloud, definition, version, elapsedMs, limitMs} = PROGRESS;
    const unknown = {type, cloud, definition, version, elapsedMs, limitMs, phase: 'uploading'} as const;
    expect(progressTexts({...unknown, phase: 'importing'})).toEqual([
      'importing, 2.0 s of at most 30 min',
      'importing',
    ]);
    expect(progressTexts({...unknown, bytes: 2048})).toEqual([
      'uploading 2.0 KiB, 2.0 s of at most 30 min',
      'uploading 2.0 KiB',
    ]);
  });

  it('says nothing of a total that was passed', () => {
    expect(progressTexts({...PROGRESS, bytes: 2 * 1024 ** 3, percent: 90, currentBps: 1024}).at(-1)).toBe(
      'uploading 2.0 GiB (90 %)',
    );
  });

  it('names what is waited for', () => {
    expect(progressTexts({...PROGRESS, phase: 'waiting-for-upload', bytes: 0}).at(-1)).toBe(
      'waiting for the upload 0 B of 100 MiB',
    );
  });

  it('lets each key through once in its time', () => {
    const throttle = new Throttle(100);
    expect([0, 50, 99, 100, 150].map((now) => throttle.passes('a', now))).toEqual([true, false, false, true, false]);
    expect(throttle.passes('b', 150)).toBe(true);
  });
});

describe('colour', () => {
  const tty: ColorQuestion = {env: {TERM: 'xterm'}, isTTY: true, wanted: true};
  it.each<[string, Partial<ColorQuestion>, number]>([
    ['a terminal has colour', {}, 1],
    ['a 256 colour terminal has 256', {env: {TERM: 'xterm-256color'}}, 2],
    ['COLORTERM=truecolor has all', {env: {COLORTERM: 'truecolor'}}, 3],
    ['a file has none', {isTTY: false}, 0],
    ['NO_COLOR takes it away', {env: {NO_COLOR: '1'}}, 0],
    ['an empty NO_COLOR does not count', {env: {TERM: 'xterm', NO_COLOR: ''}}, 1],
    ['TERM=dumb takes it away', {env: {TERM: 'dumb'}}, 0],
    ['FORCE_COLOR gives it to a file', {isTTY: false, env: {FORCE_COLOR: '1'}}, 1],
    ['FORCE_COLOR chooses the level', {isTTY: false, env: {FORCE_COLOR: '3'}}, 3],
    ['FORCE_COLOR=0 takes it away', {env: {FORCE_COLOR: '0'}}, 0],
    ['--no-color wins over FORCE_COLOR', {wanted: false, env: {FORCE_COLOR: '3'}}, 0],
  ])('%s', (_title, change, level) => {
    expect(colorLevel({...tty, ...change})).toBe(level);
  });

  it('nothing moves without a terminal, in CI, on a dumb one, and on one without a width', () => {
    const terminal = {isTTY: true, columns: 80};
    expect(mayMove({TERM: 'xterm'}, terminal)).toBe(true);
    expect(mayMove({TERM: 'xterm'}, {columns: 80})).toBe(false);
    expect(mayMove({TERM: 'xterm', CI: 'true'}, terminal)).toBe(false);
    expect(mayMove({TERM: 'dumb'}, terminal)).toBe(false);
    expect(mayMove({TERM: 'xterm'}, {...terminal, columns: 0})).toBe(false);
  });
});

describe('clean text', () => {
  it.each([
    ['\u001b]0;title\u0007', '?]0;title?'],
    ['a\r\nb\tc', 'a??b c'],
    ['\u200f\u061c\u2028', '???'],
    ['\ud800 \udc00 \ufffe\uffff\u{1fffe}', '? ? ???'],
    ['👩\u200d💻 \u{10fffd}', '👩\u200d💻 \u{10fffd}'],
    ['\u009b31m', '?31m'],
    ['\u202eevil\u2066', '?evil?'],
    ['größe → 3 µm', 'größe → 3 µm'],
  ])('%j becomes %j', (dirty, expected) => {
    expect(clean(dirty)).toBe(expected);
  });
});
