import type {CloudNews} from '../core/metrics/carry-over.ts';

/** Writes the metrics of this host, beside its work: nothing here delays, fails or decides anything. What cannot be written is one warning. */
export interface MetricsWriter {
  /** Writes what a run has to say of a cloud, in its turn. */
  write(news: CloudNews): void;
  /** Waits until everything is written, two seconds at most. */
  end(): Promise<void>;
}
