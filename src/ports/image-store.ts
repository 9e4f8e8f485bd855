import type {Readable} from 'node:stream';
import type {Image, ImagePatch, NewImage, Visibility} from '../core/image/image.ts';

/** How bytes get into a store. `upload` is Glance's `PUT /v2/images/{id}/file`. */
export type ImportMethod = 'web-download' | 'glance-direct' | 'upload';

/** Who we are on this cloud. */
export interface Account {
  readonly projectId: string;
  readonly projectName: string;
  readonly userName: string;
  readonly roles: readonly string[];
  /** The region whose images these are; absent where the cloud has none. */
  readonly region?: string;
  /** Further regions of the cloud, where none was chosen and {@link region} is the first of several. */
  readonly otherRegions?: readonly string[];
}

/** What the store offers; discovered once per run, only when something is to be imported. */
export interface StoreOffer {
  readonly methods: readonly ImportMethod[];
  /** True where `copy-image` can mend a missing store. */
  readonly copyImage: boolean;
  readonly stores: readonly {readonly id: string; readonly isDefault: boolean}[];
}

/** How far the making of an image is; one observation. */
export type ImportState =
  | {readonly kind: 'running'; readonly image: Image; readonly bytes?: number}
  | {readonly kind: 'done'; readonly image: Image}
  | {readonly kind: 'failed'; readonly image: Image; readonly reason: string; readonly failedStores: readonly string[]}
  | {readonly kind: 'gone'};

/** What may be left of a quota; undefined where the cloud does not say. */
export interface ImageQuota {
  readonly bytesLeft?: number;
  /** The folder whose disk sets that limit; absent where a quota does. */
  readonly disk?: string;
  readonly imagesLeft?: number;
}

/**
 * What any cloud must be able to do with images. Every method throws ImgmgrError (AUTH, FORBIDDEN, NOT_FOUND, CONFLICT,
 * QUOTA, UNAVAILABLE, TIMEOUT, CLOUD_REFUSED, PROTOCOL …) and takes no decision of its own.
 */
export interface ImageStore {
  /** The cloud's name, for messages. */
  readonly cloud: string;

  /** Logs in (once) and answers who we are. */
  account(): Promise<Account>;

  /** When the credential that we log in with ends; undefined: never, or there is none of that kind. Absent: the store has no logins. */
  credentialExpiry?(): Promise<Date | undefined>;

  /** The store's clock, from the last answer's `Date` header moved on by our monotonic clock. */
  now(): Date;

  /** All images with the tag, shown and hidden, every page; filtered by the server; any owner that we can see. */
  listTagged(tag: string): Promise<readonly Image[]>;

  /** Images that bear one of the names, of any owner that we can see, hidden ones too; one call where possible. */
  listNamed(names: readonly string[]): Promise<readonly Image[]>;

  /** The images that users are offered, of any owner: public and community ones that are not hidden; page by page. */
  listOffered(): AsyncIterable<readonly Image[]>;

  /** The image, or undefined when there is none. */
  get(id: string): Promise<Image | undefined>;

  /** Creates the record (status `queued`), private, with everything that is known. CONFLICT when the id is taken. */
  create(image: NewImage): Promise<Image>;

  /** One PATCH, all or nothing. `live` is the image as last seen (decides between `add` and `replace`). */
  update(live: Image, patch: ImagePatch): Promise<Image>;

  /** Deletes; an image that is gone already counts as deleted. IN_USE and FORBIDDEN when the cloud refuses. */
  delete(id: string): Promise<void>;

  /** Glance's actions/deactivate and actions/reactivate. */
  setActive(id: string, active: boolean): Promise<void>;

  offer(): Promise<StoreOffer>;

  /** What is left of the image quota (Glance `GET /v2/info/usage`); an empty answer where the cloud does not say. */
  quota(): Promise<ImageQuota>;

  /**
   * Would a PATCH of our private record to this visibility be allowed? Changes nothing. undefined: cannot be known.
   * `live` is a queued record of ours (the lease).
   */
  mayPublish(live: Image, visibility: Visibility): Promise<boolean | undefined>;

  /**
   * Would a new image of this visibility be allowed? Makes nothing: it asks for one with the id of an image that is there. undefined:
   * cannot be known. Absent: the store knows no rights.
   */
  mayCreate?(visibility: Visibility): Promise<boolean | undefined>;

  /**
   * Would an import into our private, queued, empty record be allowed? Changes nothing; true also where the cloud does not say.
   * Policies that depend on the state of the image may still refuse it later.
   */
  mayImport(id: string): Promise<boolean>;

  /** Orders the cloud to fetch the bytes itself; returns when it has accepted. */
  importFromUrl(request: {
    readonly id: string;
    readonly url: string;
    readonly stores?: readonly string[];
  }): Promise<void>;

  /**
   * Streams the bytes into the staging area. When the stream is destroyed with an error, the connection is dropped, the
   * record falls back to `queued` and that error is thrown.
   */
  stage(request: ByteUpload): Promise<void>;

  /** Turns staged bytes into the image; returns when the cloud has accepted. */
  importStaged(request: {readonly id: string; readonly stores?: readonly string[]}): Promise<void>;

  /** Streams the bytes straight into the image, as {@link stage} does; the image is `active` afterwards. */
  upload(request: ByteUpload & {readonly store?: string}): Promise<void>;

  /** The bytes of an active image, as the store keeps them; NOT_FOUND where it has none. */
  download(id: string, signal?: AbortSignal): Promise<StoredBytes>;

  /**
   * Are the bytes of an active image there? Reads no more than the first of them; false where the store has none, or not even the record.
   * Whoever cannot say (store down, not allowed) throws.
   */
  hasBytes(id: string, signal?: AbortSignal): Promise<boolean>;

  /** Copies the bytes of an active image to more stores; returns when the cloud has accepted. */
  copyToStores(request: {readonly id: string; readonly stores: readonly string[]}): Promise<void>;

  /**
   * One look at a running import: status, tasks, `os_glance_failed_import`, `os_glance_importing_to_stores`. `stores` are
   * the demanded ones: an `active` image that lacks one, with nothing under way, has failed.
   */
  importState(id: string, stores: readonly string[]): Promise<ImportState>;

  /** Lends the image to one other project, which does not see it in listings before {@link accept}. Twice is once. */
  share(id: string, projectId: string): Promise<void>;

  /** Takes an image that was lent to our own project; NOT_FOUND when it was not. Twice is once. */
  accept(id: string): Promise<void>;

  /** Takes a lent image back: private again. What is not lent, or gone, counts as taken back. */
  unshare(id: string, projectId: string): Promise<void>;

  /** Ends connections; safe to call twice. */
  close(): Promise<void>;
}

/** Bytes on their way out of a store. */
export interface StoredBytes {
  readonly bytes: Readable;
  /** Number of bytes, where known. */
  readonly size?: number;
}

/** Bytes on their way into a store. */
export interface ByteUpload {
  readonly id: string;
  readonly bytes: Readable;
  /** Number of bytes, where known; otherwise the upload is chunked. */
  readonly size?: number;
  /** Ends the upload at once. */
  readonly signal?: AbortSignal;
}
