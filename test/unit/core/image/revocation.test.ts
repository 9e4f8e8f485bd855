import {describe, expect, it} from 'vitest';
import type {Revocation} from '../../../../src/core/image/revocation.ts';
import {formatRevocation, isPulled, readRevocation} from '../../../../src/core/image/revocation.ts';

const DIGEST = {algorithm: 'sha256', hex: 'ab'.repeat(32)} as const;
const DATE = '2026-11-27T03:40:00Z';

/** What is read from an image of that version with that text. */
const read = (text: string, version = '1') =>
  readRevocation({properties: {imgmgr_version: version, imgmgr_revoked: text}});

describe('the mark of a revoked version', () => {
  it('is one documented text', () => {
    expect(formatRevocation({version: '20261101', digest: DIGEST, date: DATE, pulled: false})).toBe(
      `version=20261101 digest=sha256:${'ab'.repeat(32)} date=2026-11-27T03:40:00Z pulled=no`,
    );
  });

  it.each(['1', '1.0 rc 2', '100%', 'a=b c', '', 'ä ☃', 'x\ty\nz'])(
    'is read as it was written, of version %j',
    (version) => {
      const revocation: Revocation = {version, digest: DIGEST, date: DATE, pulled: true};
      expect(read(formatRevocation(revocation), version)).toEqual({kind: 'revoked', revocation});
    },
  );

  it('is none where the property is absent', () => {
    expect(readRevocation({properties: {imgmgr_version: '1'}})).toEqual({kind: 'none'});
  });

  it('passes over fields of later versions, and a digest that is none', () => {
    expect(read(`version=1 digest=crc:1 date=${DATE} pulled=no by=somebody`)).toEqual({
      kind: 'revoked',
      revocation: {version: '1', date: DATE, pulled: false},
    });
  });

  it.each([
    '',
    ' ',
    'true',
    'version=1',
    `date=${DATE}`,
    `version=2 date=${DATE}`,
    'version=1 date=2026-11-27',
    'x'.repeat(65_535),
  ])('is unreadable otherwise: %.40j', (text) => {
    expect(read(text)).toEqual({kind: 'unreadable', text});
    expect(isPulled({properties: {imgmgr_version: '1', imgmgr_revoked: text}})).toBe(false);
  });

  it('pulls only where it says so', () => {
    const pulled = (how: string): boolean =>
      isPulled({properties: {imgmgr_version: '1', imgmgr_revoked: `version=1 date=${DATE} pulled=${how}`}});
    expect([pulled('yes'), pulled('no'), pulled('maybe')]).toEqual([true, false, false]);
  });
});
