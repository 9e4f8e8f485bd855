import type {OpenedSource, SourceProbe, SourceRequest} from '../../ports/image-source.ts';
import type {ImageStore} from '../../ports/image-store.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';

/** What a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** A live image as source of another one: its bytes as the store keeps them, which only we can read. */
export class StoredSource {
  readonly #store: ImageStore;
  readonly #image: Image;

  constructor(store: ImageStore, image: Image) {
    this.#store = store;
    this.#image = image;
  }

  probe(): Promise<SourceProbe> {
    const {size, virtualSize} = this.#image;
    return Promise.resolve({
      url: this.#url(),
      compressed: false,
      remote: false,
      ...(size !== null && {size}),
      ...(virtualSize !== null && {virtualSize}),
    });
  }

  /** Within the limit of the request, from the question to the last byte: a cloud that trickles must not hold the run. */
  async open({signal, limitMs}: Pick<SourceRequest, 'signal' | 'limitMs'>): Promise<OpenedSource> {
    if (limitMs === undefined) return this.#open(signal);
    const deadline = AbortSignal.timeout(Math.min(Math.max(0, Math.ceil(limitMs)), LONGEST_MS));
    const late = (): ImgmgrError => expired(this.#url(), limitMs);
    try {
      const opened = await this.#open(signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
      const end = (): void => void opened.bytes.destroy(late());
      if (deadline.aborted) end();
      deadline.addEventListener('abort', end, {once: true});
      opened.bytes.once('close', () => deadline.removeEventListener('abort', end));
      return opened;
    } catch (error) {
      throw deadline.aborted && signal?.aborted !== true ? late() : error;
    }
  }

  async #open(signal: AbortSignal | undefined): Promise<OpenedSource> {
    const {bytes, size} = await this.#store.download(this.#image.id, signal);
    return {
      url: this.#url(),
      bytes,
      ...(size !== undefined && {size}),
      facts: () => ({digests: [], servedBytes: size ?? 0, givenBytes: size ?? 0}),
    };
  }

  #url(): string {
    return `image ${this.#image.id} on ${this.#store.cloud}`;
  }
}

function expired(shown: string, limitMs: number): ImgmgrError {
  const seconds = Math.max(0, Math.round(limitMs / 100)) / 10;
  return new ImgmgrError('TIMEOUT', `${shown} was not read within ${seconds} s`, {
    hint: 'give it longer with --import-timeout, or look at the store of the cloud',
  });
}
