import type {Digest} from '../core/digest.ts';
import type {Visibility} from '../core/image.ts';

/** An image that the command line describes; what is undefined is worked out from its address. */
export interface AdHocImage {
  /** `http(s)://…`, `file:…`, a path, or `-` for stdin. */
  readonly address: string;
  readonly name?: string;
  readonly version?: string;
  /** `YYYY-MM-DD`. */
  readonly buildDate?: string;
  /** Glance's disk_format. */
  readonly diskFormat?: string;
  readonly checksum?: Digest;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly login: string;
  readonly visibility: Visibility;
  readonly protected: boolean;
  readonly properties: Readonly<Record<string, string>>;
}
