import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';

/**
 * Which test has which numbered case of what a source may be (detection, unpacking, http, container images, life of an image); those
 * with files of the real tools bear their numbers (test/oracle/source-cases.test.ts), and so do the advisories.
 */
const CASES: readonly (readonly [number: number, file: string, title: string])[] = [
  ...[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26].map(numbered),
  ...[27, 29, 30, 31, 33, 34, 35, 37, 38, 39].map(numbered),
  [38, 'test/unit/sources/http.test.ts', 'never from https to http'],
  [41, 'test/unit/openstack/glance/import-state.test.ts', 'a failed one is the reason, wherever the record stands'],
  [41, 'test/cli/behaviour-table-bytes.test.ts', 'row 37: an import that never ends leaves time for the next way'],
  [42, 'test/cli/second-guard.test.ts', 'S1: is not to be had by web-download'],
  [43, 'test/cli/faults.test.ts', "'unsupported415'"],
  [46, 'test/kill/signals.test.ts', 'at any write ends with %i, leaves nothing at once'],
  [47, 'test/unit/sources/oci/oci.test.ts', 'is not sent to the server that a registry redirects to'],
  [49, 'test/unit/sources/oci/oci.test.ts', 'is the one file below /disk (%s)'],
  [49, 'test/unit/sources/oci/oci.test.ts', "'two files'"],
  [50, 'test/unit/sources/oci/oci.test.ts', "{name: 'diskette/x', content: 'y'}"],
  [51, 'test/unit/sources/oci/oci.test.ts', 'above the disk hide it with %s'],
  [51, 'test/unit/sources/oci/oci.test.ts', 'above win over those below'],
  [53, 'test/unit/sources/oci/oci.test.ts', 'about a layer (%s) ends in no image'],
  [54, 'test/unit/sources/oci/oci.test.ts', 'of a file is used (%s)'],
  [55, 'test/oracle/oci.test.ts', 'zstd'],
  [58, 'test/cli/same-bytes.test.ts', 'digest'],
  [59, 'test/cloud/in-use.test.ts', 'on which a server of another project runs is kept'],
];

/** Every advisory of the formats and of the programs that read them. */
const ADVISORIES = [
  ...['CVE-2013-2096', 'CVE-2013-4463', 'CVE-2013-4469', 'CVE-2015-5162', 'CVE-2015-5163', 'CVE-2022-47951'],
  ...['CVE-2024-32498', 'CVE-2024-40767', 'CVE-2024-44082', 'CVE-2024-4467', 'CVE-2026-24708', 'CVE-2026-34881'],
  ...['OSSA-2013-029', 'OSSA-2015-014', 'OSSA-2016-012', 'OSSA-2023-002', 'OSSA-2024-001', 'OSSA-2024-002'],
  ...['OSSA-2026-002', 'OSSA-2026-004'],
];

function numbered(number: number): readonly [number, string, string] {
  return [number, 'test/oracle/source-cases.test.ts', `case ${number}:`];
}

const textOf = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');

describe('case', () => {
  test.each(CASES)('%i is in %s: %s', (_, path, title) => expect(textOf(path)).toContain(title));
});

test.each(ADVISORIES)('%s has a test of its name', (advisory) =>
  expect(textOf('test/oracle/advisories.test.ts')).toMatch(new RegExp(`['\`][^'\`]*${advisory}[^'\`]*['\`]`)),
);
