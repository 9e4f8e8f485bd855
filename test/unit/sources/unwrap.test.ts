import {execFileSync} from 'node:child_process';
import {Readable} from 'node:stream';
import {gzipSync} from 'node:zlib';
import {describe, expect, test} from 'vitest';
import {DEFAULT_LIMITS} from '../../../src/core/limits.ts';
import {createExec} from '../../../src/exec.ts';
import {bytes, qcow2} from '../core/image-bytes.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from './under-test.ts';

const IMAGE = Buffer.concat([qcow2(), noise(400_000)]);

const pack = {
  gz: (content: Buffer) => gzipSync(content),
  xz: (content: Buffer) => execFileSync('xz', ['-c', '-1'], {input: content}),
  zst: (content: Buffer) => execFileSync('zstd', ['-c', '-q'], {input: content}),
  bz2: (content: Buffer) => execFileSync('bzip2', ['-c'], {input: content}),
};
const KINDS = ['gz', 'xz', 'zst', 'bz2'] as const;

/** Served in small pieces, so that no step relies on chunk borders. */
function piped(content: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let start = 0; start < content.length; start += 7001) pieces.push(content.subarray(start, start + 7001));
  return Readable.from(pieces, {objectMode: false});
}

const open = (
  content: Buffer,
  more: Parameters<typeof request>[1] = {},
): ReturnType<ReturnType<typeof source>['open']> => source({stdin: piped(content)}).open(request('-', more));

/** An open or a read that fails, whichever comes first. */
async function broken(
  content: Buffer,
  more: Parameters<typeof request>[1] = {},
): Promise<{code: string; message: string}> {
  const opening = open(content, more);
  const {error} = await readUntilBroken(opening).catch(async () => ({error: await failure(opening)}));
  return {code: error.code, message: error.message};
}

describe.each(KINDS)('%s', (kind) => {
  test('is taken off; the demanded digest is that of the bytes as served', async () => {
    const packed = pack[kind](IMAGE);
    const {content, opened} = await readAll(open(packed, {digest: digestOf(packed)}));
    expect(content.equals(IMAGE)).toBe(true);
    expect(opened.size).toBeUndefined();
    expect(opened.facts()).toEqual({
      origin: 'stdin',
      digests: [digestOf(packed), digestOf(packed, 'sha512')],
      unwrapped: digestOf(IMAGE, 'sha512'),
      servedBytes: packed.length,
      givenBytes: IMAGE.length,
      virtualSize: 1024 ** 3,
      format: 'qcow2',
    });
  });

  test('the digest of the inner bytes is the wrong one', async () => {
    expect((await broken(pack[kind](IMAGE), {digest: digestOf(IMAGE)})).code).toBe('DIGEST_MISMATCH');
  });

  test('in several parts is one image', async () => {
    const parts = Buffer.concat([pack[kind](IMAGE.subarray(0, 200_000)), pack[kind](IMAGE.subarray(200_000))]);
    expect((await readAll(open(parts))).content.equals(IMAGE)).toBe(true);
  });

  test('cut off is refused for good', async () => {
    const {code, message} = await broken(pack[kind](IMAGE).subarray(0, -20));
    expect([code, message]).toEqual(['FORMAT_REFUSED', expect.stringContaining(`stdin is damaged ${kind}: `)]);
  });

  test('cut off, where a digest was demanded: the digest is the reason', async () => {
    expect((await broken(pack[kind](IMAGE).subarray(0, -20), {digest: digestOf(IMAGE)})).code).toBe('DIGEST_MISMATCH');
  });

  test('with something behind its end is refused', async () => {
    expect((await broken(Buffer.concat([pack[kind](IMAGE), Buffer.from('something else')]))).code).toBe(
      'FORMAT_REFUSED',
    );
  });

  test('of an unsafe image is refused before a byte is given on', async () => {
    const error = await failure(open(pack[kind](qcow2({backing: 8}))));
    expect([error.code, error.message]).toEqual(['FORMAT_REFUSED', 'stdin is qcow2 with a backing file']);
  });

  test('R12: that unfolds beyond the limit is stopped', async () => {
    const one = source({stdin: piped(pack[kind](bytes(5_000_000)))});
    const limits = {...DEFAULT_LIMITS, unpacked: 1_000_000};
    const {given, error} = await readUntilBroken(one.open(request('-', {format: 'raw', limits})));
    expect([error.code, error.message]).toEqual([
      'FORMAT_REFUSED',
      'stdin is, unpacked, larger than the limit of 1000000 bytes',
    ]);
    expect(error.hint).toContain('--max-unpacked');
    expect(given).toBeLessThanOrEqual(1_000_000);
  });
});

describe('compressed twice', () => {
  test.each(['gz', 'xz'] as const)('is taken off (%s outside)', async (outer) => {
    const {content} = await readAll(open(pack[outer](pack[outer === 'gz' ? 'xz' : 'gz'](IMAGE))));
    expect(content.equals(IMAGE)).toBe(true);
  });

  test('and once more is refused', async () => {
    const error = await failure(open(pack.gz(pack.xz(pack.gz(IMAGE)))));
    expect([error.code, error.message]).toEqual([
      'FORMAT_REFUSED',
      'stdin is packed more than 2 times (gz in xz in gz)',
    ]);
  });
});

test('zeros behind gz are padding', async () => {
  expect((await readAll(open(Buffer.concat([pack.gz(IMAGE), bytes(1000)])))).content.equals(IMAGE)).toBe(true);
});

test('what has the marks of a tar file and of a boot sector is neither', async () => {
  const both = bytes(4096, {257: 'ustar', 446: [0, 0, 0, 0, 0x83], 510: [0x55, 0xaa]});
  expect((await failure(open(both, {format: 'raw'}))).message).toContain('looks like gpt and tar at the same time');
});

test('a missing tool is named with its package', async () => {
  const error = await failure(
    source({stdin: piped(pack.xz(IMAGE)), exec: createExec({PATH: '/nonexistent'})}).open(request('-')),
  );
  expect([error.code, error.message]).toEqual(['UNSUPPORTED', 'xz is not installed']);
});

test('a source that breaks is no damaged compression', async () => {
  const packed = pack.xz(IMAGE);
  const stdin = Readable.from(
    (function* () {
      yield packed.subarray(0, 100_000);
      throw new Error('the pipe broke');
    })(),
    {objectMode: false},
  );
  expect(
    (
      await failure(
        source({stdin})
          .open(request('-'))
          .then(async ({bytes: given}) => given.toArray()),
      )
    ).message,
  ).toBe('stdin cannot be read: the pipe broke');
});
