import {describe, expect, test} from 'vitest';
import {DEFAULT_LIMITS, limitsOf, parseSize, raiseHint} from '../../../src/core/limits.ts';

describe('R12: sizes', () => {
  test.each([
    ['1', 1],
    ['2K', 2048],
    ['512M', 512 * 1024 ** 2],
    ['20G', 20 * 1024 ** 3],
    ['1T', 1024 ** 4],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(['', '0', '0G', '-1', '1.5G', '20 G', '20GB', 'G', '1e3', '999999999999999T'])('not %j', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );
});

describe('R12: a limit', () => {
  test('is what the flag says, else the definition, else the default', () => {
    expect(limitsOf(undefined, undefined)).toEqual(DEFAULT_LIMITS);
    expect(limitsOf({virtual: 1}, {virtual: 2, download: 3})).toEqual({...DEFAULT_LIMITS, virtual: 1, download: 3});
  });

  test('is named where it is met', () => {
    expect(raiseHint('unpacked')).toBe(
      'if this size is meant, raise the limit with --max-unpacked, or with limits: {unpacked: …} in the definition',
    );
  });
});
