import {createHash} from 'node:crypto';
import {Readable} from 'node:stream';
import {onTestFinished} from 'vitest';
import {createHttp} from '../../../../src/http.ts';
import type {ImageTargets, ImageToWrite, WrittenImage} from '../../../../src/ports/image-target.ts';
import type {TargetOptions} from '../../../../src/sources/targets/create-targets.ts';
import {createTargets} from '../../../../src/sources/targets/create-targets.ts';
import {noise} from '../under-test.ts';

/** What is exported in most tests. */
export const DISK = noise(3_000_001);

/** An image with these bytes, of which the cloud says the truth. */
export function image(
  content = DISK,
  more: Partial<ImageToWrite> = {},
): ImageToWrite & {readonly readings: () => number} {
  let readings = 0;
  return {
    show: 'image 1 on admin',
    size: content.length,
    digests: [{algorithm: 'sha512', hex: createHash('sha512').update(content).digest('hex')}],
    format: 'qcow2',
    architecture: 'aarch64',
    createdAt: '2026-11-01T00:00:00Z',
    read: () => {
      readings += 1;
      return Promise.resolve({bytes: Readable.from(pieces(content), {objectMode: false}), size: content.length});
    },
    seen: () => undefined,
    ...more,
    readings: () => readings,
  };
}

/** In pieces, as a network gives them. */
export function* pieces(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
}

function targets(options: Partial<TargetOptions> = {}): ImageTargets {
  const made = createTargets({
    http: createHttp({proxy: 'none'}),
    logins: {files: {others: []}},
    delayMs: 1,
    ...options,
  });
  onTestFinished(() => made.close());
  return made;
}

/** Opens and writes in one go. */
export async function write(
  address: string,
  what: ImageToWrite = image(),
  {
    force = false,
    signal = new AbortController().signal,
    ...options
  }: Partial<TargetOptions> & {force?: boolean; signal?: AbortSignal} = {},
): Promise<WrittenImage> {
  const target = await targets(options).open({address, force, signal});
  return target.write(what);
}
