import type {SizeLimits} from '../core/limits.ts';

/** What one kind of source is asked for. */
export interface ReadRequest {
  readonly url: string;
  readonly baseDir: string;
  /** Only that many bytes are wanted; the source may stop there, or give more. */
  readonly firstBytes?: number;
  /** A digest will be checked, so that a broken read may go on where it broke off without another check. */
  readonly digestDemanded: boolean;
  /** A redirect may lead from https to http. */
  readonly allowHttpRedirect?: boolean;
  /** Glance's word for the processor, where a source has images for several. */
  readonly architecture?: string;
  /** What a source that unpacks by itself may read; default: {@link DEFAULT_LIMITS}. */
  readonly limits?: SizeLimits;
  readonly signal?: AbortSignal;
}

/** Which part is asked for; bytes. */
export interface PartRequest extends ReadRequest {
  readonly offset: number;
  readonly length: number;
  /** Of the whole, as an earlier answer had it. */
  readonly size: number;
}

/** A source that answered: bytes as they are served, before anything was taken off or judged. */
export interface Served {
  /** The place as it was asked for; redirects do not change it. */
  readonly url: string;
  /** What {@link url} stood for, where that may change: a tag with its digest. */
  readonly origin?: string;
  /** Where it lies on this host; absolute. */
  readonly path?: string;
  /** Bytes of the whole, where known. */
  readonly size?: number;
  readonly lastModified?: Date;
  readonly contentType?: string;
  /** The cloud could read it, too. */
  readonly remote: boolean;
  /** Ends early or late never: a broken read throws SOURCE_UNAVAILABLE. Leaving the loop closes the source. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
  /** Hears what came of it: nothing for bytes that were read to their end and are those that were demanded, else the error. */
  readonly settled?: (error?: unknown) => void;
}

/** One kind of source. Errors: SOURCE_REFUSED (asking again is useless), SOURCE_UNAVAILABLE (a moment later it may work). */
export interface SourceKind {
  readonly name: string;
  claims(url: string): boolean;
  read(request: ReadRequest): Promise<Served>;
  /** A part of a source that has `size` bytes, or less of it at its end; undefined where it gives no parts. Absent: it never does. */
  readPart?(request: PartRequest): Promise<Buffer | undefined>;
}
