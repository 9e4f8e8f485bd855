import type {Diagnosis} from '../core/doctor.ts';

/** One thing that `doctor` looks at. */
export interface Check {
  /** Stable, of small letters and dashes. */
  readonly id: string;
  /** Looks and leaves nothing behind; what it throws is its failure. */
  look(): Promise<Diagnosis>;
}

/** Looks at this host: its folders, tools and what they can do. */
export type HostChecks = () => Promise<readonly Check[]>;
