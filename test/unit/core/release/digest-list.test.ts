import {describe, expect, test} from 'vitest';
import {findBare, findInList} from '../../../../src/core/release/checksum.ts';
import {formatDigest} from '../../../../src/core/release/digest.ts';
import {parseDigestList} from '../../../../src/core/release/digest-list.ts';
import {ImgmgrError} from '../../../../src/errors.ts';

const URL = 'https://example.org/list';
const MD5 = 'd'.repeat(32);
const SHA1 = 'e'.repeat(40);
const SHA256 = `${'a'.repeat(63)}1`;
const OTHER256 = `${'b'.repeat(63)}2`;
const SHA512 = `${'c'.repeat(127)}3`;
const OTHER512 = `${'f'.repeat(127)}4`;

const find = (text: string, path = 'disk.qcow2'): string => formatDigest(findInList({text, url: URL}, path));
const bare = (text: string): string => formatDigest(findBare({text, url: URL}));
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const unpadded = (hex: string): string => base64(hex).replace(/=+$/, '');

function failure(action: () => unknown): ImgmgrError {
  try {
    action();
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

describe('L: every notation of published digests is read', () => {
  test.each([
    ['GNU, two blanks (Debian)', `${SHA512}  disk.qcow2\n${OTHER512}  disk.qcow2.manifest\n`, `sha512:${SHA512}`],
    ['GNU, one blank (Leap 15.6)', `${SHA256} disk.qcow2\n`, `sha256:${SHA256}`],
    ['GNU, binary star (Ubuntu)', `${OTHER256} *disk.qcow2.manifest\n${SHA256} *disk.qcow2\n`, `sha256:${SHA256}`],
    [
      'BSD with size comments (Rocky, CentOS)',
      `# disk.qcow2: 431539612 bytes\nSHA256 (disk.qcow2) = ${SHA256}\n# other: 1 bytes\nSHA256 (other) = ${OTHER256}\n`,
      `sha256:${SHA256}`,
    ],
    [
      'sections of several algorithms (Flatcar)',
      `# MD5 HASH\n${MD5}  disk.qcow2\n# SHA1 HASH\n${SHA1}  disk.qcow2\n# SHA512 HASH\n${SHA512}  disk.qcow2\n`,
      `sha512:${SHA512}`,
    ],
    [
      'JSON of an image, base64 without padding (Debian)',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [
          {kind: 'Build', data: {info: {arch: 'amd64'}, packages: [{name: 'disk.qcow2', version: '1'}]}, metadata: {}},
          ...(
            [
              ['raw', SHA512],
              ['qcow2', OTHER512],
            ] as const
          ).map(([format, hex]) => ({
            kind: 'Upload',
            data: {provider: 'cloud.debian.org', ref: `bookworm/20260712-2537/disk.${format}`},
            metadata: {
              annotations: {'cloud.debian.org/digest': `sha512:${unpadded(hex)}`},
              labels: {'upload.cloud.debian.org/image-format': format},
            },
          })),
        ],
      }),
      `sha512:${OTHER512}`,
    ],
    [
      'simplestreams (Ubuntu)',
      JSON.stringify({
        products: {
          'com.ubuntu.cloud:server:24.04:amd64': {
            versions: {
              '20260108.1': {
                items: {
                  'disk1.img': {
                    ftype: 'disk1.img',
                    md5: MD5,
                    path: 'releases/noble/disk.qcow2',
                    sha256: SHA256,
                    size: 1,
                  },
                  manifest: {ftype: 'manifest', path: 'releases/noble/disk.manifest', sha256: OTHER256, size: 1},
                },
              },
            },
          },
        },
      }),
      `sha256:${SHA256}`,
    ],
    [
      'releases.json (Fedora)',
      JSON.stringify([
        {version: '44', arch: 'x86_64', link: 'https://x.example/44/disk.raw.xz', sha256: OTHER256, size: '1'},
        {version: '44', arch: 'x86_64', link: 'https://x.example/44/disk.qcow2?a=b', sha256: SHA256, size: '1'},
      ]),
      `sha256:${SHA256}`,
    ],
    [
      'package files (GitLab)',
      JSON.stringify([{id: 1, file_name: 'disk.qcow2', file_md5: null, file_sha1: null, file_sha256: SHA256}]),
      `sha256:${SHA256}`,
    ],
    [
      'release assets (GitHub)',
      JSON.stringify({assets: [{name: 'disk.qcow2', digest: `sha256:${SHA256}`, size: 1}]}),
      `sha256:${SHA256}`,
    ],
    [
      'a template (Oracle)',
      JSON.stringify({base_url: '/templates/OL9', kvm: {image: 'disk.qcow2', sha256: SHA256}, ova: {sha256: OTHER256}}),
      `sha256:${SHA256}`,
    ],
    [
      'build metadata in YAML (Garden Linux)',
      [
        'platform: openstack',
        "gardenlinux_epoch: '2150'",
        'modifiers:',
        '- _usi',
        's3_key: meta/singles/x',
        'paths:',
        '- name: disk.raw',
        '  s3_key: objects/x/disk.raw',
        '  suffix: .raw',
        `  md5sum: ${MD5}`,
        `  sha256sum: ${OTHER256}`,
        "- name: 'disk.qcow2'",
        '  s3_key: objects/x/disk.qcow2',
        '  suffix: .qcow2',
        `  sha256sum: "${SHA256}"`,
      ].join('\n'),
      `sha256:${SHA256}`,
    ],
    [
      'clearsigned BSD lines (Fedora)',
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n# disk.qcow2: 1 bytes\nSHA256 (disk.qcow2) = ${SHA256}\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n`,
      `sha256:${SHA256}`,
    ],
    ['an algorithm in front', `sha256:${SHA256}  disk.qcow2\n`, `sha256:${SHA256}`],
    ['openssl', `SHA2-256(disk.qcow2)= ${SHA256}\n`, `sha256:${SHA256}`],
    ['coreutils --tag --base64', `SHA512 (disk.qcow2) = ${base64(SHA512)}\n`, `sha512:${SHA512}`],
  ])('%s', (_, text, expected) => {
    expect(find(text)).toBe(expected);
    expect(find(text.replaceAll(/(?<!\r)\n/g, '\r\n'))).toBe(expected);
  });

  test.each([
    ['hex (Alpine)', `${SHA512}\n`, `sha512:${SHA512}`],
    ['the first word (CAPI, Octavia)', `${SHA256}  some-other-name.qcow2\n`, `sha256:${SHA256}`],
    ['an algorithm and a blank', `SHA256: ${SHA256}\n`, `sha256:${SHA256}`],
    ['an algorithm and base64', `sha512:${unpadded(SHA512)}`, `sha512:${SHA512}`],
    [
      'several algorithms of one file',
      `# MD5 HASH\n${MD5}  a.img\n# SHA1 HASH\n${SHA1}  a.img\n# SHA512 HASH\n${SHA512}  a.img\n`,
      `sha512:${SHA512}`,
    ],
    [
      'several algorithms, one of them none of ours and as long',
      `# BLAKE2B HASH\n${OTHER512}  a.img\n# SHA512 HASH\n${SHA512}  a.img\n`,
      `sha512:${SHA512}`,
    ],
  ])('bare: %s', (_, text, expected) => expect(bare(text)).toBe(expected));

  test('bare: digests of several files are none', () => {
    const error = failure(() => bare(`${SHA256}  a\n${SHA512}  b\n`));
    expect([error.code, error.hint]).toEqual([
      'DIGEST_UNKNOWN',
      'give it as checksums_url, where the file name decides',
    ]);
    expect(failure(() => bare(`${SHA256}\n${OTHER256}\n`)).code).toBe('DIGEST_UNKNOWN');
  });
});

