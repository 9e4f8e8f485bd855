import {createHash} from 'node:crypto';
import type {FakeCloud, FakeCloudOptions} from '../fakes/fake-cloud.ts';
import {listed, yaml} from '../cli/operator.ts';
import {bytesOf} from './place.ts';

/** One change of a cloud that is disturbed at each of its writes. */
export interface Scenario {
  readonly what: string;
  /** Definition files that undisturbed runs applied before, each with its flags; `URL` stands for the source's address. */
  readonly before: readonly Step[];
  readonly disturbed: Step;
  /** The writes of the undisturbed run; undefined: their order varies. */
  readonly writes: readonly string[] | undefined;
  /** Writes that must be among them, where their order varies. */
  readonly among?: readonly string[];
  readonly names?: readonly string[];
  readonly stores?: readonly string[];
  readonly accepted?: Readonly<Record<string, readonly string[]>>;
  readonly cloud?: FakeCloudOptions;
  /** Without FULL=1 too, it is killed at the writes of leases, which are the same ones everywhere. */
  readonly killedAtLeases?: true | undefined;
  /** Every run boots test servers, which come up by themselves. */
  readonly verified?: true;
  /** The runs wait for volumes more than for anything else. */
  readonly hasVolumes?: true;
  /** The exit code of every run of it; 0 where it is left out. */
  readonly exits?: number;
  /** How the cloud behaves in every run. */
  readonly behaviour?: (cloud: FakeCloud) => void;
  /** Images that somebody else left. */
  readonly seed?: (cloud: FakeCloud) => void;
  /** What the properties of the images in the end must have, one entry per image, in the order of `internal_version`. */
  readonly end?: readonly unknown[];
  /** The next run is on another host, once the lease of the killed one is over. */
  readonly nextRunElsewhere?: true;
  /** The error of the same command where everything is done already; undefined: it does nothing. */
  readonly refusedOnceDone?: string;
}

/** A command with the definitions it is given, or `import` with the address of one image. */
export interface Step {
  readonly definitions?: string;
  /** `URL/…` or `FILE/…`: a file of the source, or the same one on this host. */
  readonly address?: string;
  readonly flags?: readonly string[];
  readonly command?: string;
}

type Fields = Readonly<Record<string, string>>;

/** Definition X with these versions. */
export function of(versions: readonly string[], changes: Fields = {}, meta: Fields = {}): string {
  return yaml(versions, changes, meta);
}

/** A listed version with the digest of its bytes. */
export function version(
  number: string,
  algorithm: 'sha256' | 'sha512' | 'none' = 'sha512',
  extra: Fields = {},
  bytes = number,
): string {
  const checksum =
    algorithm === 'none'
      ? {}
      : {checksum: `${algorithm}:${createHash(algorithm).update(bytesOf(bytes)).digest('hex')}`};
  return listed(number, `URL/${bytes}.raw`, {...checksum, ...extra});
}

/** How writes begin where nothing is to be seen of them, where something is, and how they end. */
export const LEASE = ['POST lease'];
export const PUBLIC = ['POST lease', 'PATCH lease'];
export const END = ['DELETE lease'];
const LAST2 = {uuid_validity: 'last-2'};

/** A rotation by web-download that also deletes the oldest image. */
export const ROTATION: Scenario = {
  what: 'a rotation by web-download, with a deletion',
  before: [{definitions: of([version('1')], {}, LAST2)}, {definitions: of([version('2')], {}, LAST2)}],
  disturbed: {definitions: of([version('3')], {}, LAST2), flags: ['--delete', '--yes']},
  writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', 'DELETE image', ...END],
  killedAtLeases: true,
};

/** A project of somebody else. */
function project(letter: string): string {
  return letter.repeat(32);
}

/** A shared image with these members. */
function sharedWith(...letters: string[]): Fields {
  return {visibility: 'shared', share: `{projects: [${letters.map(project).join(', ')}]}`};
}

/** A definition whose images have to boot. */
export const BOOTED = {verify: '{mode: boot}'};

/** A rotation whose candidate has to boot first: the server and its port are writes, too. */
export const VERIFIED_ROTATION: Scenario = {
  what: 'a rotation with a test server',
  verified: true,
  before: [{definitions: of([version('1')], BOOTED)}],
  disturbed: {definitions: of([version('2')], BOOTED)},
  // The removal of the server runs beside the publication.
  writes: undefined,
};

