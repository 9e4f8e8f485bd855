import {createHash} from 'node:crypto';
import {expect} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {bytesOf} from './place.ts';
import type {Scenario, Step} from './scenarios.ts';
import {END, LEASE, PUBLIC, of, version} from './scenarios.ts';

function sha256Of(number: string): string {
  return `sha256:${createHash('sha256').update(bytesOf(number)).digest('hex')}`;
}

/** Version 1 is superseded, and its digest was demanded; version 2 is current, and none was. */
const UNEQUAL: readonly Step[] = [
  {definitions: of([version('1')])},
  {definitions: of([version('1'), version('2', 'none')])},
];

/** Digests that are found out by reading the bytes, and recorded. */
export const DEEP_VERIFICATIONS: readonly Scenario[] = [
  {
    what: 'R1: verify --deep of an image of which no digest is known',
    before: [{definitions: of([version('1', 'none')])}],
    disturbed: {command: 'verify', definitions: of([version('1', 'sha256')]), flags: ['--deep']},
    writes: ['PATCH image'],
    end: [expect.objectContaining({imgmgr_digest: sha256Of('1')})],
  },
  {
    what: 'R1: verify --deep of a superseded and a current image, the first with a digest by another algorithm',
    before: UNEQUAL,
    disturbed: {
      command: 'verify',
      definitions: of([version('1', 'sha256'), version('2', 'sha256')]),
      flags: ['--deep', '--jobs', '1'],
    },
    writes: ['PATCH image', 'PATCH image'],
    end: [
      expect.objectContaining({imgmgr_record: expect.stringContaining(sha256Of('1')) as unknown}),
      expect.objectContaining({imgmgr_digest: sha256Of('2')}),
    ],
  },
  {
    what: 'R1: verify --deep, and no record',
    before: UNEQUAL,
    disturbed: {
      command: 'verify',
      definitions: of([version('1', 'sha256'), version('2', 'sha256')]),
      flags: ['--deep', '--no-record'],
    },
    writes: [],
  },
];

/** Puts an image there as an imgmgr left it that wrote a property for each fact. */
function formerly(cloud: FakeCloud, properties: Readonly<Record<string, string>> = {}): void {
  cloud.seed(
    {
      name: 'X',
      tags: ['managed_by_imgmgr', 'os:debian', 'T'],
      disk_format: 'raw',
      min_disk: 1,
      min_ram: 64,
      properties: {
        ...{internal_version: '1', image_name: 'X', os_purpose: 'generic', os_distro: 'debian', os_version: '12'},
        ...{architecture: 'x86_64', uuid_validity: 'none', image_source: 'https://example.test/1.raw'},
        ...{image_build_date: '2026-01-02', image_original_user: 'debian', image_description: 'X'},
        ...{imgmgr_definition: 'X', imgmgr_version: '1', imgmgr_state: 'current', imgmgr_run: 'earlier'},
        imgmgr_digest: `sha512:${createHash('sha512').update(bytesOf('1')).digest('hex')}`,
        imgmgr_keys:
          'architecture image_build_date image_description image_name image_original_user image_source ' +
          'internal_version os_distro os_purpose os_version tag:T tag:os:debian uuid_validity',
        imgmgr_applied: 'visibility=public os_hidden=false status=active protected=false',
        ...{imgmgr_verdict: 'pass', imgmgr_verdict_cause: 'passed', imgmgr_verdict_agent: '0.1.0'},
        ...properties,
      },
    },
    bytesOf('1'),
  );
}

/** The store behind Glance has none of the bytes any more. */
function withoutBytes(cloud: FakeCloud): void {
  const lose = (): void => {
    for (const {id, status} of cloud.images.all()) if (status === 'active') cloud.loseBytes(id);
  };
  lose();
  cloud.images.onChange(lose);
}

const VALIDITY = {uuid_validity: 'none'};

/** The facts are entries of the record, and no property of their own any more. */
const FOLDED: unknown = expect.toSatisfy(
  (view: Readonly<Record<string, unknown>>) =>
    view['imgmgr_schema'] === '2' &&
    / verdict=pass /.test(`${String(view['imgmgr_record'])} `) &&
    !Object.keys(view).some((key) => /^imgmgr_(?:verdict|run)/.test(key)) &&
    Object.keys(view).filter((key) => key.startsWith('imgmgr_')).length <= 8,
  'folded into its record',
);

/** Facts of an earlier imgmgr, each a property, that move into the record with a PATCH that is due anyway. */
export const FOLDINGS: readonly Scenario[] = [
  {
    what: 'R16: changed metadata of an image in the format of an earlier imgmgr',
    before: [],
    seed: formerly,
    disturbed: {definitions: of([version('1')], {login: 'admin'}, VALIDITY)},
    writes: [...LEASE, 'PATCH image', ...END],
    end: [FOLDED],
  },
  {
    what: 'R16: a rotation away from an image in the format of an earlier imgmgr',
    before: [],
    seed: formerly,
    disturbed: {definitions: of([version('1'), version('2')], {}, VALIDITY), flags: ['--latest']},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
    end: [FOLDED, expect.objectContaining({imgmgr_schema: '2'})],
  },
  {
    what: 'R16: hiding a superseded image in the format of an earlier imgmgr',
    before: [],
    seed: (cloud) => {
      formerly(cloud, {imgmgr_state: 'retired', os_purpose: 'oldgeneric'});
      const [old] = cloud.images.all();
      if (old)
        cloud.images.change(old.id, 'the seed', (image) =>
          Object.assign(image, {name: 'X (1)', tags: ['managed_by_imgmgr']}),
        );
    },
    disturbed: {command: 'hide', definitions: of([version('2')], {}, VALIDITY)},
    writes: [...LEASE, 'PATCH image', ...END],
    names: [],
    end: [FOLDED],
  },
  {
    what: 'R16: a digest that verify --deep records on an image in the format of an earlier imgmgr',
    before: [],
    seed: formerly,
    disturbed: {command: 'verify', definitions: of([version('1', 'sha256')], {}, VALIDITY), flags: ['--deep']},
    writes: ['PATCH image'],
    end: [FOLDED],
  },
];

/** The mark of lost bytes comes and goes. */
export const PRESENCES: readonly Scenario[] = [
  {
    what: 'verify --presence of an image whose bytes are lost',
    before: [{definitions: of([version('1')])}],
    behaviour: withoutBytes,
    disturbed: {command: 'verify', definitions: of([version('1')]), flags: ['--presence']},
    writes: ['PATCH image'],
    exits: 1,
    end: [expect.objectContaining({imgmgr_lost: expect.any(String) as unknown})],
  },
  {
    what: 'verify --presence of an image whose bytes are back',
    before: [],
    seed: (cloud) => formerly(cloud, {imgmgr_lost: '2026-01-02T03:04:05Z'}),
    disturbed: {command: 'verify', definitions: of([version('1')], {}, VALIDITY), flags: ['--presence']},
    writes: ['PATCH image'],
    end: [expect.not.objectContaining({imgmgr_lost: expect.anything() as unknown})],
  },
];
