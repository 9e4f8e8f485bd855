import {expect, test} from 'vitest';
import {compareVersions} from '../../../../src/core/release/version.ts';

test.each([
  ['numbers count as numbers', ['9', '10', '100']],
  ['parts of a version too', ['1.2', '1.9', '1.10', '2.0']],
  ['dates and their respins', ['20260901', '20260901.1', '20260901.2', '20260901.10', '20261001']],
  ['a longer version is newer', ['1', '1.0', '1.0.0']],
  ['text by its characters', ['1.0', '1.0-b', '1.0-rc1', '1.0-rc2', '1.0-rc10']],
  ['a leading letter', ['v1.2', 'v1.10', 'v2']],
  ['numbers beyond 2^53', ['90071992547409921', '90071992547409922', '90071992547409930']],
  ['latest is above everything, letters too', ['20260901', 'v2', 'zz', 'latest']],
  ['equal numbers by their characters', ['1.01', '1.1']],
  [
    'L: the builds of a day, in Debian’s folders',
    ['20260712-2537', '20260712-10001', '20260901-1234', '20260901-2000'],
  ],
  ['L: respins of Ubuntu, Rocky and Alma', ['20260108', '20260108.1', '20260108.2', '20260108.10', '20260525.0']],
  ['L: dates with dots', ['2025.12.31', '2026.9.1', '2026.10.01', '2026.10.01.1']],
  ['L: dates with dashes', ['2025-12-31', '2026-09-01', '2026-09-01-1', '2026-10-01']],
  ['L: releases with a build date', ['9.7-20251123.2', '9.7-20260101.0', '10.1-20251123.0', '10.2-20260525.0']],
  ['L: Arch’s dates with jobs', ['v20260901.99', 'v20260901.100', 'v20261001.1']],
  ['L: Alpine’s respins', ['3.22.1-r0', '3.22.1-r1', '3.22.1-r10', '3.22.2-r0']],
  ['nothing is below everything', ['', '0', 'a']],
  ['code points, not halves of pairs', ['\u{ffee}', '\u{10000}', '\u{10001}', '\u{1f600}']],
  ['half a pair without the other half', ['\u{d800}', '\u{d800}\u{e000}', '\u{10000}']],
])('%s', (_, oldestFirst) => {
  expect(oldestFirst.toReversed().sort(compareVersions)).toEqual(oldestFirst);
  for (const version of oldestFirst) expect(compareVersions(version, version)).toBe(0);
});
