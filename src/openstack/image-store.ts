import type {
  Account,
  ByteUpload,
  ImageQuota,
  ImageStore,
  ImportMethod,
  ImportState,
  StoredBytes,
  StoreOffer,
} from '../ports/image-store.ts';
import {applyPatch} from '../core/image/patch.ts';
import type {Image, ImagePatch, NewImage, Visibility} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import {statusOf, wordsOf} from './answers.ts';
import type {ServerClock} from './clock.ts';
import type {GlanceApi, Upload} from './glance/api.ts';
import {ImportWatch} from './glance/import-watch.ts';
import {lend, takeBack} from './glance/members.ts';
import {nameFilters} from './glance/name-filter.ts';
import {patchOperations} from './glance/patch.ts';
import {formatRefused, inUse, isProtected, placeAndCause, tooManyProperties} from './glance/refusals.ts';
import {mayCreate, mayImport, mayPublish} from './glance/rights.ts';
import {recoded} from './request.ts';
import type {KeystoneApi} from './keystone/api.ts';
import type {Session} from './session.ts';

const MIB = 1024 * 1024;
const OFFERED: readonly ImportMethod[] = ['web-download', 'glance-direct'];

/** What the store works with. */
export interface ImageStoreParts {
  readonly session: Session;
  readonly glance: GlanceApi;
  readonly keystone: Pick<KeystoneApi, 'credentialExpiry'>;
  readonly clock: ServerClock;
  readonly close: () => void;
}

/** Glance behind the `ImageStore` port. */
export class GlanceImageStore implements ImageStore {
  readonly cloud: string;
  readonly #parts: ImageStoreParts;
  readonly #watch: ImportWatch;
  /** What the last create answer said of methods and stores. */
  #offered: {readonly methods: readonly string[]; readonly stores: readonly string[]} | undefined;

  constructor(parts: ImageStoreParts) {
    this.cloud = parts.session.cloud.name;
    this.#parts = parts;
    this.#watch = new ImportWatch(parts.glance);
  }

  account(): Promise<Account> {
    return this.#parts.session.account();
  }

  async credentialExpiry(): Promise<Date | undefined> {
    const {session, keystone} = this.#parts;
    const credential = await session.credential();
    return credential && keystone.credentialExpiry(credential);
  }

  now(): Date {
    return this.#parts.clock.now();
  }

  async listTagged(tag: string): Promise<readonly Image[]> {
    return this.#shownAndHidden({tag});
  }

  async listNamed(names: readonly string[]): Promise<readonly Image[]> {
    const lists = await Promise.all(nameFilters(names).map((name) => this.#shownAndHidden({name})));
    return lists.flat();
  }

  /** Glance lists community images of other projects only where they are asked for. */
  async *listOffered(): AsyncGenerator<readonly Image[]> {
    for (const visibility of ['public', 'community']) yield* this.#parts.glance.listPages({visibility});
  }

  get(id: string): Promise<Image | undefined> {
    return this.#parts.glance.get(id);
  }

  async create(newImage: NewImage): Promise<Image> {
    const {image, methods, stores} = await recoded(this.#parts.glance.create(newImage), {
      CONFLICT: (error) =>
        new ImgmgrError('CONFLICT', `image id ${newImage.id ?? ''} is taken: ${error.message}`, {
          ...placeAndCause(error),
          hint: 'Glance does not hand out the id of a deleted image again; give a new one, or none',
        }),
      QUOTA: (error) => tooManyProperties(error, newImage.properties),
    });
    this.#offered = {methods, stores};
    return this.#heard(image);
  }

  async update(live: Image, patch: ImagePatch): Promise<Image> {
    const operations = patchOperations(live, patch);
    if (operations.length === 0) return live;
    const changed = recoded(this.#parts.glance.patch(live.id, operations), {
      QUOTA: (error) => tooManyProperties(error, applyPatch(live, patch).properties),
    });
    return this.#heard(await changed);
  }

