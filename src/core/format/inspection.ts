import type {Prefix} from './prefix.ts';

/** Stable names of what makes bytes unfit or unsafe as an image. */
export type ProblemId =
  | 'TooSmall'
  | 'Truncated' // ends within its own header
  | 'Version'
  | 'BackingFile'
  | 'DataFile'
  | 'UnknownFeatures'
  | 'Encrypted'
  | 'Descriptor'
  | 'Extent'
  | 'Footer'
  | 'Type'
  | 'Region'
  | 'Size' // of the disk: none, no whole sectors, or stated in two ways
  | 'Mbr'
  | 'MultipleFormats'
  | 'NotADisk' // known by name and never taken
  | 'Packed' // an archive, to be unpacked first
  | 'WebPage'
  | 'Mismatch' // not the format that the definition asserts
  | 'VirtualTooLarge';

/** One reason to refuse; the message is lowercase, without a full stop, and fits behind "the image …". */
export interface FormatProblem {
  readonly id: ProblemId;
  readonly message: string;
}

/** What one format's inspector found in bytes that carry its magic. */
export interface Finding {
  /** Bytes of the disk inside. */
  readonly virtualSize?: number;
  readonly problems: readonly FormatProblem[];
  /** The inspector could say more if it saw this many bytes from the start. */
  readonly needed?: number;
  /** The last bytes of the file must be looked at too. */
  readonly footer?: boolean;
}

/** One format: its name (Glance's where Glance has one), and how to recognise and judge it. */
export interface FormatInspector {
  readonly name: string;
  /** Bytes from the start that recognition needs. */
  readonly reach: number;
  matches(head: Prefix): boolean;
  inspect(head: Prefix): Finding;
}

/** Shorthand for a finding with a single problem. */
export function refuse(id: ProblemId, message: string): Finding {
  return {problems: [{id, message}]};
}

/** Refuses a disk without a byte, and one that programs round to whole sectors in two ways. */
export function sizeProblems(name: string, virtualSize: number): readonly FormatProblem[] {
  if (virtualSize > 0 && virtualSize % 512 === 0) return [];
  return [{id: 'Size', message: `is ${name} with a disk of ${virtualSize} bytes, which is no number of whole sectors`}];
}

/** A header that is longer than what was seen: more is needed, or, at the end of the file, it is truncated. */
export function unfinished(head: Prefix, needed: number): Finding {
  return head.complete
    ? refuse('Truncated', `ends after ${head.length} bytes, within its header`)
    : {problems: [], needed};
}
