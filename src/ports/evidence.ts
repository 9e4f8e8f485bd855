import type {GuestReport} from '../core/guest-report.ts';
import type {Datasource} from '../core/job.ts';
import type {Verdict} from '../core/verdict/verdict.ts';

/** What is kept of one verification on this host; the console can hold anything, so only its owner may read it. */
export interface Evidence {
  readonly cloud: string;
  readonly run: string;
  readonly image: string;
  readonly definition: string;
  readonly datasource: Datasource;
  readonly verdict: Verdict;
  readonly report?: GuestReport;
  readonly console?: string;
  readonly refused: readonly string[];
}
