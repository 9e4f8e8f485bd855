import {describe, expect, test} from 'vitest';
import {findBare, findInList} from '../../../../src/core/release/checksum.ts';
import type {Digest} from '../../../../src/core/release/digest.ts';
import {parseDigestList} from '../../../../src/core/release/digest-list.ts';
import {ImgmgrError} from '../../../../src/errors.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const LONG = 'c'.repeat(128);
const URL = 'https://example.org/SHA256SUMS';

const find = (text: string, name = 'image.qcow2'): Digest => findInList({text, url: URL}, name);

function failure(action: () => unknown): ImgmgrError {
  try {
    action();
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

describe('finds exactly the file in a list', () => {
  test.each([
    ['GNU, text mode', `${A}  image.qcow2\n`],
    ['GNU, binary mode', `${A} *image.qcow2\n`],
    ['GNU with a tab', `${A}\timage.qcow2\n`],
    ['GNU with a tab and a star', `${A}\t*image.qcow2`],
    ['GNU with many blanks', `${A}     image.qcow2`],
    ['GNU in capitals', `${A.toUpperCase()}  image.qcow2`],
    ['GNU behind ./', `${A}  ./image.qcow2`],
    ['GNU behind a folder', `${A}  ./amd64/image.qcow2`],
    ['BSD', `SHA256 (image.qcow2) = ${A}`],
    ['BSD with a dash in the algorithm', `SHA-256 (image.qcow2) = ${A}`],
    ['BSD without blanks', `SHA256(image.qcow2)= ${A}`],
    ['BSD behind a folder', `SHA256 (./x/image.qcow2) = ${A}`],
    ['Windows line ends', `${B}  other.qcow2\r\n${A}  image.qcow2\r\n`],
    ['a byte order mark', `\ufeff${A}  image.qcow2`],
    ['comments', `# image.qcow2: 123 bytes\n; more\n\n${A}  image.qcow2\n`],
    [
      'the name as part of earlier names',
      `${B}  image.qcow2.manifest\n${B}  my-image.qcow2\n${B}  image.qcow\n${A}  image.qcow2\n`,
    ],
    ['the same twice', `${A}  image.qcow2\n${A} *./image.qcow2\n`],
  ])('%s', (_, text) => expect(find(text)).toEqual({algorithm: 'sha256', hex: A}));

  test('inside a PGP signature', () => {
    const text = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${A}  image.qcow2\n- -dashed\n-----BEGIN PGP SIGNATURE-----\n\n${B}  image.qcow2\n-----END PGP SIGNATURE-----\n`;
    expect(find(text).hex).toBe(A);
  });

  test('names that coreutils escapes', () => {
    expect(find(`\\${A}  a\\\\b\\nc`, 'a\\b\nc').hex).toBe(A);
    expect(find(`\\SHA256 (a\\\\b) = ${A}`, 'a\\b').hex).toBe(A);
    expect(find(`${A}  a\\nb`, 'a\\nb').hex).toBe(A);
  });

  test('names with blanks and brackets', () => {
    expect(find(`${A}  my image (1).qcow2`, 'my image (1).qcow2').hex).toBe(A);
    expect(find(`SHA256 (my image (1).qcow2) = ${A}`, 'my image (1).qcow2').hex).toBe(A);
  });

  test('the strongest algorithm where several are listed', () => {
    expect(
      find(`MD5 (image.qcow2) = ${'d'.repeat(32)}\nSHA512 (image.qcow2) = ${LONG}\nSHA256 (image.qcow2) = ${A}\n`),
    ).toEqual({algorithm: 'sha512', hex: LONG});
  });

  test('lines with a digest of an impossible length are no entries', () => {
    expect(parseDigestList(`${'a'.repeat(63)}  x\nSHA256 (x) = ${LONG}\nfree text\n`)).toEqual([]);
  });
});

describe('says why it found nothing', () => {
  test('the nearest names and the address', () => {
    const error = failure(() => find(`${A}  image.qcow2.xz\n${A}  other\n${A}  image-2.qcow2\n${A}  zzz\n`));
    expect(error.code).toBe('DIGEST_UNKNOWN');
    expect(error.message).toBe(
      `no digest of "image.qcow2" in ${URL}; the nearest of 4 listed: image.qcow2.xz, image-2.qcow2, other`,
    );
    expect(error.hint).toContain('checksums_url');
  });

  test('an empty list', () => expect(failure(() => find('\n')).message).toContain('it lists nothing'));

  test('two different digests of one name', () => {
    const error = failure(() => find(`${A}  amd64/image.qcow2\n${B}  arm64/image.qcow2\n`));
    expect(error.code).toBe('DIGEST_UNKNOWN');
    expect(error.message).toBe(
      `${URL} lists "image.qcow2" twice, as sha256:${A} (amd64/image.qcow2) and sha256:${B} (arm64/image.qcow2)`,
    );
  });

  test.each([`<!DOCTYPE html>\n${A}  image.qcow2`, `  <html>${A}  image.qcow2`, '<?xml version="1.0"?><Error/>'])(
    'a web page: %s',
    (text) => {
      expect(failure(() => find(text)).code).toBe('SOURCE_REFUSED');
      expect(failure(() => findBare({text, url: URL})).code).toBe('SOURCE_REFUSED');
    },
  );
});

describe('reads a file with one bare digest', () => {
  test.each([
    `${A}\n`,
    A,
    `  ${A.toUpperCase()}  \r\n`,
    `sha256:${A}\n`,
    `# of the image\n${A}\n`,
    `${A}  image.qcow2\n`,
    `SHA256 (image.qcow2) = ${A}\n`,
    `${A}  -\n`,
  ])('%j', (text) => expect(findBare({text, url: URL})).toEqual({algorithm: 'sha256', hex: A}));

  test('tells the algorithm by the length', () => {
    const lengths = [32, 40, 64, 96, 128].map((length) => findBare({text: 'a'.repeat(length), url: URL}).algorithm);
    expect(lengths).toEqual(['md5', 'sha1', 'sha256', 'sha384', 'sha512']);
  });

  test('refuses several', () => {
    const error = failure(() => findBare({text: `${A}  a\n${B}  b\n`, url: URL}));
    expect([error.code, error.hint]).toEqual([
      'DIGEST_UNKNOWN',
      'give it as checksums_url, where the file name decides',
    ]);
  });

  test.each(['', 'not found', 'a'.repeat(63)])('refuses %j', (text) =>
    expect(failure(() => findBare({text, url: URL})).code).toBe('DIGEST_UNKNOWN'),
  );
});
