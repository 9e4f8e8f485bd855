import type {CloudMetrics} from '../../../../src/core/metrics/cloud-metrics.ts';
import type {Observation} from '../../../../src/core/metrics/observation.ts';

/** 2026-01-31 12:00 UTC. */
export const NOW_MS = 1_769_860_800_000;

/** A cloud with one current image of one definition, nothing wrong with it. */
export function observation(changes: Partial<Observation> = {}): Observation {
  return {
    atMs: NOW_MS,
    current: [
      {
        ...{definition: 'Debian 13', version: '20260130', id: 'i-1'},
        ...{builtMs: NOW_MS - 86_400_000, publishedMs: NOW_MS - 3_600_000, verifiedMs: NOW_MS - 7_200_000},
      },
    ],
    lost: 0,
    states: {importing: 0, pending: 0, ready: 0, current: 1, retired: 2, quarantined: 0},
    holds: [],
    missing: new Map([['Debian 13', 0]]),
    judged: {
      profile: 'scs-v1',
      red: [{id: 'i-1', atMs: NOW_MS + 86_400_000, by: 'update'}],
      findings: {error: 0, warning: 1, info: 3},
    },
    credentialExpiresMs: null,
    ...changes,
  };
}

/** The end of a run of manage that did its work. */
export const RUN: CloudMetrics['runs'][number] = {
  ...{verb: 'manage', endedMs: NOW_MS, exitCode: 0, durationMs: 12_345.6, succeededMs: NOW_MS},
};