describe('L: the path of the URL decides between folders of a list', () => {
  const two = `${SHA256}  ./12/disk.qcow2\n${OTHER256}  ./13/disk.qcow2\n`;

  test.each([
    ['/images/12/disk.qcow2', SHA256],
    ['/images/13/disk.qcow2', OTHER256],
    ['13/disk.qcow2', OTHER256],
    ['/other/place/%31%33/disk.qcow2', OTHER256],
    ['/o/images%2F12%2Fdisk.qcow2', SHA256],
  ])('%s', (path, hex) => expect(find(two, path)).toBe(`sha256:${hex}`));

  test.each(['/images/14/disk.qcow2', '/disk.qcow2'])('%s is in neither: an error, not a guess', (path) => {
    const error = failure(() => find(two, path));
    expect(error.code).toBe('DIGEST_UNKNOWN');
    expect(error.message).toBe(
      `${URL} lists "disk.qcow2" twice, as sha256:${SHA256} (./12/disk.qcow2) and sha256:${OTHER256} (./13/disk.qcow2)`,
    );
    expect(error.hint).toContain('the path of url decides');
  });

  test('an entry with the path of the URL wins over a bare name, wherever it stands', () => {
    const entries = [`${SHA256}  disk.qcow2`, `${OTHER256}  13/disk.qcow2`];
    expect(find(entries.join('\n'), '/x/13/disk.qcow2')).toBe(`sha256:${OTHER256}`);
    expect(find(entries.toReversed().join('\n'), '/x/13/disk.qcow2')).toBe(`sha256:${OTHER256}`);
  });

  test('a bare name wins over a folder that is not in the URL', () => {
    const entries = [`${SHA256}  old/disk.qcow2`, `${OTHER256}  disk.qcow2`];
    expect(find(entries.join('\n'), '/x/13/disk.qcow2')).toBe(`sha256:${OTHER256}`);
  });

  test('more folders that agree win over fewer, also below a root that is not in the URL', () => {
    const text = `${SHA256}  build/a/13/disk.qcow2\n${OTHER256}  build/b/13/disk.qcow2\n`;
    expect(find(text, '/pub/b/13/disk.qcow2')).toBe(`sha256:${OTHER256}`);
  });

  test('the folder decides before the strength of the algorithm', () => {
    const text = `SHA512 (12/disk.qcow2) = ${SHA512}\nSHA256 (13/disk.qcow2) = ${SHA256}\n`;
    expect(find(text, '/13/disk.qcow2')).toBe(`sha256:${SHA256}`);
  });

  test('in JSON as in lines', () => {
    const text = JSON.stringify([
      {path: '12/disk.qcow2', sha256: SHA256},
      {path: '13/disk.qcow2', sha256: OTHER256},
    ]);
    expect(find(text, '/13/disk.qcow2')).toBe(`sha256:${OTHER256}`);
  });
});

