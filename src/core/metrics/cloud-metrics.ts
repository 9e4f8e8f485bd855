import type {MetricName, Sample} from './families.ts';
import type {HeldUntil, Judgement, Observation} from './observation.ts';

/** What is known of a cloud; empty for what concerns no cloud, as a build on this host. */
export interface CloudMetrics {
  readonly cloud: string;
  /** Absent: it was not looked at. */
  readonly observation?: Observation;
  /** The last run of each verb. */
  readonly runs: readonly RunMetrics[];
}

/** The end of a run on one cloud; times: milliseconds, `endedMs` and `succeededMs` since 1970. */
export interface RunMetrics {
  readonly verb: string;
  readonly endedMs: number;
  readonly exitCode: number;
  readonly durationMs: number;
  /** When one did its work, this one or an earlier one; absent: none is known. */
  readonly succeededMs?: number;
}

/** Everything that is known of a cloud, as samples. */
export function samplesOf({cloud, observation, runs}: CloudMetrics): readonly Sample[] {
  return [...(observation ? observed(cloud, observation) : []), ...runs.flatMap((run) => ofRun(cloud, run))];
}

/** The end of a hold, as a sample. */
export function holdSample(cloud: string, {definition = '', untilMs}: HeldUntil): Sample {
  return {name: 'imgmgr_hold_until_timestamp_seconds', labels: {cloud, definition}, value: untilMs / 1000};
}

function ofRun(cloud: string, {verb, endedMs, exitCode, durationMs, succeededMs}: RunMetrics): readonly Sample[] {
  const labels = {cloud, verb};
  return [
    {name: 'imgmgr_run_timestamp_seconds', labels, value: endedMs / 1000},
    ...seconds('imgmgr_run_success_timestamp_seconds', labels, succeededMs),
    {name: 'imgmgr_run_exit_code', labels, value: exitCode},
    {name: 'imgmgr_run_duration_seconds', labels, value: Math.round(durationMs) / 1000},
  ];
}

function observed(cloud: string, {atMs, current, states, holds, missing, judged, ...rest}: Observation): Sample[] {
  const images = current.map((image) => {
    const {definition, version, id} = image;
    return {...image, labels: {cloud, definition, version, image_id: id}};
  });
  return [
    ...images.flatMap(({labels, builtMs, publishedMs, verifiedMs}): readonly Sample[] => [
      {name: 'imgmgr_image_info', labels, value: 1},
      ...seconds('imgmgr_image_build_timestamp_seconds', labels, builtMs),
      ...seconds('imgmgr_image_published_timestamp_seconds', labels, publishedMs),
      ...seconds('imgmgr_image_verified_timestamp_seconds', labels, verifiedMs),
    ]),
    ...holds.map((hold) => holdSample(cloud, hold)),
    ...[...missing].map(([definition, value]): Sample => ({
      name: 'imgmgr_wanted_missing',
      labels: {cloud, definition},
      value,
    })),
    ...Object.entries(states).map(([state, value]): Sample => ({name: 'imgmgr_images', labels: {cloud, state}, value})),
    {name: 'imgmgr_images_lost', labels: {cloud}, value: rest.lost},
    ...(judged ? judgement(judged, {cloud, images}) : []),
    ...seconds('imgmgr_observed_timestamp_seconds', {cloud}, atMs),
    ...seconds('imgmgr_credential_expiry_timestamp_seconds', {cloud}, rest.credentialExpiresMs ?? undefined),
  ];
}

function judgement(
  {profile, red, findings}: Judgement,
  {
    cloud,
    images,
  }: {readonly cloud: string; readonly images: readonly {readonly id: string; readonly labels: Sample['labels']}[]},
): readonly Sample[] {
  const byId = new Map(images.map(({id, labels}) => [id, labels]));
  return [
    ...red.flatMap(({id, atMs, by}) => {
      const labels = byId.get(id);
      return labels ? seconds('imgmgr_image_red_timestamp_seconds', {...labels, profile, by}, atMs) : [];
    }),
    ...Object.entries(findings).map(([severity, value]): Sample => ({
      name: 'imgmgr_findings',
      labels: {cloud, profile, severity},
      value,
    })),
  ];
}

function seconds(name: MetricName, labels: Sample['labels'], ms: number | undefined): readonly Sample[] {
  return ms === undefined ? [] : [{name, labels, value: ms / 1000}];
}
