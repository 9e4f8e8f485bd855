import type {Shown} from '../../../src/core/status/shown.ts';
import type {StatusRow} from '../../../src/core/status/row.ts';
import type {DefinitionCounts, Counts} from '../../../src/core/counts.ts';
import {countsOf, shownFields} from '../../../src/core/counts.ts';
import type {ActionSummary, Event, PlannedAction} from '../../../src/core/events.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {HISTORY_EVENTS} from './history-samples.ts';

/** Events as a run on one cloud emits them. */
export const ACQUIRE: ActionSummary = {
  kind: 'acquire',
  definition: 'AlmaLinux 9',
  version: '20241120',
  reason: 'not in the cloud yet',
};

export const PUBLISH: ActionSummary = {
  kind: 'publish',
  definition: 'AlmaLinux 9',
  version: '20241120',
  image: '3f2a',
  name: 'AlmaLinux 9 (20241120)',
  newName: 'AlmaLinux 9',
  reason: 'proven and complete',
  changes: ['visibility: private → public'],
};

/** Both, as a plan has them. */
export const PLANNED: readonly PlannedAction[] = [
  {id: 'acquire 20241120', ...ACQUIRE},
  {id: 'publish 3f2a', ...PUBLISH},
];

const COUNTS: Counts = countsOf({
  imported: 1,
  updated: 2,
  retired: 3,
  deleted: 4,
  unchanged: 5,
  quarantined: 8,
  failed: 6,
  pending: 7,
});

/** The end of a `manage`. */
export const FINISHED: Event = {
  type: 'finished',
  counts: COUNTS,
  counted: shownFields('manage', COUNTS),
  exitCode: 1,
  ms: 65_000,
};

/** A definition with nothing to do. */
export function idle(name: string): DefinitionCounts {
  return {name, unchanged: 1, images: [], quarantined: 0, failed: 0, pending: 0, reasons: []};
}

export const REFUSED = new ImgmgrError('DIGEST_MISMATCH', 'sha512 is ab…, demanded is cd…', {
  place: 'images/alma.yml:3:5',
  hint: 'the mirror is stale',
});

export const PROGRESS: Extract<Event, {type: 'progress'}> = {
  type: 'progress',
  cloud: 'admin',
  definition: 'AlmaLinux 9',
  version: '20241120',
  phase: 'uploading',
  bytes: 10 * 1024 ** 2,
  total: 100 * 1024 ** 2,
  elapsedMs: 2000,
  limitMs: 1_800_000,
};

export const VERDICT: Extract<Event, {type: 'verdict'}> = {
  type: 'verdict',
  cloud: 'admin',
  definition: 'Rocky 9',
  version: '9.4',
  image: '77aa',
  datasource: 'metadata',
  evidence: '/state/run-1.json',
  spans: {submitMs: 1000.4, waitMs: 60_000, judgeMs: 0.6},
  verdict: {
    kind: 'fail',
    cause: 'checks-failed',
    message: 'dns: no nameserver',
    hint: 'mend it',
    failed: ['dns'],
    warned: ['swap'],
    checks: [
      {id: 'dns', severity: 'fail', outcome: 'fail', detail: 'no nameserver'},
      {id: 'swap', severity: 'warn', outcome: 'fail', detail: 'swap on the OS disk'},
      {id: 'mtu', severity: 'fail', outcome: 'pass', detail: '1450'},
      {id: 'guest-agent', severity: 'fail', outcome: 'not-applicable', detail: 'not claimed'},
    ],
    facts: {},
    agentVersion: '0.1.0',
  },
};

