import type {z} from 'zod';
import type {finding} from '../../src/server/contract/common.ts';
import type {DefinitionsAnswer, ImageAnswer, ImageRow, ImagesAnswer} from '../../src/server/contract/images.ts';
import type {PlanAnswer} from '../../src/server/contract/plans.ts';
import type {RunAnswer, RunRow} from '../../src/server/contract/runs.ts';
import type {Session} from '../../src/server/contract/session.ts';
import type {Offer} from '../../src/server/contract/verbs.ts';

/** The moment of this world. */
export const NOW = '2026-11-27T12:00:00.000Z';
export const IMAGE = '4a6f1c2e-0d7b-4c53-9a51-7f0e2b9d1a34';
const OLD_IMAGE = '1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b';
const BAD_IMAGE = '9f8e7d6c-5b4a-4938-8271-605f4e3d2c1b';
export const RUN = '0721cbb1-5c5c-4f7e-9f57-2f6a7f3b9c10';
export const PLAN = 'c0ffee00-1111-4222-8333-444455556666';

/** Minutes before {@link NOW}. */
export function ago(minutes: number): string {
  return new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
}

export const session: Session = {
  ...{user: 'anna', role: 'operator', by: 'cookie', expiresAt: null},
  verbs: ['manage', 'build', 'verify', 'hold', 'unhold', 'rollback'],
  ...{allowWrite: true, allowBuild: true, clouds: ['prod-a', 'prod-b', 'edge-1', 'local']},
  ...{version: '0.1.0', host: 'images-1', closed: null},
};

const FINDING: z.infer<typeof finding> = {
  ...{rule: 'scs-0104/presence', severity: 'error', decides: true, tested: true, subject: 'Debian 12'},
  ...{field: 'visibility', found: 'private', wanted: 'public', message: 'the image has to be public, and is private'},
  ...{remedy: 'run manage', section: 'SCS-0104 v1', by: 'manage'},
};

function row(change: Partial<ImageRow>): ImageRow {
  return {
    ...{cloud: 'prod-a', definition: 'Debian 12', image: IMAGE, name: 'Debian 12', owner: null, version: '20261120'},
    ...{built: '2026-11-20', newer: null, verified: {kind: 'pass', cause: 'passed', at: ago(60 * 26)}, redOn: null},
    ...{state: 'ok', detail: null, hold: null, offending: false, findings: [], ahead: [], superseded: []},
    ...{digest: `sha512:${'ab'.repeat(64)}`, until: null},
    ...change,
  };
}

export function offer(verb: Offer['verb'], change: Partial<Offer> = {}): Offer {
  const via = verb === 'manage' || verb === 'rollback' ? 'plans' : 'runs';
  return {
    ...{verb, via, definitions: ['Debian 12'], clouds: ['prod-a'], flags: {}, asks: []},
    ...{command: `imgmgr ${verb} --cloud prod-a 'Debian 12'`, refused: null},
    ...change,
  };
}

const ROLLBACK = offer('rollback', {
  asks: ['reason'],
  command: "imgmgr rollback 'Debian 12' --cloud prod-a --reason TEXT",
});
const HOLD = offer('hold', {asks: ['until'], command: "imgmgr hold 'Debian 12' --cloud prod-a --until DATE"});

export function images(): ImagesAnswer {
  const reading = (cloud: string) => ({
    cloud,
    state: 'reachable' as const,
    error: null,
    observedAt: ago(2),
    refreshing: false,
  });
  const rows: ImageRow[] = [
    row({
      ...{cloud: 'edge-1', definition: null, image: null, name: null, version: null, built: null, verified: null},
      ...{state: 'unreachable', detail: 'connect ECONNREFUSED 192.0.2.7:5000', offending: true},
    }),
    row({
      ...{definition: 'Ubuntu 24.04', name: 'Ubuntu 24.04', image: BAD_IMAGE, offending: true, findings: [FINDING]},
      redOn: {at: NOW, now: true, rule: FINDING.rule, by: 'update'},
      newer: '20261121',
    }),
    row({
      ...{
        cloud: 'prod-b',
        definition: 'AlmaLinux 9',
        name: 'AlmaLinux 9 (candidate)',
        image: BAD_IMAGE,
        state: 'quarantined',
      },
      ...{detail: 'it has no network', verified: {kind: 'fail', cause: 'no-network', at: ago(40)}, offending: true},
    }),
    row({
      ...{
        definition: 'Fedora 43',
        name: 'Fedora 43',
        redOn: {at: '2026-12-24T00:00:00Z', now: false, rule: FINDING.rule, by: 'update'},
      },
      hold: {
        until: '2026-12-12T00:00:00.000Z',
        lasts: true,
        by: 'cloud',
        origin: `run ${RUN} on images-1`,
        reason: 'audit week',
      },
    }),
    row({}),
    row({cloud: 'prod-b', definition: 'Ubuntu 24.04', name: 'Ubuntu 24.04', version: '20261121'}),
    row({cloud: 'local', definition: 'Tiny Guest', name: 'Tiny Guest', version: '2'}),
  ];
  return {
    ...{asOf: NOW, profile: 'scs-v1', rows, next: null, command: 'imgmgr status'},
    clouds: [
      reading('prod-a'),
      reading('prod-b'),
      {
        ...{cloud: 'edge-1', state: 'unreachable', observedAt: ago(190), refreshing: false},
        error: {code: 'UNAVAILABLE', message: 'connect ECONNREFUSED 192.0.2.7:5000', hint: 'is Keystone up?'},
      },
      reading('local'),
    ],
    summary: {clouds: 4, unreachable: 1, rows: rows.length, offending: 3, red: 1, due: 1, quarantined: 1},
    offers: [offer('manage', {definitions: [], clouds: [], command: 'imgmgr manage'})],
  };
}

