import {countsOf} from '../../../src/core/counts.ts';
import type {Event} from '../../../src/core/events.ts';
import type {LogRecord, RunRecord} from '../../../src/core/history/records.ts';

const AT = '2026-11-26T12:00:00.000Z';

const RUN: RunRecord = {
  ...{id: '0721cbb1-2ab1-41d6-b40f-44a1105b9c07', verb: 'manage', state: 'FAILED', phase: 'working'},
  ...{reason: 'VERIFICATION: no-network', exitCode: 5, counts: countsOf({quarantined: 1}), startedAt: AT, endedAt: AT},
  ...{heartbeatAt: AT, elapsedMs: 65_000, clouds: ['admin'], definitions: ['Debian 12']},
  who: {
    user: 'root',
    sudoUser: 'ann',
    ci: 'gitlab',
    job: 'ops/images nightly',
    jobUrl: 'https://lab.example.org/1',
    requestedBy: null,
  },
  ...{host: 'build-1', pid: 4711, commandLine: ['manage', '--cloud', 'admin'], version: '1.2.3', lastSeq: 17},
};

const LOG: LogRecord = {
  ...{kind: 'build', cloud: null, definition: 'Debian 12', version: '20261121', image: null, path: '/logs/a.log'},
  ...{from: 0, to: 2048, gone: false},
};

const PART = {phase: 'booting', reason: 'no report came', startedAt: AT, endedAt: AT} as const;

/** The answers of `history`. */
export const HISTORY_EVENTS: readonly Event[] = [
  {type: 'history-run', ...RUN},
  {type: 'history', asOf: AT, runs: 1, more: true},
  {
    type: 'history-shown',
    of: RUN,
    actions: [
      {
        ...{
          id: 'acquire 1',
          cloud: 'admin',
          definition: 'Debian 12',
          kind: 'acquire',
          version: '20261121',
          image: '3f2a',
        },
        ...{planned: 'not in the cloud yet', state: 'FAILED', bytes: 7, total: 9, percent: 40, averageBps: 7, ...PART},
        ...{phase: 'Failed', reason: 'ImportFailed', message: 'IMPORT_FAILED: no report came'},
      },
    ],
    builds: [
      {
        ...{definition: 'Debian 12', version: '20261121', state: 'SUCCESS', manifest: '/m.json', files: [], gone: true},
        ...PART,
      },
    ],
    verifications: [
      {
        ...{cloud: 'admin', definition: 'Debian 12', version: '20261121', image: '3f2a', datasource: 'metadata'},
        ...{state: 'FAILED', verdict: 'fail', cause: 'no-network', ...PART},
        checks: [{id: 'ssh-keys', severity: 'fail', outcome: 'fail'}],
      },
    ],
    logs: [LOG, {...LOG, path: '/logs/b.log', gone: true}],
  },
  {
    type: 'history-line',
    of: RUN.id,
    entry: {run: RUN.id, seq: 1, at: AT, type: 'decision', message: 'because of this'},
  },
  {type: 'history-line', of: RUN.id, log: LOG, text: 'Building elements'},
  {
    type: 'history-elsewhere',
    ...{id: RUN.id, cloud: 'admin', firstAt: AT, lastAt: AT, definitions: ['Debian 12']},
    images: [
      {
        ...{image: '3f2a', name: 'Debian 12', definition: 'Debian 12', version: '20261121', state: 'quarantined'},
        ...{createdAt: AT, updatedAt: AT, verdict: {kind: 'fail', cause: 'no-network'}},
      },
    ],
  },
];
