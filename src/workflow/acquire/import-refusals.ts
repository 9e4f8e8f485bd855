import type {ImageStore, ImportMethod} from '../../ports/image-store.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';

/** Fewer bytes may be sent twice: that costs less than the question of every run whether imports are allowed. */
const MANY_BYTES = 32 * 2 ** 20;

/**
 * What a run knows about imports that its cloud refuses (403, or 404 from something in front of Glance): the call is refused, not the
 * image, so once is enough for all images of the run, and all bytes go by upload from then on.
 */
export class ImportRefusals {
  readonly #store: ImageStore;
  readonly #ask: () => Promise<boolean>;
  readonly #refusals = new WeakSet<ImgmgrError>();
  #asked: Promise<boolean> | undefined;
  #refused = false;

  /** `ask`: would an import be allowed? Called at most once. */
  constructor(store: ImageStore, ask: () => Promise<boolean>) {
    this.#store = store;
    this.#ask = ask;
  }

  /**
   * The methods that may work, in their order. Before many bytes (or an unknown number) are staged for an import, the cloud is asked
   * whether it will take it.
   */
  async usable(methods: readonly ImportMethod[], bytes = Infinity): Promise<readonly ImportMethod[]> {
    if (methods[0] === 'glance-direct' && !this.#refused && bytes >= MANY_BYTES) {
      this.#asked ??= this.#ask();
      if (!(await this.#asked)) this.#refused = true;
    }
    return this.#refused ? methods.filter((method) => method === 'upload') : methods;
  }

  /** Runs a call of an import; what it is refused with is remembered. */
  async watch(id: string, call: Promise<void>): Promise<void> {
    try {
      await call;
      // Taken once: nobody needs to ask.
      this.#asked ??= Promise.resolve(true);
    } catch (error) {
      const reason = asImgmgrError(error);
      if (reason.code === 'FORBIDDEN' || (reason.code === 'NOT_FOUND' && (await this.#store.get(id)) !== undefined)) {
        this.#refused = true;
        this.#refusals.add(reason);
      }
      throw reason;
    }
  }

  /** True when the error is a refusal that {@link watch} saw. */
  isRefusal(error: ImgmgrError): boolean {
    return this.#refusals.has(error);
  }
}

/** What to say where the only method that was asked for is refused. */
export function importsRefused(cloud: string, methods: readonly ImportMethod[]): ImgmgrError {
  return new ImgmgrError(
    'FORBIDDEN',
    `${cloud} refuses this account imports, so ${methods.join(' or ')} cannot be used`,
    {
      hint: 'leave --method (or --prefetch never) out, or choose --method upload',
    },
  );
}