const CHECKS = [
  ...'root-grown disk-size root-free root-writable nic-up address default-route dns mtu metadata cloud-init-done hostname machine-id'
    .split(' ')
    .map((id) => ({id, severity: 'fail', outcome: 'pass'})),
  {id: 'swap', severity: 'warn', outcome: 'fail'},
  {id: 'nic-rules', severity: 'fail', outcome: 'not-applicable'},
];

export function image(): ImageAnswer {
  const link = {owner: 'p1', visibility: 'public', createdAt: ago(60 * 24 * 7), reason: null, revoked: false};
  return {
    reading: {cloud: 'prod-a', state: 'reachable', error: null, observedAt: ago(2), refreshing: false},
    shown: {
      ...{cloud: 'prod-a', target: 'Debian 12', asOf: NOW},
      definition: {
        ...{name: 'Debian 12', enabled: true, place: {file: 'images/debian.yml', line: 2, column: 5}, multi: true},
        ...{visibility: 'public', isBuilt: false, versions: ['20261120', '20261101'], newest: '20261120'},
      },
      hold: {
        until: '2026-12-12T00:00:00.000Z',
        lasts: true,
        by: 'cloud',
        origin: `run ${RUN} on images-1`,
        reason: 'audit week',
      },
      images: [
        {
          ...{id: IMAGE, name: 'Debian 12', owner: 'p1', status: 'active', visibility: 'public', osHidden: false},
          ...{protected: true, tags: ['managed_by_imgmgr'], minDisk: 3, minRam: 512, diskFormat: 'qcow2'},
          ...{containerFormat: 'bare', size: 346_030_080, virtualSize: 2_147_483_648, osHashAlgo: 'sha512'},
          ...{osHashValue: 'ab'.repeat(64), createdAt: ago(60 * 24 * 7), updatedAt: ago(60), stores: []},
          properties: {
            ...{architecture: 'x86_64', hypervisor_type: 'qemu', os_distro: 'debian', os_version: '12'},
            ...{image_original_user: 'debian', replace_frequency: 'monthly', provided_until: '2028-06-30'},
            ...{uuid_validity: 'last-3', hw_disk_bus: 'scsi', hw_scsi_model: 'virtio-scsi', os_purpose: 'generic'},
          },
          digests: {glance: [`sha512:${'ab'.repeat(64)}`], imgmgr: []},
          source: 'https://cloud.debian.org/images/cloud/bookworm/20261120/debian-12-genericcloud-amd64.qcow2',
          origin: null,
          stamp: {definition: 'Debian 12', version: '20261120', state: 'current', run: RUN},
          verdict: {kind: 'pass', cause: 'passed', failed: [], agent: '0.1.0', at: ago(60 * 26), boot: 'x'},
          ...{phase: 'Ready', reason: 'Published'},
          ...{revoked: null, evidence: null, findings: [{...FINDING, severity: 'warning'}]},
          ahead: [{...FINDING, from: '2026-12-24T00:00:00Z'}],
        },
      ],
      chain: [
        {...link, image: IMAGE, name: 'Debian 12', version: '20261120', state: 'current'},
        {
          ...link,
          image: BAD_IMAGE,
          name: 'Debian 12 (20261115)',
          version: '20261115',
          state: 'quarantined',
          visibility: 'private',
          reason: 'no-network',
        },
        {
          ...link,
          image: OLD_IMAGE,
          name: 'Debian 12 (20261101)',
          version: '20261101',
          state: 'retired',
          revoked: true,
          reason: 'revoked 2026-11-21: CVE-2026-1234',
        },
      ],
    },
    verifications: [
      {
        ...{run: RUN, image: IMAGE, version: '20261120', datasource: 'config-drive', state: 'SUCCESS', verdict: 'pass'},
        ...{cause: 'passed', startedAt: ago(60 * 26 + 2), endedAt: ago(60 * 26), checks: CHECKS},
      },
    ],
    command: "imgmgr show 'Debian 12' --cloud prod-a",
    offers: [ROLLBACK, HOLD, offer('verify'), offer('manage')],
  };
}

