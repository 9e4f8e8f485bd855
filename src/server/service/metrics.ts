import type {CloudMetrics, RunMetrics} from '../../core/metrics/cloud-metrics.ts';
import {metricsText} from '../../core/metrics/text.ts';
import type {RunEnd} from '../../ports/history.ts';
import {VERSION} from '../../version.ts';
import type {Identity} from '../access/identity.ts';
import {seesCloud} from '../access/identity.ts';
import type {ServiceContext} from './context.ts';

/** Verbs whose runs are told of. */
const VERBS = ['manage', 'build', 'import', 'verify', 'hide', 'delete', 'rollback'] as const;
/** What is known of the clouds that this user sees, and of runs of this host on them; asks no cloud. */
export async function metricsOf(identity: Identity, {clouds, history}: ServiceContext): Promise<string> {
  clouds.ask();
  const seen = clouds.names.filter((cloud) => seesCloud(identity, cloud));
  const ends = Map.groupBy((await history.read(async (reader) => reader.lastEnds())) ?? [], ({cloud}) => cloud);
  const known = seen.map((cloud): CloudMetrics => {
    const observation = clouds.observation(cloud);
    return {cloud, runs: runsOf(ends.get(cloud) ?? []), ...(observation && {observation})};
  });
  return metricsText(known, VERSION);
}

function runsOf(ends: readonly RunEnd[]): readonly RunMetrics[] {
  return VERBS.flatMap((verb) => ends.filter((end) => end.verb === verb));
}
