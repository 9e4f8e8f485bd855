import type {Readable} from 'node:stream';
import type {Digest} from '../core/release/digest.ts';
import type {SizeLimits} from '../core/limits.ts';

/** A stream of bytes that the caller has a way of its own to, as to an image of a cloud. */
export interface StreamOrigin {
  /** As messages name it. */
  readonly url: string;
  /** Where the bytes come from, as the image remembers it. */
  readonly origin: string;
  /** Begins to read; `size`: number of bytes, where known. */
  read(signal: AbortSignal | undefined): Promise<{readonly bytes: Readable; readonly size?: number}>;
}

/** What is to be read: the places in order of preference (mirror first), all of the same bytes. */
export interface SourceRequest {
  /** `http://`, `https://`, `oci://registry/repository`, `file:rel/path` (relative to {@link baseDir}) or `file:///abs`; `-` is stdin. */
  readonly urls: readonly string[];
  /** Read in place of {@link urls}. */
  readonly stream?: StreamOrigin;
  /** The folder that relative `file:` paths start from. */
  readonly baseDir: string;
  /** Demanded digest of the bytes as served. */
  readonly digest?: Digest;
  /** A redirect may lead from https to http; counts only beside {@link digest}. */
  readonly allowHttpRedirect?: boolean;
  /** Glance's disk_format as the definition asserts it; content that disagrees is refused. */
  readonly format: string;
  /** Glance's word for the processor, where a source has images for several; absent: the only one there is. */
  readonly architecture?: string;
  /**
   * Hash everything with sha512, too (the default). False: only a demanded digest is computed, and without one none at all; a
   * hash over all bytes halves the throughput, and is of use only for a comparison with Glance's `os_hash_value`.
   */
  readonly wantSha512?: boolean;
  /** What it may have at most; default: {@link DEFAULT_LIMITS}. */
  readonly limits?: SizeLimits;
  /** All of the reading must be done within this time, else it ends with TIMEOUT; milliseconds. */
  readonly limitMs?: number;
  readonly signal?: AbortSignal;
}

/** What a first look (the first 64 KiB, nothing more) shows of a source. */
export interface SourceProbe {
  /** The place that answered. */
  readonly url: string;
  /** Bytes as served, where the server says. */
  readonly size?: number;
  /** Bytes of the disk inside, where its format says so within the first 64 KiB (raw: the size). */
  readonly virtualSize?: number;
  readonly lastModified?: Date;
  /** A file system that fills a raw disk from its first byte on, where the first 64 KiB show it: no firmware can start it. */
  readonly filesystem?: string;
  /** True when the bytes as served are packed (gz, xz, zst, bz2, tar, zip), so that the cloud cannot fetch them itself. */
  readonly compressed: boolean;
  /** True when the cloud could fetch it by itself: http or https, not packed. */
  readonly remote: boolean;
}

/** A source that is being read. */
export interface OpenedSource {
  readonly url: string;
  /** The file of this host that has exactly these bytes, where there is one; absolute. */
  readonly path?: string;
  /** Number of bytes that {@link bytes} will give, where known. */
  readonly size?: number;
  /** Bytes of the disk inside, where its start says so (not for raw). */
  readonly virtualSize?: number;
  /**
   * The image's bytes, unwrapped. The last block is held back until the demanded digest agrees: on a mismatch, a cut-off
   * or an unsafe format the stream is destroyed with the ImgmgrError instead of ending.
   */
  readonly bytes: Readable;
  /** Facts known once the stream has ended. */
  facts(): SourceFacts;
}

export interface SourceFacts {
  /** What the address stood for, where that may change: a tag of a container image with its digest. */
  readonly origin?: string;
  /** Digests of the bytes as served: the demanded algorithm's, and sha512 (see {@link SourceRequest.wantSha512}). */
  readonly digests: readonly Digest[];
  /** Digest of the bytes given on: sha512, or without it the demanded algorithm's, if any; the served one unless unwrapped. */
  readonly unwrapped?: Digest;
  readonly servedBytes: number;
  readonly givenBytes: number;
  readonly virtualSize?: number;
  /** Glance's name of the format that was recognised in the content. */
  readonly format?: string;
}

/**
 * Where a digest stands in the world; relative `file:` paths start from `baseDir`. `path` is that of the image's URL, percent-encoded as
 * there: its last part is the name in the list, its folders decide between several.
 */
export type DigestLocation = {readonly url: string; readonly baseDir?: string} & (
  {readonly kind: 'list'; readonly path: string} | {readonly kind: 'bare'}
);

/** What any source of image bytes must be able to do. Errors: SOURCE_*, DIGEST_*, FORMAT_REFUSED, DISK_FULL. */
export interface ImageSource {
  /** A first look; tries the places in order and throws the last one's error. */
  probe(request: SourceRequest): Promise<SourceProbe>;
  /** Starts reading; tries the places in order until one answers. */
  open(request: SourceRequest): Promise<OpenedSource>;
  /** Reads one published digest (of exactly one file in a list, or a file with one bare digest). */
  findDigest(place: DigestLocation, signal?: AbortSignal): Promise<Digest>;
  close(): Promise<void>;
}
