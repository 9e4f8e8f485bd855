import type {Digest} from '../core/release/digest.ts';
import type {StoredBytes} from './image-store.ts';

/** The bytes of one image, to be written outside of the cloud. */
export interface ImageToWrite {
  /** How messages name it. */
  readonly show: string;
  /** Bytes, where the cloud says. */
  readonly size?: number;
  /** What the cloud says that they hash to; none where it says nothing. */
  readonly digests: readonly Digest[];
  /** Glance's disk_format. */
  readonly format: string;
  /** Glance's word for the processor. */
  readonly architecture: string;
  /** When the cloud made it: ISO 8601. */
  readonly createdAt: string;
  /** Begins to read the bytes; may be called again. */
  readonly read: () => Promise<StoredBytes>;
  /** Hears how many bytes of a reading there were so far. */
  readonly seen: (bytes: number) => void;
}

/** What was written. */
export interface WrittenImage {
  /** Where it is: an absolute path, or a reference with its digest. */
  readonly target: string;
  readonly bytes: number;
  /** What the bytes hash to, with the algorithms that the cloud knows. */
  readonly digests: readonly Digest[];
  /** `sha256:…` of the manifest of a container image. */
  readonly manifest?: string;
}

/** How an image is to be written. */
export interface TargetRequest {
  /** A path, or `oci://registry/repository[:tag]`. */
  readonly address: string;
  /** An existing file is replaced. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** One place outside of the cloud. */
export interface OpenTarget {
  /**
   * Writes the image there. It appears when all of it is there and has the digests of the cloud, and not before: DIGEST_MISMATCH, and
   * whatever the reading breaks with.
   */
  write(image: ImageToWrite): Promise<WrittenImage>;
}

/** Where images can be written to. */
export interface ImageTargets {
  /** Looks whether the place can be written, before anything is read: USAGE, CONFIG, FORBIDDEN. Makes nothing. */
  open(request: TargetRequest): Promise<OpenTarget>;
  close(): Promise<void>;
}
