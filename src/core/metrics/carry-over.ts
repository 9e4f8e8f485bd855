import type {CloudMetrics, RunMetrics} from './cloud-metrics.ts';
import {holdSample, samplesOf} from './cloud-metrics.ts';
import type {MetricName, Sample} from './families.ts';
import type {Observation} from './observation.ts';

/** What a run has to say of one cloud. */
export interface CloudNews {
  readonly cloud: string;
  /** Absent: the end of no run. */
  readonly run?: RunMetrics;
  /** Absent: it did not see the images. */
  readonly observation?: Observation;
  /** Holds that it set, or lifted (null); an empty definition: of every one. */
  readonly holds?: readonly {readonly definition: string; readonly untilMs: number | null}[];
}

/** The samples of a cloud after a run: what it did not look at keeps the value that it had. `nowMs`: milliseconds since 1970. */
export function carryOver(old: readonly Sample[], news: CloudNews, nowMs: number): readonly Sample[] {
  const {cloud, run, holds = []} = news;
  const observation = isOutdated(old, news, nowMs) ? undefined : news.observation;
  const about: CloudMetrics = {cloud, runs: run ? [run] : [], ...(observation && {observation})};
  const fresh = withFirstRed(samplesOf(about), old);
  const ids = new Set(fresh.flatMap(({name, labels}) => (name === 'imgmgr_image_info' ? [labels['image_id']] : [])));
  const kept = old.filter((sample) => {
    const {name, labels} = sample;
    if (name.startsWith('imgmgr_run_')) return !run || labels['verb'] !== run.verb || isLastSuccess(sample, run);
    if (
      name === 'imgmgr_hold_until_timestamp_seconds' &&
      holds.some(({definition}) => definition === labels['definition'])
    )
      return false;
    if (!observation) return true;
    if (name === 'imgmgr_credential_expiry_timestamp_seconds') return observation.credentialExpiresMs === undefined;
    if (JUDGED.has(name))
      return !observation.judged && (labels['image_id'] === undefined || ids.has(labels['image_id']));
    return false;
  });
  const held = holds.flatMap(({definition, untilMs}) =>
    untilMs === null ? [] : [holdSample(cloud, {definition, untilMs})],
  );
  return [...kept, ...fresh, ...held];
}

const JUDGED: ReadonlySet<MetricName> = new Set(['imgmgr_image_red_timestamp_seconds', 'imgmgr_findings']);

/** Another run looked later; a time that is still to come is no reason. */
function isOutdated(old: readonly Sample[], {observation}: CloudNews, nowMs: number): boolean {
  const last = old.find(({name}) => name === 'imgmgr_observed_timestamp_seconds')?.value ?? 0;
  return observation !== undefined && last * 1000 > observation.atMs && last * 1000 <= nowMs;
}

/** The run failed, and the time of the last one that did not stays. */
function isLastSuccess({name}: Sample, {succeededMs}: RunMetrics): boolean {
  return name === 'imgmgr_run_success_timestamp_seconds' && succeededMs === undefined;
}

/** An image that is red already keeps the moment from which on that is known. */
function withFirstRed(fresh: readonly Sample[], old: readonly Sample[]): readonly Sample[] {
  const before = new Map(
    old.flatMap((sample) => (sample.name === RED ? [[keyOf(sample), sample.value] as const] : [])),
  );
  return fresh.map((sample) => {
    const known = sample.name === RED ? before.get(keyOf(sample)) : undefined;
    return known !== undefined && known < sample.value && isRed(sample, fresh) ? {...sample, value: known} : sample;
  });
}

const RED: MetricName = 'imgmgr_image_red_timestamp_seconds';

/** From the time of the observation on, not only later. */
function isRed({value}: Sample, fresh: readonly Sample[]): boolean {
  return fresh.some(({name, value: at}) => name === 'imgmgr_observed_timestamp_seconds' && value <= at);
}

function keyOf({labels}: Sample): string {
  return JSON.stringify(['definition', 'version', 'image_id', 'profile', 'by'].map((label) => labels[label] ?? ''));
}