  /**
   * Glance answers 409 only where a store says that something depends on the bytes.
   * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/images.py (delete: InUseByStore, HasSnapshot)
   */
  async delete(id: string): Promise<void> {
    try {
      await recoded(this.#parts.glance.delete(id), {
        CONFLICT: (error) => inUse(id, error),
        FORBIDDEN: (error) => (/protected/i.test(wordsOf(error)) ? isProtected(id, error) : undefined),
      });
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'NOT_FOUND') throw error;
    }
  }

  setActive(id: string, active: boolean): Promise<void> {
    return this.#parts.glance.action(id, active ? 'reactivate' : 'deactivate');
  }

  async offer(): Promise<StoreOffer> {
    const {glance} = this.#parts;
    const offered = this.#offered;
    const [methods, stores] = await Promise.all([
      offered !== undefined && offered.methods.length > 0 ? offered.methods : glance.importMethods(),
      offered !== undefined && offered.methods.length > 0 && offered.stores.length === 0 ? [] : glance.stores(),
    ]);
    return {
      methods: [...OFFERED.filter((method) => methods.includes(method)), 'upload'],
      copyImage: methods.includes('copy-image'),
      stores: stores.filter((store) => !store.id.startsWith('os_glance_')),
    };
  }

  async quota(): Promise<ImageQuota> {
    const usage = await this.#parts.glance.usage();
    const size = left(usage?.image_size_total);
    const count = left(usage?.image_count_total);
    return {
      ...(size === undefined ? {} : {bytesLeft: size * MIB}),
      ...(count === undefined ? {} : {imagesLeft: count}),
    };
  }

  mayPublish(live: Image, visibility: Visibility): Promise<boolean | undefined> {
    return mayPublish(this.#parts.glance, live, visibility);
  }

  mayCreate(visibility: Visibility): Promise<boolean | undefined> {
    return mayCreate(this.#parts.glance, visibility);
  }

  mayImport(id: string): Promise<boolean> {
    return mayImport(this.#parts.glance, id);
  }

  async importFromUrl(request: {id: string; url: string; stores?: readonly string[]}): Promise<void> {
    this.#watch.begin(request.id);
    await this.#parts.glance.import(request.id, {
      method: {name: 'web-download', uri: request.url},
      ...demanded(request.stores),
    });
  }

  stage(request: ByteUpload): Promise<void> {
    return this.#send('stage', request);
  }

  async importStaged(request: {id: string; stores?: readonly string[]}): Promise<void> {
    this.#watch.begin(request.id);
    await this.#parts.glance.import(request.id, {method: {name: 'glance-direct'}, ...demanded(request.stores)});
  }

  upload(request: ByteUpload & {store?: string}): Promise<void> {
    return this.#send('file', request);
  }

  hasBytes(id: string, signal?: AbortSignal): Promise<boolean> {
    return this.#parts.glance.hasBytes(id, signal);
  }

  download(id: string, signal?: AbortSignal): Promise<StoredBytes> {
    return this.#parts.glance.download(id, signal);
  }

  async copyToStores(request: {id: string; stores: readonly string[]}): Promise<void> {
    this.#watch.begin(request.id);
    // The image stays as it is whatever happens, so what could be copied may stay.
    await this.#parts.glance.import(request.id, {
      method: {name: 'copy-image'},
      stores: request.stores,
      all_stores_must_succeed: false,
    });
  }

  importState(id: string, stores: readonly string[]): Promise<ImportState> {
    return this.#watch.look(id, stores);
  }

  share(id: string, projectId: string): Promise<void> {
    return lend(this.#parts.glance, {id, projectId});
  }

  async accept(id: string): Promise<void> {
    await this.#parts.glance.acceptMembership(id, (await this.account()).projectId);
  }

  unshare(id: string, projectId: string): Promise<void> {
    return takeBack(this.#parts.glance, {id, projectId});
  }

  close(): Promise<void> {
    this.#parts.close();
    return Promise.resolve();
  }

  // What was written this moment bears Glance's own time, also where no `Date` header does.
  #heard(image: Image): Image {
    this.#parts.clock.hear(image.updatedAt);
    return image;
  }

  async #shownAndHidden(filter: Readonly<Record<string, string>>): Promise<readonly Image[]> {
    const {glance} = this.#parts;
    const [shown, hidden] = await Promise.all([glance.list(filter), glance.list({...filter, os_hidden: 'true'})]);
    return [...shown, ...hidden];
  }

  #send(to: 'file' | 'stage', upload: Upload): Promise<void> {
    return recoded(this.#parts.glance.send(to, upload), {
      CLOUD_REFUSED: (error) => (statusOf(error) === 415 ? formatRefused(error) : undefined),
    });
  }
}

// Every demanded store or none: nothing may become visible that is not complete.
function demanded(stores: readonly string[] | undefined): {
  stores?: readonly string[];
  all_stores_must_succeed?: boolean;
} {
  return stores === undefined || stores.length === 0 ? {} : {stores, all_stores_must_succeed: true};
}

function left(entry: {limit: number; usage: number} | undefined): number | undefined {
  return entry === undefined || entry.limit < 0 ? undefined : Math.max(0, entry.limit - entry.usage);
}