/** Version 1 is published. */
export const FIRST: readonly Step[] = [{definitions: of([version('1')])}];

export const WAYS_TO_IMPORT: readonly Scenario[] = [
  {
    what: 'glance-direct into two stores, a digest that Glance cannot prove',
    before: FIRST,
    disturbed: {definitions: of([version('2', 'sha256')], {stores: '[file, fast]'})},
    stores: [],
    writes: [...PUBLIC, 'POST image', 'PUT stage', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'an upload, and a copy to the second store before the publication',
    before: [{definitions: of([version('1')], {stores: '[file, fast]'})}],
    disturbed: {definitions: of([version('2')], {stores: '[file, fast]'}), flags: ['--method', 'upload']},
    stores: ['file', 'fast'],
    writes: [...PUBLIC, 'POST image', 'PUT file', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'an upload, a digest that Glance cannot prove',
    before: FIRST,
    disturbed: {definitions: of([version('2', 'sha256')]), flags: ['--method', 'upload']},
    writes: [...PUBLIC, 'POST image', 'PUT file', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'a demanded id with a digest',
    before: FIRST,
    disturbed: {definitions: of([version('2', 'sha256', {id: '5ba3f0f6-3a2c-4d43-8d2c-1f7a9e1c2b3d'})])},
    writes: [...PUBLIC, 'POST image', 'PUT file', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'a demanded id with a digest, into two stores',
    before: [{definitions: of([version('1')], {stores: '[file, fast]'})}],
    disturbed: {
      definitions: of([version('2', 'sha256', {id: '5ba3f0f6-3a2c-4d43-8d2c-1f7a9e1c2b3d'})], {stores: '[file, fast]'}),
    },
    stores: ['file', 'fast'],
    writes: [...PUBLIC, 'POST image', 'PUT file', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'a demanded id without a digest',
    before: FIRST,
    disturbed: {definitions: of([version('2', 'none', {id: '5ba3f0f6-3a2c-4d43-8d2c-1f7a9e1c2b3d'})])},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'an import left to the cloud by --no-wait',
    before: FIRST,
    disturbed: {definitions: of([version('2')]), flags: ['--no-wait']},
    writes: [...PUBLIC, 'POST image', 'POST import', ...END],
  },
  {
    what: 'the publication of what --no-wait left',
    before: [...FIRST, {definitions: of([version('2')]), flags: ['--no-wait']}],
    disturbed: {definitions: of([version('2')])},
    writes: [...PUBLIC, 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'an import without publication',
    before: FIRST,
    disturbed: {definitions: of([version('2')]), flags: ['--no-publish']},
    writes: [...LEASE, 'POST image', 'POST import', 'PATCH image', ...END],
  },
];

export const WAYS_TO_ROTATE: readonly Scenario[] = [
  {
    what: 'a shared image, whose members come before its predecessor is retired',
    before: [{definitions: of([version('1')], sharedWith('a', 'b'))}],
    disturbed: {definitions: of([version('2')], sharedWith('b', 'c'))},
    writes: [
      ...[...LEASE, 'POST image', 'POST import', 'PATCH image', 'PATCH image', 'POST members', 'POST members'],
      ...[`PUT members/${project('b')}`, `PUT members/${project('c')}`, 'PATCH image', ...END],
    ],
  },
  {
    what: 'multi: false, one version comes and one goes',
    before: [{definitions: of([version('1'), version('2')], {multi: 'false'})}],
    disturbed: {definitions: of([version('2'), version('3')], {multi: 'false'})},
    names: ['X 1', 'X 2', 'X 3'],
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'retire_as: hidden',
    before: FIRST,
    disturbed: {definitions: of([version('2')], {retire_as: 'hidden'})},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'retire_as: community',
    before: FIRST,
    disturbed: {definitions: of([version('2')], {retire_as: 'community'})},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'retire_as: deactivated, beyond the promise',
    before: [{definitions: of([version('1')], {}, {uuid_validity: 'last-1'})}],
    disturbed: {definitions: of([version('2')], {retire_as: 'deactivated'}, {uuid_validity: 'last-1'})},
    writes: [
      ...PUBLIC,
      'POST image',
      'POST import',
      'PATCH image',
      'PATCH image',
      'PATCH image',
      'POST actions/deactivate',
      ...END,
    ],
  },
  {
    what: 'a catalogue that goes back',
    before: [...FIRST, {definitions: of([version('2')])}],
    disturbed: {definitions: of([version('1')])},
    writes: [...LEASE, 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'other bytes under the same version (--replace)',
    before: FIRST,
    disturbed: {definitions: of([version('1', 'sha512', {}, '4')]), flags: ['--replace']},
    accepted: {1: ['1', '4']},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'several new versions at once',
    before: FIRST,
    disturbed: {definitions: of([version('2'), version('3')])},
    writes: [
      ...PUBLIC,
      'POST image',
      'POST import',
      'PATCH image',
      'POST image',
      'POST import',
      'PATCH image',
      'PATCH image',
      ...END,
    ],
  },
];

export const CHANGES: readonly Scenario[] = [
  {
    what: 'changed metadata',
    before: FIRST,
    disturbed: {definitions: of([version('1')], {tags: '[T, U]', min_disk: '5'}, {os_version: "'13'"})},
    writes: [...LEASE, 'PATCH image', ...END],
  },
  {
    what: 'a member that comes and one that goes',
    before: [{definitions: of([version('1')], sharedWith('a', 'b'))}],
    disturbed: {definitions: of([version('1')], sharedWith('b', 'c'))},
    writes: [
      ...[...LEASE, 'PATCH image', 'POST members', `PUT members/${project('c')}`],
      ...[`DELETE members/${project('a')}`, 'PATCH image', ...END],
    ],
  },
  {
    what: 'a further store',
    before: FIRST,
    disturbed: {definitions: of([version('1')], {stores: '[file, fast]'})},
    writes: [...LEASE, 'POST import', ...END],
  },
  {
    what: 'a definition that becomes deactivated, and back',
    before: [...FIRST, {definitions: of([version('1')], {status: 'deactivated'})}],
    disturbed: {definitions: of([version('1')])},
    writes: [...LEASE, 'POST actions/reactivate', 'PATCH image', ...END],
  },
  {
    what: 'a new image that is deactivated from the start',
    before: [],
    disturbed: {definitions: of([version('1')], {status: 'deactivated'})},
    writes: [...PUBLIC, 'POST image', 'POST import', 'POST actions/deactivate', 'PATCH image', ...END],
  },
  {
    what: 'the deletion of a protected image',
    before: [
      {definitions: of([version('1')], {protected: 'true'}, {uuid_validity: 'last-1'})},
      {definitions: of([version('2')], {protected: 'true'}, {uuid_validity: 'last-1'})},
    ],
    disturbed: {
      command: 'delete',
      definitions: of([version('2')], {protected: 'true'}, {uuid_validity: 'last-1'}),
      flags: ['--yes'],
    },
    writes: [...LEASE, 'PATCH image', 'DELETE image', ...END],
  },
  {
    what: 'hiding what is superseded',
    before: [...FIRST, {definitions: of([version('2')])}],
    disturbed: {command: 'hide', definitions: of([version('2')])},
    writes: [...LEASE, 'PATCH image', ...END],
  },
  {
    what: 'an adoption with a rotation',
    before: [],
    seed: (cloud) =>
      void cloud.seed(
        {name: 'X', tags: ['managed_by_osism', 'os:debian', 'T'], properties: {internal_version: '1', image_name: 'X'}},
        bytesOf('1'),
      ),
    disturbed: {definitions: of([version('1'), version('2')]), flags: ['--adopt', '--latest']},
    writes: undefined,
  },
];

/** Two definitions whose writes mingle. */
export const TWO_DEFINITIONS: Scenario = {
  what: 'two definitions at once',
  before: [{definitions: two('1')}],
  disturbed: {definitions: two('2'), flags: ['--jobs', '2']},
  names: ['X', 'Y'],
  writes: undefined,
};

function two(number: string): string {
  const other = of([version(number, 'sha256')], {name: 'Y'});
  return of([version(number)]) + other.slice(other.indexOf('\n') + 1);
}