export function runRow(change: Partial<RunRow> = {}): RunRow {
  return {
    ...{id: RUN, verb: 'manage', state: 'RUNNING', phase: 'working', reason: null, exitCode: null, counts: null},
    ...{startedAt: ago(3), endedAt: null, heartbeatAt: ago(0.1), elapsedMs: 180_000, clouds: ['prod-a']},
    ...{definitions: ['Debian 12'], host: 'images-1', pid: 4711, commandLine: ['imgmgr', 'manage'], version: '0.1.0'},
    who: {user: 'imgmgr', sudoUser: null, ci: null, job: null, jobUrl: null, requestedBy: null},
    ...{lastSeq: 0, server: {by: 'anna', at: ago(3), plan: null, cancelledBy: null}},
    command: "imgmgr manage --cloud prod-a --filter 'Debian 12'",
    ...change,
  };
}

export function run(): RunAnswer {
  return {
    ...{asOf: NOW, run: runRow(), actions: [], builds: [], verifications: []},
    logs: [
      {log: 'output', kind: 'output', cloud: null, definition: null, version: null, image: null},
      {log: '1', kind: 'evidence', cloud: 'prod-a', definition: 'Debian 12', version: '20261120', image: IMAGE},
    ],
    command: `imgmgr history ${RUN}`,
    cancel: {command: `kill -INT 4711`, refused: null},
    deletion: null,
    offers: [offer('manage')],
  };
}

export function plan(): PlanAnswer {
  return {
    plan: {
      ...{id: PLAN, verb: 'manage', by: 'anna', at: ago(4), expiresAt: ago(-60 * 24), definitions: ['Debian 12']},
      ...{clouds: ['prod-a', 'edge-1'], flags: {delete: true}, actions: 4, deletions: 1, run: null},
    },
    clouds: [
      {
        ...{cloud: 'prod-a', error: null, kinds: {acquire: 1, verify: 1, publish: 1, retire: 1, delete: 1}},
        costs: {transfers: 1, bytes: 346_030_080, unknown: 0, boots: 1},
        changes: [
          {
            ...{
              id: 'a1',
              kind: 'acquire',
              definition: 'Debian 12',
              version: '20261125',
              reason: 'the source has a newer version',
              bytes: 346_030_080,
            },
            ...{
              url: 'https://cloud.debian.org/images/20261125/debian-12.qcow2',
              digest: `sha512:${'cd'.repeat(64)}`,
              noticed: null,
            },
          },
          {
            ...{
              id: 'a2',
              kind: 'verify',
              definition: 'Debian 12',
              version: '20261125',
              reason: 'nothing is published untested',
              noticed: null,
            },
          },
          {
            ...{
              id: 'a3',
              kind: 'publish',
              definition: 'Debian 12',
              version: '20261125',
              reason: 'it is the newest',
              newName: 'Debian 12',
            },
            noticed: 'users of the name get the new version for new servers',
          },
          {
            ...{
              id: 'a4',
              kind: 'retire',
              definition: 'Debian 12',
              version: '20261120',
              image: IMAGE,
              reason: 'a newer one takes its name',
              name: 'Debian 12',
              newName: 'Debian 12 (20261120)',
            },
            fieldChanges: [
              {field: 'os_hidden', from: false, to: true},
              {field: 'visibility', from: 'public', to: 'public'},
            ],
            noticed: 'it is found by its id alone',
          },
          {
            ...{
              id: 'a5',
              kind: 'delete',
              definition: 'Debian 12',
              version: '20261101',
              image: OLD_IMAGE,
              reason: 'last-2 keeps two versions',
              noticed: 'its id is gone',
            },
          },
        ],
        users: [{image: IMAGE, count: 12, projects: [{projectId: 'a1b2', count: 12}]}],
        definitions: [
          {name: 'Debian 12', unchanged: 1, images: [], quarantined: 0, failed: 0, pending: 0, reasons: []},
        ],
      },
      {
        ...{cloud: 'edge-1', error: {code: 'UNAVAILABLE', message: 'connect ECONNREFUSED 192.0.2.7:5000'}},
        ...{kinds: {}, costs: {transfers: 0, bytes: 0, unknown: 0, boots: 0}, changes: [], users: [], definitions: []},
      },
    ],
    confirm: {text: 'Debian 12', why: 'one image is deleted'},
    difference: {at: NOW, moved: false, differences: []},
    ...{refused: null, command: "imgmgr manage --delete --cloud prod-a --filter 'Debian 12'"},
  };
}

export function definitions(): DefinitionsAnswer {
  const one = (name: string, isBuilt: boolean) => ({
    ...{name, enabled: true, place: {file: 'images/x.yml', line: 1, column: 1}, multi: true, visibility: 'public'},
    ...{isBuilt, versions: [], newest: null},
  });
  return {
    ...{
      asOf: NOW,
      definitions: [one('Debian 12', false), one('Tiny Guest', true), one('Debian 13 built', true)],
      more: false,
    },
    ...{files: ['images/x.yml'], problems: [], findings: [], ahead: [], command: 'imgmgr validate'},
  };
}