describe('L: the name is the last part of the path of the URL, decoded', () => {
  test.each([
    ['/i/img%2Bplus.qcow2', 'img+plus.qcow2'],
    ['/i/img+plus.qcow2', 'img+plus.qcow2'],
    ['/i/my%20image.qcow2', 'my image.qcow2'],
    ['/i/%C3%BC.qcow2', 'ü.qcow2'],
    ['/i/img%2Bplus.qcow2', 'img%2Bplus.qcow2'],
    ['/i/100%.qcow2', '100%.qcow2'],
  ])('%s is listed as %s', (path, name) => {
    expect(find(`${OTHER256}  another\n${SHA256}  ${name}\n`, path)).toBe(`sha256:${SHA256}`);
  });

  test('a decoded name wins over one that is written as in the URL', () => {
    expect(find(`${OTHER256}  a%2Bb\n${SHA256}  a+b\n`, '/a%2Bb')).toBe(`sha256:${SHA256}`);
  });

  test('no other name is taken for it', () => {
    expect(failure(() => find(`${SHA256}  img plus.qcow2\n`, '/img+plus.qcow2')).code).toBe('DIGEST_UNKNOWN');
  });
});

describe('L: a list that does not name the file says which key takes it', () => {
  test('a sidecar list that names another file: checksum_url', () => {
    const error = failure(() => find(`${SHA256}  Leap-Build3.41.qcow2\n`, '/i/Leap.qcow2'));
    expect(error.code).toBe('DIGEST_UNKNOWN');
    expect(error.message).toBe(`no digest of "Leap.qcow2" in ${URL}; it lists only Leap-Build3.41.qcow2`);
    expect(error.hint).toContain('checksum_url');
    expect(bare(`${SHA256}  Leap-Build3.41.qcow2\n`)).toBe(`sha256:${SHA256}`);
  });

  test('one other file in several algorithms: checksum_url', () => {
    const text = `# MD5 HASH\n${MD5}  x.img\n# SHA512 HASH\n${SHA512}  x.img\n`;
    expect(failure(() => find(text)).hint).toContain('checksum_url');
    expect(bare(text)).toBe(`sha512:${SHA512}`);
  });

  test('a bare digest: checksum_url', () => {
    expect(failure(() => find(`${SHA256}\n`)).hint).toBe(
      'it holds a digest without a file name: give it as checksum_url',
    );
  });

  test('nothing that is a digest: the address', () => {
    const error = failure(() => find('Not here\n'));
    expect([error.message, error.hint]).toEqual([
      `no digest of "disk.qcow2" in ${URL}; it lists nothing`,
      'check that checksums_url leads to a list of digests',
    ]);
  });
});

