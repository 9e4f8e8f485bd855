import {describe, expect, it} from 'vitest';
import type {CloudNews} from '../../../../src/core/metrics/carry-over.ts';
import {carryOver} from '../../../../src/core/metrics/carry-over.ts';
import {samplesOf} from '../../../../src/core/metrics/cloud-metrics.ts';
import type {MetricName, Sample} from '../../../../src/core/metrics/families.ts';
import {readSamples} from '../../../../src/core/metrics/read-samples.ts';
import {sampleText} from '../../../../src/core/metrics/text.ts';
import {NOW_MS, RUN, observation} from './samples.ts';

const CLOUD = 'c';
const LATER_MS = NOW_MS + 3_600_000;
const LATER = {...RUN, endedMs: LATER_MS, succeededMs: LATER_MS};
const FAILED = {...{verb: 'manage', endedMs: LATER_MS, exitCode: 1, durationMs: 1}};

/** As a run finds them in the file of the run before. */
function stored(samples: readonly Sample[]): readonly Sample[] {
  return readSamples(sampleText(samples), CLOUD);
}

const OLD = stored(samplesOf({cloud: CLOUD, observation: observation(), runs: [RUN, {...RUN, verb: 'status'}]}));

function after(news: Partial<CloudNews>, old = OLD): (name: MetricName) => readonly (readonly [string, number])[] {
  const samples = stored(carryOver(old, {cloud: CLOUD, run: LATER, ...news}, LATER_MS));
  return (name) =>
    samples.flatMap(({name: own, labels, value}) =>
      own === name ? [[labels['verb'] ?? labels['definition'] ?? labels['severity'] ?? '', value] as const] : [],
    );
}

describe('metrics after a run', () => {
  it('show its end, and the last end of other verbs', () => {
    expect(after({run: FAILED})('imgmgr_run_exit_code')).toEqual([
      ['status', 0],
      ['manage', 1],
    ]);
  });

  it('keep the time of the last success where the run failed, and lose it where there was none', () => {
    expect(after({run: FAILED})('imgmgr_run_success_timestamp_seconds')).toEqual([
      ['manage', NOW_MS / 1000],
      ['status', NOW_MS / 1000],
    ]);
    expect(after({run: FAILED}, [])('imgmgr_run_success_timestamp_seconds')).toEqual([]);
    expect(after({})('imgmgr_run_success_timestamp_seconds')).toContainEqual(['manage', LATER_MS / 1000]);
  });

  it('keep what was seen of the cloud, and when, where the run saw nothing', () => {
    const now = after({run: FAILED});
    expect(now('imgmgr_observed_timestamp_seconds')).toEqual([['', NOW_MS / 1000]]);
    for (const name of ['imgmgr_image_info', 'imgmgr_images', 'imgmgr_wanted_missing', 'imgmgr_findings'] as const)
      expect([name, now(name)]).toEqual([name, after({}, OLD)(name)]);
    expect(now('imgmgr_images')).toHaveLength(6);
  });

  it('show what was seen in place of what was there before', () => {
    const now = after({
      observation: observation({atMs: LATER_MS, current: [], missing: new Map([['Debian 14', 1]])}),
    });
    expect(now('imgmgr_observed_timestamp_seconds')).toEqual([['', LATER_MS / 1000]]);
    expect(now('imgmgr_wanted_missing')).toEqual([['Debian 14', 1]]);
    for (const name of ['imgmgr_image_info', 'imgmgr_image_published_timestamp_seconds'] as const)
      expect(now(name)).toEqual([]);
  });

  it('keep the findings, and the red of images that are still current, where the run judged nothing', () => {
    const {judged, ...unjudged} = observation({atMs: LATER_MS});
    expect(judged).toBeDefined();
    const same = after({observation: unjudged});
    expect(same('imgmgr_image_red_timestamp_seconds')).toEqual([['Debian 13', NOW_MS / 1000 + 86_400]]);
    expect(same('imgmgr_findings')).toHaveLength(3);
    const gone = after({observation: {...unjudged, current: []}});
    expect(gone('imgmgr_image_red_timestamp_seconds')).toEqual([]);
    expect(gone('imgmgr_findings')).toHaveLength(3);
  });

  it('show one profile, the last that judged', () => {
    const judged = {profile: 'openstack', red: [], findings: {error: 0, warning: 0, info: 0}};
    expect(after({observation: observation({judged})})('imgmgr_findings')).toEqual([
      ['error', 0],
      ['warning', 0],
      ['info', 0],
    ]);
  });

  it('keep from when on an image is red, and take a later forecast as it is', () => {
    const red = (atMs: number) => ({
      judged: {
        profile: 'scs-v1',
        red: [{id: 'i-1', atMs, by: 'update' as const}],
        findings: {error: 1, warning: 0, info: 0},
      },
    });
    const first = stored(samplesOf({cloud: CLOUD, observation: observation(red(NOW_MS)), runs: []}));
    const still = after({observation: observation({atMs: LATER_MS, ...red(LATER_MS)})}, first);
    expect(still('imgmgr_image_red_timestamp_seconds')).toEqual([['Debian 13', NOW_MS / 1000]]);
    const ahead = after({observation: observation({atMs: LATER_MS, ...red(LATER_MS + 1000)})}, first);
    expect(ahead('imgmgr_image_red_timestamp_seconds')).toEqual([['Debian 13', LATER_MS / 1000 + 1]]);
  });

  it('keep the end of the credential where it could not be asked, and lose it where there is none', () => {
    const ending = observation({credentialExpiresMs: 5000});
    const old = [...OLD, ...stored(samplesOf({cloud: CLOUD, observation: ending, runs: []}))];
    const NAME = 'imgmgr_credential_expiry_timestamp_seconds';
    const {credentialExpiresMs, ...unknown} = observation({atMs: LATER_MS});
    expect(credentialExpiresMs).toBeNull();
    expect(after({observation: unknown}, old)(NAME)).toEqual([['', 5]]);
    expect(after({observation: {...unknown, credentialExpiresMs: null}}, old)(NAME)).toEqual([]);
  });

  it('show a hold that was set, and lose one that was lifted, that of every definition apart from those of single ones', () => {
    const set = after({
      holds: [
        {definition: 'X', untilMs: 1000},
        {definition: '', untilMs: 2000},
      ],
    });
    expect(set('imgmgr_hold_until_timestamp_seconds')).toEqual([
      ['X', 1],
      ['', 2],
    ]);
    const old = carryOver(
      OLD,
      {
        cloud: CLOUD,
        run: LATER,
        holds: [
          {definition: 'X', untilMs: 1000},
          {definition: '', untilMs: 2000},
        ],
      },
      LATER_MS,
    );
    expect(
      after({holds: [{definition: '', untilMs: null}]}, stored(old))('imgmgr_hold_until_timestamp_seconds'),
    ).toEqual([['X', 1]]);
  });

  it('keep what a run saw that looked later and ended before, but not what is said to be seen in the future', () => {
    const observed = {observation: observation({atMs: NOW_MS - 1000, missing: new Map([['old', 1]])})};
    expect(after(observed)('imgmgr_wanted_missing')).toEqual([['Debian 13', 0]]);
    const future = stored(samplesOf({cloud: CLOUD, observation: observation({atMs: LATER_MS + 1000}), runs: []}));
    expect(after(observed, future)('imgmgr_wanted_missing')).toEqual([['old', 1]]);
  });
});
