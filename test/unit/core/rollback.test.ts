import {describe, expect, it} from 'vitest';
import type {Version} from '../../../src/core/definition/definition.ts';
import {definitionLines} from '../../../src/core/rollback.ts';
import {created} from './live-image.ts';
import {definition} from './plan/plan-world.ts';

const place = {file: 'images/x.yml', line: 7, column: 3};
const listed = (version: string, more: Partial<Version> = {}): Version => ({
  ...{version, url: `https://example.test/${version}.img`, meta: {}, place},
  ...more,
});
const lines = (versions: readonly Version[], properties: Readonly<Record<string, string>> = {}, version = '2') =>
  definitionLines(definition(versions), {
    revoked: [
      {
        image: created({name: 'X', osHidden: false, diskFormat: 'raw', minDisk: 0, minRam: 0, tags: [], properties}),
        stamp: {definition: 'X', version, state: 'retired', run: 'r', keys: [], adHoc: false},
      },
    ],
    reason: 'does not "boot"',
  });

describe('the lines that make a rollback part of the definition', () => {
  it('stand in the entry of the version, unless it is revoked there already', () => {
    const to = '# images/x.yml:7: to the entry of version "2"';
    expect(lines([listed('2')])).toEqual([to, 'revoked: "does not \\"boot\\""']);
    expect(lines([listed('2', {revoked: 'known'})])).toEqual([]);
  });

  it.each([
    [{image_source: 'https://example.test/2026.img'}, 'https://example.test/2026.img'],
    [{}, 'https://example.test/latest.img'],
    [{image_source: 'private'}, 'https://example.test/latest.img'],
  ])('are a new entry for what came as latest (%j)', (properties, url) => {
    const [, version, address, ...rest] = lines([listed('latest')], properties, '20260101');
    expect([version, address]).toEqual(['- version: "20260101"', `  url: ${JSON.stringify(url)}`]);
    expect(rest.at(-1)).toBe('  revoked: "does not \\"boot\\""');
  });

  it('are none where no entry could bring the version in again', () => {
    expect(lines([listed('1')])).toEqual([]);
  });
});
