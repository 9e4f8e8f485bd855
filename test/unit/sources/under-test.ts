import {createHash} from 'node:crypto';
import {buffer} from 'node:stream/consumers';
import {onTestFinished} from 'vitest';
import type {ImageSource, OpenedSource, SourceRequest} from '../../../src/ports/image-source.ts';
import type {Digest, DigestAlgorithm} from '../../../src/core/release/digest.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {createExec} from '../../../src/exec.ts';
import {createHttp} from '../../../src/http.ts';
import {createSource} from '../../../src/sources/create-source.ts';
import type {SourceOptions} from '../../../src/sources/create-source.ts';

/** The source under test: the real client and tools, impatient. */
export function source(options: Partial<SourceOptions> = {}): ImageSource {
  const made = createSource({
    http: createHttp({proxy: 'none'}),
    exec: createExec({PATH: process.env['PATH']}),
    delayMs: 1,
    ...options,
  });
  onTestFinished(() => made.close());
  return made;
}

export function request(urls: string | readonly string[], more: Partial<SourceRequest> = {}): SourceRequest {
  return {urls: typeof urls === 'string' ? [urls] : urls, baseDir: '/nonexistent', format: 'qcow2', ...more};
}

export function digestOf(content: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return {algorithm, hex: createHash(algorithm).update(content).digest('hex')};
}

/** All bytes of an image, and the source for its facts. */
export async function readAll(opening: Promise<OpenedSource>): Promise<{content: Buffer; opened: OpenedSource}> {
  const opened = await opening;
  return {content: await buffer(opened.bytes), opened};
}

export async function failure(promise: Promise<unknown>): Promise<ImgmgrError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

/** Bytes that were given on before a stream broke, and the error. */
export async function readUntilBroken(opening: Promise<OpenedSource>): Promise<{given: number; error: ImgmgrError}> {
  const {bytes} = await opening;
  let given = 0;
  const error = await failure(
    (async () => {
      for await (const chunk of bytes) given += (chunk as Buffer).length;
    })(),
  );
  return {given, error};
}

/** Bytes that do not compress and are the same in every run. */
export function noise(length: number): Buffer {
  const content = Buffer.alloc(length);
  let state = 7;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    content[index] = state >>> 24;
  }
  return content;
}