describe('L: other notations and algorithms neither hide nor fake ours', () => {
  test.each([
    `SHA3-256 (disk.qcow2) = ${OTHER256}`,
    `SHA512/256 (disk.qcow2) = ${OTHER256}`,
    `SHA2-512/256(disk.qcow2)= ${OTHER256}`,
    `BLAKE2b (disk.qcow2) = ${OTHER512}`,
    `BLAKE2b-256 (disk.qcow2) = ${OTHER256}`,
    `SM3 (disk.qcow2) = ${OTHER256}`,
    `RMD160 (disk.qcow2) = ${SHA1}`,
    `SHA3-512 (disk.qcow2) = ${base64(OTHER512)}`,
    `blake2b:${OTHER512}  disk.qcow2`,
    `sha3-256:${OTHER256}  disk.qcow2`,
    `DIST disk.qcow2 1 BLAKE2B ${OTHER512} SHA512 ${OTHER512}`,
    `${'9'.repeat(56)}  disk.qcow2`,
    `1234567 99 disk.qcow2`,
    `disk.qcow2: ${OTHER256}`,
    `# BLAKE2B HASH\n${OTHER512}  disk.qcow2\n# SHA256 HASH`,
    `# b2sum\n${OTHER512}  disk.qcow2\n# sha256sum`,
    `[SHA3-256]\n${OTHER256}  disk.qcow2\n[SHA256]`,
    `SHA512/256:\n${OTHER256}  disk.qcow2\nSHA256:`,
    `## SHA3-512 checksums\n${OTHER512}  disk.qcow2\n## SHA-256 checksums`,
  ])('%j', (others) => {
    expect(find(`${others}\n${SHA256}  disk.qcow2\n`)).toBe(`sha256:${SHA256}`);
    expect(failure(() => find(`${others}\n`)).code).toBe('DIGEST_UNKNOWN');
  });

  test.each(['# The hash', '# disk.qcow2', '# Blake signed this list', '# checksums', '#', 'md5 and sha256'])(
    'the comment %j is no heading',
    (comment) => expect(find(`${comment}\n${SHA256}  disk.qcow2\n`)).toBe(`sha256:${SHA256}`),
  );

  test('outside of a signed message nothing is read', () => {
    const signed = `${OTHER512}  disk.qcow2\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n${OTHER512}  disk.qcow2\n\n- -----\n${SHA256}  disk.qcow2\n-----BEGIN PGP SIGNATURE-----\n\n${OTHER512}  disk.qcow2\n-----END PGP SIGNATURE-----\n${OTHER512}  disk.qcow2\n`;
    expect(find(signed)).toBe(`sha256:${SHA256}`);
  });

  test('a field of a JSON index that is no digest of the file itself', () => {
    const text = JSON.stringify({
      path: 'disk.qcow2',
      combined_sha256: OTHER256,
      sha3_256: OTHER256,
      blake2b: OTHER512,
      signature: {sha512: OTHER512},
      sha256: SHA256,
    });
    expect(find(text)).toBe(`sha256:${SHA256}`);
  });
});

describe('L: a hostile list costs no more than its length', () => {
  const MIB = 1024 * 1024;

  test('a line longer than any path is no entry, in whatever notation', () => {
    const name = 'x'.repeat(9_000);
    expect(parseDigestList(`${SHA256}  ${name}\nSHA256 (${name}) = ${SHA256}\n- sha256: ${SHA256}${name}\n`)).toEqual(
      [],
    );
    expect(parseDigestList(`${SHA256}  ${name.slice(0, 4096)}\n`)).toHaveLength(1);
    expect(failure(() => bare(`${SHA256}  ${name}\n`)).code).toBe('DIGEST_UNKNOWN');
  });

  test.each([
    ['line ends', '\n'],
    ['blanks', ' '],
    ['brackets', ')'],
    ['open brackets', 'A ('],
    ['digits', 'a'],
    ['dashes', '-'],
    ['hashes', '#'],
    ['slashes', '/'],
    ['JSON arrays', '['],
    ['JSON objects', '{"a":'],
    ['equals', ')= '],
    ['headings', '# SHA256 HASH\n'],
    ['begins of armor', '-----BEGIN PGP SIGNED MESSAGE-----\n'],
    ['YAML keys', 'a: b\n'],
    ['colons', ':'],
    ['NUL', '\0'],
  ])('1 MiB of %s: an error, and no stack that overflows', (_, piece) => {
    const text = piece.repeat(Math.ceil(MIB / piece.length));
    expect(failure(() => find(text)).code).toBe('DIGEST_UNKNOWN');
    expect(failure(() => bare(text)).message.length).toBeLessThan(300);
  });

  test('JSON nested 100,000 deep', () => {
    expect(find(`${'['.repeat(100_000)}{"name":"disk.qcow2","sha256":"${SHA256}"}${']'.repeat(100_000)}`)).toBe(
      `sha256:${SHA256}`,
    );
  });

  test('a long name in a list does not make a long message', () => {
    expect(failure(() => find(`${SHA256}  ${'n'.repeat(8_000)}\n`)).message.length).toBeLessThan(300);
  });
});