const SHOWN: Shown = {
  ...{cloud: 'admin', target: 'Debian 12', asOf: '2026-11-26T12:00:00.000Z'},
  definition: {
    ...{name: 'Debian 12', enabled: true, place: {file: 'images/debian.yml', line: 3, column: 11}, multi: true},
    ...{visibility: 'public', isBuilt: false, versions: ['20261121'], newest: '20261121'},
  },
  hold: {until: null, lasts: true, by: 'cloud', origin: 'run r on h', reason: 'freeze'},
  images: [
    {
      ...{id: '3f2a', name: 'Debian 12', status: 'active', visibility: 'public', osHidden: false, protected: false},
      ...{owner: 'p', tags: ['os:debian'], minDisk: 8, minRam: 512, diskFormat: 'qcow2', containerFormat: 'bare'},
      ...{size: 1024, virtualSize: 2048, createdAt: '2026-11-21T12:00:00Z', updatedAt: '2026-11-21T12:00:00Z'},
      ...{stores: ['file'], osHashAlgo: 'sha512', osHashValue: 'ab', properties: {os_distro: 'debian'}},
      ...{phase: 'Ready', reason: 'Published'},
      digests: {glance: ['sha512:ab'], imgmgr: ['sha256:cd']},
      source: 'https://example.test/debian.qcow2',
      origin: null,
      stamp: {definition: 'Debian 12', version: '20261121', state: 'current', run: 'r1'},
      verdict: {kind: 'pass', cause: 'passed', failed: [], agent: '1.0', at: '2026-11-21T12:00:00Z', boot: 'ff'},
      revoked: null,
      evidence: '/var/lib/imgmgr/evidence/x.json',
      ...{findings: [], ahead: []},
    },
  ],
  chain: [
    {
      ...{
        image: '3f2a',
        name: 'Debian 12',
        owner: 'p',
        version: '20261121',
        state: 'current',
        reason: null,
        revoked: false,
      },
      ...{visibility: 'public', createdAt: '2026-11-21T12:00:00Z'},
    },
  ],
  servers: {
    '3f2a': {
      ...{kind: 'used-by', count: 1, projects: [{projectId: 'q', count: 1}]},
      servers: [{id: 's1', name: 'web', projectId: 'q'}],
    },
  },
};

const STATUS_ROW: StatusRow = {
  ...{cloud: 'admin', definition: 'Debian 12', image: '3f2a', name: 'Debian 12', owner: null},
  ...{version: '20261121', built: '2026-11-21', digest: null, until: null, newer: '20261125', hold: null},
  verified: {kind: 'pass', cause: 'passed', at: '2026-11-21T12:00:00Z'},
  redOn: {at: '2026-12-25T02:24:00.001Z', now: false, rule: 'scs-0102/recency', by: 'manage'},
  ...{state: 'changed-by-hand', detail: 'visibility is private, the definition says public', offending: true},
  findings: [],
  ahead: [],
  superseded: [{image: '3f2b', name: 'Debian 12 (20261101)', version: '20261101', revoked: false}],
};

