import type {Digest} from '../release/digest.ts';
import type {FormatProblem} from './inspection.ts';
import type {Layout, Partition} from './layout.ts';

/** The answer of `inspect`; what is `null` is not known. */
export interface Inspected {
  /** The address or path, as it may be printed. */
  readonly source: string;
  /** What the address stands for, where that may change: a tag with its digest. */
  readonly origin?: string;
  /** Glance's disk_format; `raw` where nothing else was recognised. */
  readonly format: string;
  readonly kind: 'disk' | 'cdrom' | 'unknown';
  /** What was taken off, the outermost first. */
  readonly wrappers: readonly string[];
  /** Bytes. */
  readonly sizes: {
    readonly served: number | null;
    readonly unpacked: number | null;
    readonly virtual: number | null;
  };
  readonly table: Layout['table'] | null;
  readonly partitions: readonly Partition[];
  /** A file system that fills the disk. */
  readonly filesystem: string | null;
  readonly firmware: Layout['firmware'] | null;
  /** Glance's word for the processor. */
  readonly architecture: string | null;
  /** Of the bytes as served, where all of them were read. */
  readonly digests: readonly Digest[];
  readonly verdict: 'safe' | 'refused';
  /** Why it is refused. */
  readonly problems: readonly {readonly id: FormatProblem['id'] | 'Refused'; readonly message: string}[];
  /** What could not be seen, and why, one clause each. */
  readonly unknown: readonly string[];
  /** How many bytes of the source were read. */
  readonly bytesRead: number;
}
