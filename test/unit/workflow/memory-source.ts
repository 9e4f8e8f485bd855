import {createHash} from 'node:crypto';
import {Readable} from 'node:stream';
import type {ImageConverter} from '../../../src/ports/image-converter.ts';
import type {ImageSource, OpenedSource, SourceProbe, SourceRequest} from '../../../src/ports/image-source.ts';
import type {Digest} from '../../../src/core/release/digest.ts';
import {ImgmgrError} from '../../../src/errors.ts';

/** Files by their URL. Requests are written down. */
export class MemorySource implements ImageSource {
  readonly files = new Map<string, Buffer>();
  readonly probed: SourceRequest[] = [];
  readonly opened: SourceRequest[] = [];

  async probe(request: SourceRequest): Promise<SourceProbe> {
    this.probed.push(request);
    const [url, bytes] = await this.#find(request);
    return {url, size: bytes.length, virtualSize: bytes.length, compressed: false, remote: url.startsWith('https:')};
  }

  async open(request: SourceRequest): Promise<OpenedSource> {
    this.opened.push(request);
    const [url, bytes] = await this.#find(request);
    const {digest, wantSha512 = true} = request;
    const algorithms = new Set([...(digest ? [digest.algorithm] : []), ...(wantSha512 ? (['sha512'] as const) : [])]);
    const digests = [...algorithms].map((algorithm) => digestOf(bytes, algorithm));
    const isWrong = digest && !digests.some(({hex}) => hex === digest.hex);
    return {
      url,
      size: bytes.length,
      bytes: isWrong ? failing() : Readable.from([bytes]),
      facts: () => ({digests, servedBytes: bytes.length, givenBytes: bytes.length}),
    };
  }

  findDigest(): Promise<Digest> {
    return Promise.reject(new ImgmgrError('DIGEST_UNKNOWN', 'there are no lists in memory'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #find({urls}: SourceRequest): Promise<readonly [string, Buffer]> {
    for (const url of urls) {
      const bytes = this.files.get(url);
      if (bytes) return Promise.resolve([url, bytes]);
    }
    return Promise.reject(new ImgmgrError('SOURCE_REFUSED', `${urls.join(', ')} is not there`));
  }
}

/** The digest of some bytes, as a definition would demand it. */
export function digestOf(bytes: Buffer, algorithm: Digest['algorithm'] = 'sha512'): Digest {
  return {algorithm, hex: createHash(algorithm).update(bytes).digest('hex')};
}

/** Gives the bytes as they are, whatever they are to become; what it is asked is written down. */
export function memoryConverter(): {readonly converter: ImageConverter; readonly calls: string[]} {
  const calls: string[] = [];
  const refuse = (): Promise<never> => Promise.reject(new ImgmgrError('UNSUPPORTED', 'no files in memory'));
  const converter: ImageConverter = {
    requireTool: () => Promise.resolve(void calls.push('tool')),
    requireRoom: (bytes) => Promise.resolve(void calls.push(`room ${bytes}`)),
    convert: (open, {from, conversion, signal}) => {
      calls.push(`convert ${from} ${conversion.to}`);
      return open(signal);
    },
    judge: (open, {from, signal}) => {
      calls.push(`judge ${from}`);
      return open(signal);
    },
    convertFile: refuse,
    judgeFile: refuse,
    sweep: () => Promise.resolve(),
  };
  return {converter, calls};
}

function failing(): Readable {
  return new Readable({
    read() {
      this.destroy(new ImgmgrError('DIGEST_MISMATCH', 'other bytes'));
    },
  });
}
