import type {Conversion} from '../core/conversion.ts';
import type {SizeLimits} from '../core/limits.ts';
import type {OpenedSource} from './image-source.ts';

/** How a disk is to be converted. */
export interface ConvertRequest {
  /** Glance's disk_format of what is converted; content that disagrees is refused. */
  readonly from: string;
  readonly conversion: Conversion;
  /** What it may have at most; default: {@link DEFAULT_LIMITS}. */
  readonly limits?: SizeLimits;
  /** Milliseconds for all of it; then TIMEOUT. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  readonly progress?: (progress: ConvertProgress) => void;
}

/** Starts reading what is to be converted. */
export type OpenSource = (signal: AbortSignal) => Promise<OpenedSource>;

/** How a source is to be judged. */
export type JudgeSourceRequest = Omit<ConvertRequest, 'conversion'>;

/** How a file is to be judged. */
export type JudgeRequest = Omit<JudgeSourceRequest, 'progress'>;

/** How far it is: `fetching` counts bytes that arrived here, `converting` bytes of the disk. */
export interface ConvertProgress {
  readonly phase: 'fetching' | 'converting';
  readonly bytes: number;
  /** Where known. */
  readonly total?: number;
}

/** A converted disk in a file; bytes. */
export interface ConvertedFile {
  readonly size: number;
  readonly virtualSize: number;
}

/**
 * Judges disks with qemu-img and writes them in another format, on this host. Errors: UNSUPPORTED (no qemu-img, or nothing that
 * keeps it from other files, see `requireTool`), DISK_FULL, CONFIG (the folder for temporary files
 * cannot be used), FORMAT_REFUSED (unsafe, damaged, or not of its format), TIMEOUT, INTERRUPTED, and whatever the source breaks with.
 */
export interface ImageConverter {
  /** Looks whether it can be done here at all, with a disk of that format where one is given: UNSUPPORTED. Makes nothing. */
  requireTool(disk?: {readonly format: string; readonly show: string}): Promise<void>;
  /** Looks whether so many bytes have room in the folder for temporary files: DISK_FULL. Makes nothing. */
  requireRoom(bytes: number): Promise<void>;
  /**
   * Opens a source and reads it to its end, so that its digest is proven, and gives the same disk in the other format. Until then all of
   * it lies in a folder of this user alone; when the promise resolves, the folder is gone, and the result too as soon as it is closed.
   * `open` is handed the signal that ends it in time.
   */
  convert(open: OpenSource, request: ConvertRequest): Promise<OpenedSource>;
  /**
   * Opens a source and reads it to its end into a private copy, so that its digest is proven, has both guards judge the copy, and gives
   * its bytes as they are. The folder of the copy is gone when the promise resolves, and the copy as soon as it is closed.
   */
  judge(open: OpenSource, request: JudgeSourceRequest): Promise<OpenedSource>;
  /** The same as `convert` from a file into a new file, which is removed again when it fails. */
  convertFile(path: string, target: string, request: ConvertRequest): Promise<ConvertedFile>;
  /**
   * Judges a file by both guards, our inspection and qemu-img, and gives the bytes of its disk; `from` is the format that it must have.
   * To be asked before a file is handed to QEMU.
   */
  judgeFile(path: string, request: JudgeRequest): Promise<{readonly virtualSize: number}>;
  /** Removes what conversions of dead processes left on this host; what cannot be removed is left to the next time. */
  sweep(): Promise<void>;
}
