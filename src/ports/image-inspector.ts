import type {Inspected} from '../core/format/inspected.ts';
import type {SizeLimits} from '../core/limits.ts';

/** What is to be looked at, and how far. */
export interface InspectRequest {
  /** `http://`, `https://`, `oci://…`, or `file:///path`. */
  readonly url: string;
  /** Glance's disk_format that it must have; absent: any. */
  readonly format?: string;
  /** Glance's word for the processor, where a source has images for several. */
  readonly architecture?: string;
  readonly limits: SizeLimits;
  /** Read all of it: digests, sizes after unpacking, the end; and have qemu-img judge what it can be asked about. */
  readonly whole: boolean;
  /** Milliseconds for all of it; then TIMEOUT. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Looks at an image without bringing it anywhere. Errors: SOURCE_*, TIMEOUT, INTERRUPTED, UNSUPPORTED (a tool is missing); what is wrong with the image is in the answer. */
export interface ImageInspector {
  inspect(request: InspectRequest): Promise<Inspected>;
}
