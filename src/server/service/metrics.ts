import type {CloudMetrics, RunMetrics} from '../../core/metrics/cloud-metrics.ts';
import {metricsText} from '../../core/metrics/text.ts';
import type {RunRecord} from '../../core/history/records.ts';
import type {HistoryReader} from '../../ports/history.ts';
import {VERSION} from '../../version.ts';
import type {Identity} from '../access/identity.ts';
import {seesCloud} from '../access/identity.ts';
import type {ServiceContext} from './context.ts';

/** Verbs whose runs are told of. */
const VERBS = ['manage', 'build', 'import', 'verify', 'hide', 'delete', 'rollback'] as const;
/** So far back a run is looked for that did its work. */
const LOOK_BACK = 20;

/** What is known of the clouds that this user sees, and of runs of this host on them; asks no cloud. */
export async function metricsOf(identity: Identity, {clouds, history}: ServiceContext): Promise<string> {
  clouds.ask();
  const seen = clouds.names.filter((cloud) => seesCloud(identity, cloud));
  const runs = (await history.read((reader) => seen.map((cloud) => runsOn(cloud, reader)))) ?? [];
  const known = seen.map((cloud, at): CloudMetrics => {
    const observation = clouds.observation(cloud);
    return {cloud, runs: runs[at] ?? [], ...(observation && {observation})};
  });
  return metricsText(known, VERSION);
}

function runsOn(cloud: string, reader: HistoryReader): readonly RunMetrics[] {
  return VERBS.flatMap((verb) => {
    const {runs} = reader.runs({clouds: [cloud], verbs: [verb], limit: LOOK_BACK});
    const ended = runs.filter((run) => run.endedAt !== null && run.exitCode !== null);
    const [last] = ended;
    if (!last) return [];
    const good = ended.find(({exitCode}) => exitCode === 0 || exitCode === 3);
    return [
      {
        ...{verb, endedMs: endOf(last), exitCode: last.exitCode ?? 1, durationMs: last.elapsedMs},
        ...(good && {succeededMs: endOf(good)}),
      },
    ];
  });
}

function endOf({endedAt}: RunRecord): number {
  return Date.parse(endedAt ?? '');
}
