import {describe, expect, it} from 'vitest';
import type {Outcome} from '../../../src/cli/exit-codes.ts';
import {EXIT_CODES, exitCodeOf, exitCodeOfError} from '../../../src/cli/exit-codes.ts';
import type {ErrorCode} from '../../../src/errors.ts';
import {ImgmgrError} from '../../../src/errors.ts';

function outcome(codes: readonly ErrorCode[], rest: Partial<Outcome> = {}): Outcome {
  return {errors: codes.map((code) => new ImgmgrError(code, 'something')), changesPending: false, ...rest};
}

describe('the exit code of one error', () => {
  it.each<[ErrorCode, number]>([
    ['USAGE', 2],
    ['CONFIG', 2],
    ['DEFINITION', 2],
    ['AUTH', 4],
    ['FORBIDDEN', 1],
    ['NOT_FOUND', 1],
    ['CONFLICT', 1],
    ['IN_USE', 0],
    ['CLOUD_REFUSED', 1],
    ['PROTOCOL', 1],
    ['QUOTA', 75],
    ['TIMEOUT', 75],
    ['UNAVAILABLE', 75],
    ['LOCKED', 75],
    ['SOURCE_REFUSED', 1],
    ['SOURCE_UNAVAILABLE', 75],
    ['DIGEST_MISMATCH', 1],
    ['DIGEST_UNKNOWN', 1],
    ['DIGEST_CHANGED', 1],
    ['FORMAT_REFUSED', 1],
    ['IMPORT_FAILED', 1],
    ['IMAGE_GONE', 1],
    ['DISK_FULL', 1],
    ['FOREIGN_IMAGE', 1],
    ['UNSUPPORTED', 1],
    ['LIMIT', 1],
    ['INTERRUPTED', 130],
    ['INTERNAL', 1],
  ])('%s leads to %i', (code, expected) => {
    expect(exitCodeOfError(code)).toBe(expected);
    expect(exitCodeOf(outcome([code]))).toBe(expected);
  });
});

describe('several at once', () => {
  it.each<[string, Outcome, number]>([
    ['nothing wrong is 0', outcome([]), 0],
    ['changes pending is 3', outcome([], {changesPending: true}), 3],
    ['temporary beats pending', outcome(['LOCKED'], {changesPending: true}), 75],
    ['failed beats temporary', outcome(['QUOTA', 'DIGEST_MISMATCH']), 1],
    ['a refused login beats failed', outcome(['IMPORT_FAILED', 'AUTH', 'TIMEOUT']), 4],
    ['a wrong configuration beats a refused login', outcome(['AUTH', 'CONFIG']), 2],
    ['SIGINT beats everything', outcome(['CONFIG', 'AUTH'], {signal: 'SIGINT', changesPending: true}), 130],
    ['SIGTERM beats everything', outcome(['USAGE'], {signal: 'SIGTERM'}), 143],
    ['SIGTERM wins over the INTERRUPTED errors that it caused', outcome(['INTERRUPTED'], {signal: 'SIGTERM'}), 143],
    ['an image in use does not fail a run', outcome(['IN_USE']), 0],
    ['an image in use hides nothing', outcome(['IN_USE', 'QUOTA']), 75],
  ])('%s', (_title, given, expected) => {
    expect(exitCodeOf(given)).toBe(expected);
  });

  it('lists every code once, in the order of precedence', () => {
    expect(EXIT_CODES.map(({code}) => code)).toEqual([130, 143, 2, 4, 5, 1, 75, 3, 0]);
  });
});
