import type {ImageSource, OpenedSource, SourceProbe} from '../cloud/image-source.ts';
import type {ImageStore} from '../cloud/image-store.ts';
import type {Digest} from '../core/digest.ts';
import type {Image} from '../core/image.ts';
import {ImgmgrError} from '../errors.ts';

/** A live image as source of another one: its bytes as the store keeps them, which only we can read. */
export class StoredSource implements ImageSource {
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

  async open({signal}: {readonly signal?: AbortSignal}): Promise<OpenedSource> {
    const {bytes, size} = await this.#store.download(this.#image.id, signal);
    return {
      url: this.#url(),
      bytes,
      ...(size !== undefined && {size}),
      facts: () => ({digests: [], servedBytes: size ?? 0, givenBytes: size ?? 0}),
    };
  }

  findDigest(): Promise<Digest> {
    return Promise.reject(new ImgmgrError('INTERNAL', 'a stored image has no list of digests'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #url(): string {
    return `image ${this.#image.id} on ${this.#store.cloud}`;
  }
}
