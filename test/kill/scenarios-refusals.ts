import {createHash} from 'node:crypto';
import {bytesOf} from './place.ts';
import type {Scenario, Step} from './scenarios.ts';
import {BOOTED, END, FIRST, PUBLIC, of, version} from './scenarios.ts';

const PROPERTIES = [
  'architecture=x86_64',
  'os_distro=debian',
  'os_version=12',
  'os_purpose=generic',
  'uuid_validity=none',
];

/** What makes an image of the command line one that can be public. */
const DESCRIBED = [
  ...'--name X --build-date 2026-01-02 --disk-format raw --visibility public --login debian'.split(' '),
  ...PROPERTIES.flatMap((property) => ['--property', property]),
];

/** The flags of a public image X with this version. */
export function numbered(number: string): readonly string[] {
  return [...DESCRIBED, '--image-version', number];
}

function demanded(algorithm: 'sha256' | 'sha512', number: string): readonly string[] {
  return ['--checksum', `${algorithm}:${createHash(algorithm).update(bytesOf(number)).digest('hex')}`];
}

/** Single images of the command line; a dead import is gone on with, what is there already is recognised or refused. */
export const SINGLE_IMPORTS: readonly Scenario[] = [
  {
    what: 'R2: import of an address with a digest',
    before: [],
    disturbed: {address: 'URL/1.raw', flags: [...numbered('1'), ...demanded('sha512', '1')]},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', ...END],
  },
  {
    what: 'R2: import of an address without a digest, which is refused once it is done',
    before: [],
    disturbed: {address: 'URL/1.raw', flags: numbered('1')},
    writes: [...PUBLIC, 'POST image', 'POST import', 'PATCH image', ...END],
    refusedOnceDone: 'CONFLICT',
  },
  {
    what: 'R2: import of a file as a further version',
    before: [{address: 'FILE/1.raw', flags: numbered('1')}],
    disturbed: {address: 'FILE/2.raw', flags: numbered('2')},
    writes: [...PUBLIC, 'POST image', 'PUT stage', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'R2: import of other bytes under the same version (--replace)',
    before: [{address: 'FILE/1.raw', flags: numbered('1')}],
    disturbed: {address: 'FILE/4.raw', flags: [...numbered('1'), '--replace']},
    accepted: {1: ['1', '4']},
    writes: [...PUBLIC, 'POST image', 'PUT stage', 'POST import', 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'R2: import of an address whose digest is the live one, which is not even asked',
    before: [{address: 'FILE/1.raw', flags: numbered('1')}],
    disturbed: {address: 'http://127.0.0.1:1/1.raw', flags: [...numbered('1'), ...demanded('sha512', '1')]},
    writes: [],
  },
];

/** An import of a file, and one of other bytes under the same name and version. */
export const OTHER_BYTES: {readonly scenario: Scenario; readonly other: Step} = {
  scenario: {
    what: 'R2: import of a file',
    before: [],
    disturbed: {address: 'FILE/1.raw', flags: numbered('1')},
    accepted: {1: ['1', '4']},
    writes: [...PUBLIC, 'POST image', 'PUT stage', 'POST import', 'PATCH image', ...END],
  },
  other: {address: 'FILE/4.raw', flags: numbered('1')},
};

/** A record that refused an import is given up for one that takes an upload. */
const UPLOADED = ['DELETE image', 'POST image', 'PUT file'];

/** Clouds that refuse the first way, and the way that is taken then. */
export const SECOND_WAYS: readonly Scenario[] = [
  {
    what: 'R5: an import that is refused, then an upload',
    before: FIRST,
    behaviour: (cloud) => void cloud.misbehave('forbiddenImport', {times: Infinity}),
    disturbed: {definitions: of([version('2')])},
    writes: [...PUBLIC, 'POST image', 'POST import', ...UPLOADED, 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'R5: an import that is refused once the bytes are staged, then an upload',
    before: FIRST,
    behaviour: (cloud) => void cloud.misbehave('forbiddenImport', {times: Infinity, status: 404}),
    disturbed: {definitions: of([version('2', 'sha256')])},
    writes: [...PUBLIC, 'POST image', 'PUT stage', 'POST import', ...UPLOADED, 'PATCH image', 'PATCH image', ...END],
  },
  {
    what: 'R7: a test server that Nova boots from volumes only',
    verified: true,
    behaviour: ({compute}) => {
      compute.volumesOnly = 'flavor';
    },
    before: [],
    disturbed: {definitions: of([version('1')], BOOTED)},
    // The removal of server, port and volume runs beside the publication.
    writes: undefined,
    among: ['POST volumes', 'DELETE volumes'],
  },
];
