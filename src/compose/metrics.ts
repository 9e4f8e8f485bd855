import {absolutePath} from '../config/config-context.ts';
import type {Emit} from '../core/events.ts';
import type {MetricsWriter} from '../ports/metrics.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import type {Caller} from './context-parts.ts';

/** What metrics are written with. */
export interface MetricsParts {
  /** As the operator named it. */
  readonly folder: string;
  readonly caller: Caller;
  readonly secrets: Secrets;
  readonly now: () => Date;
  /** Where its warning goes. */
  readonly emit: Emit;
}

/** What writes metrics into that folder, for the textfile collector of node_exporter. */
export async function openTextfiles({folder, caller, secrets, now, emit}: MetricsParts): Promise<MetricsWriter> {
  const {createTextfiles} = await import('../metrics/textfile.ts');
  return createTextfiles({
    ...{folder: absolutePath(folder, caller), version: VERSION, now},
    scrub: (text) => secrets.scrub(text),
    warn: (warning) => emit({type: 'warning', ...warning}),
  });
}