/** One of each type of event, so that every renderer can be shown all of them. */
export const EVERY_EVENT: readonly Event[] = [
  {type: 'starting', command: 'manage', version: '1.2.3'},
  {type: 'started', command: 'manage', clouds: ['admin'], run: 'run-1'},
  {type: 'cloud-started', cloud: 'admin', project: 'images', user: 'imgmgr'},
  {
    type: 'decision',
    cloud: 'admin',
    definition: 'AlmaLinux 9',
    message: 'streamed, because sha256 cannot be proven by this cloud',
  },
  {
    type: 'planned',
    cloud: 'admin',
    actions: PLANNED,
    unchanged: ['Debian 12'],
    definitions: [idle('Debian 12')],
  },
  {type: 'plan-written', path: 'plan.json', clouds: ['admin'], actions: 2},
  {type: 'presence', cloud: 'admin', definition: 'AlmaLinux 9', version: '20241120', image: 'i1', present: false},
  {
    type: 'bytes-verified',
    cloud: 'admin',
    definition: 'Rocky 9',
    version: '9.4',
    image: '77aa',
    bytes: 300 * 1024 ** 2,
    digests: ['sha512:ab'],
    recorded: true,
  },
  {
    type: 'exported',
    cloud: 'admin',
    definition: 'Rocky 9',
    version: '9.4',
    image: '77aa',
    target: '/srv/rocky-9.qcow2',
    bytes: 300 * 1024 ** 2,
    digests: ['sha512:ab'],
  },
  {type: 'waiting', cloud: 'admin', message: 'waiting for another run', elapsedMs: 1000, limitMs: 60_000},
  {type: 'http', method: 'GET', url: 'http://glance/v2/images', status: 200, ms: 35.4, requestId: 'req-1'},
  {type: 'action-started', cloud: 'admin', action: ACQUIRE},
  PROGRESS,
  {
    type: 'image-phase',
    cloud: 'admin',
    definition: 'AlmaLinux 9',
    version: '20241120',
    image: 'i1',
    phase: 'Provisioning',
    reason: 'Uploading',
    percent: 12.5,
  },
  {type: 'build-started', definition: 'Debian 12', version: '20261121', reason: 'no image of it is there'},
  {
    type: 'build-progress',
    definition: 'Debian 12',
    version: '20261121',
    phase: 'install.d',
    elapsedMs: 41_000.4,
    limitMs: 3_600_000,
  },
  {
    type: 'built',
    definition: 'Debian 12',
    version: '20261121',
    files: [{format: 'qcow2', path: '/state/artifacts/image.qcow2', size: 300 * 1024 ** 2}],
    manifest: '/state/artifacts/manifest.json',
    log: '/state/build-logs/x.log',
    ms: 132_000.2,
  },
  {
    type: 'artifact',
    definition: 'Debian 12',
    version: '20261121',
    inputs: 'ab12',
    files: [{format: 'qcow2', path: '/out/debian-12-20261121.qcow2', size: 300 * 1024 ** 2}],
    manifest: '/out/debian-12-20261121.manifest.json',
    log: '/state/build-logs/x.log',
    reused: false,
  },
  {
    type: 'deletable-builds',
    builds: [
      {
        ...{id: '20261121-0123456789ab', definition: 'Debian 12', version: '20261121', bytes: 300 * 1024 ** 2},
        ...{folder: '/state/artifacts/debian-12-1711d43d/20261121-0123456789ab', log: '/state/build-logs/x.log'},
      },
      {
        id: '20261120-82989a82',
        definition: 'Debian 12',
        version: '20261120',
        bytes: 2048,
        log: '/state/build-logs/y.log',
      },
    ],
  },
  {
    type: 'build-deleted',
    ...{id: '20261121-0123456789ab', definition: 'Debian 12', version: '20261121', bytes: 300 * 1024 ** 2},
    ...{folder: '/state/artifacts/debian-12-1711d43d/20261121-0123456789ab', log: '/state/build-logs/x.log'},
  },
  {type: 'difference', old: 'a.json', new: 'b.json', lines: ['+ curl 7.88.1', '1 package added']},
  {
    type: 'findings',
    cloud: 'admin',
    asOf: '2026-11-26T12:00:00.000Z',
    findings: [
      {
        ...{rule: 'scs-0102/architecture', severity: 'error', decides: true, tested: true, subject: 'Debian 12'},
        ...{field: 'architecture', found: 'amd64', wanted: 'x86_64', message: 'architecture is "amd64"', by: 'you'},
        ...{remedy: 'Write x86_64.', section: 'SCS-0102, Technical requirements', image: '3f2a', of: 'planned'},
      },
    ],
    failOn: 'error',
  },
  {
    type: 'definition-findings',
    ...{cloud: 'admin', definition: 'Debian 12', errors: 1, warnings: 2, rules: ['scs-0102/architecture']},
  },
  {
    type: 'audited',
    asOf: '2026-11-26T12:00:00.000Z',
    files: ['images/debian.yml'],
    images: [{name: 'Debian 12', place: {file: 'images/debian.yml', line: 3, column: 11}}],
    problems: [{message: 'unknown key "min_dsik"', place: {file: 'images/debian.yml', line: 4, column: 5}}],
    findings: [
      {
        ...{rule: 'scs-0102/architecture', severity: 'error', decides: true, tested: true, subject: 'Debian 12'},
        ...{
          field: 'architecture',
          found: 'amd64',
          wanted: 'x86_64',
          message: 'architecture is "amd64"',
          remedy: 'Write x86_64.',
        },
        ...{
          section: 'SCS-0102, Technical requirements',
          by: 'you',
          place: {file: 'images/debian.yml', line: 9, column: 21},
        },
      },
    ],
    ahead: [],
    failOn: 'error',
  },
  {type: 'shown', ...SHOWN},
  {
    ...{type: 'hold', cloud: 'admin', definition: 'Debian 12', change: 'set', until: '2026-12-25T00:00:00.000Z'},
    ...{reason: 'freeze', image: '3f2a'},
  },
  {
    ...{type: 'rolled-back', cloud: 'admin', definition: 'Debian 12', how: 'rollback', versions: ['20261121']},
    ...{
      current: '20261101',
      reason: 'no network',
      lines: ['# images/debian.yml:9: to the entry', 'revoked: "no network"'],
    },
  },
  {
    ...{type: 'check', check: 'public', cloud: 'admin', health: 'fail', code: 'FORBIDDEN', place: 'POST /v2/images'},
    ...{fact: 'may not make public images', reason: 'definitions have them', remedy: 'use another account'},
  },
  {type: 'checked', ok: 1, warn: 0, fail: 1, untried: 0},
  {
    ...{type: 'setting', key: 'flavor', value: 'SCS-1V-2', cloud: 'admin'},
    from: {kind: 'file', place: '/etc/imgmgr/imgmgr.yml:3:5'},
  },
  {
    ...{type: 'policy', role: 'imgmgr'},
    services: [
      {
        ...{service: 'Glance', file: '/etc/glance/policy.yaml'},
        rules: [{name: 'publicize_image', check: 'role:admin or role:imgmgr', why: 'publish', need: 'always'}],
      },
    ],
  },
  {type: 'status-row', ...STATUS_ROW},
  {
    ...{type: 'inspected', source: 'https://example.org/x.qcow2.xz', origin: 'oci://example.org/x@sha256:00'},
    ...{format: 'qcow2', kind: 'disk', wrappers: ['xz'], sizes: {served: 1, unpacked: null, virtual: 2}},
    ...{table: 'gpt', filesystem: 'XFS', firmware: ['bios', 'uefi'], architecture: 'x86_64', bytesRead: 3},
    partitions: [{number: 1, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', meaning: 'EFI system', start: 4, size: 5}],
    digests: [{algorithm: 'sha256', hex: '00'}],
    verdict: 'refused',
    problems: [{id: 'BackingFile', message: 'is qcow2 with a backing file'}],
    unknown: ['its size after unpacking'],
  },
  {
    type: 'status',
    ...{asOf: '2026-11-26T12:00:00.000Z', until: '2027-02-26T12:00:00.000Z'},
    ...{rows: 1, offending: 1, unreachable: 0, due: 1},
  },
  ...HISTORY_EVENTS,
  {type: 'action-done', cloud: 'admin', action: ACQUIRE, image: '3f2a', detail: 'method web-download', ms: 12_000},
  {type: 'action-done', cloud: 'admin', action: PUBLISH, ms: 90},
  {type: 'action-failed', cloud: 'admin', action: {...ACQUIRE, definition: 'Rocky 9'}, error: REFUSED, ms: 500},
  VERDICT,
  {type: 'definition-failed', cloud: 'admin', definition: 'Flatcar', error: REFUSED},
  {type: 'cloud-failed', cloud: 'other', error: new ImgmgrError('AUTH', 'the cloud refused the login of imgmgr')},
  {
    type: 'warning',
    code: 'not-verified',
    cloud: 'admin',
    definition: 'AlmaLinux 9',
    message: 'AlmaLinux 9: not verified',
  },
  {
    type: 'deletable',
    cloud: 'admin',
    images: [{id: '91bc', name: 'AlmaLinux 9 (20240101)', definition: 'AlmaLinux 9'}],
  },
  {type: 'interrupted', signal: 'SIGINT', again: false, left: []},
  {type: 'run-failed', error: new ImgmgrError('CONFIG', 'there is no cloud "x"', {hint: 'known: admin'})},
  FINISHED,
];
