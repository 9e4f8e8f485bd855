import {createHash} from 'node:crypto';
import {listed, yaml} from '../cli/operator.ts';
import {bytesOf, SOURCE} from './source.ts';

type Words = Readonly<Record<string, string>>;

const BOOTED = {verify: '{mode: boot}'};

/** The definition `name` with these versions, each with the sha512 of its bytes. */
export function define(name: string, versions: readonly string[], changes: Words = {}, meta: Words = {}): string {
  return yaml(
    versions.map((version) => versionOf(name, version)),
    {name, ...changes},
    meta,
  ).replace(/^images:\n/, '');
}

/** Several definitions as one file. */
export function file(...definitions: readonly string[]): string {
  return `images:\n${definitions.join('')}`;
}

function versionOf(name: string, version: string): string {
  const path = `${name.toLowerCase().replaceAll(' ', '-')}-${version}.raw`;
  const digest = createHash('sha512').update(bytesOf(path)).digest('hex');
  return listed(version, `${SOURCE}/${path}`, {checksum: `sha512:${digest}`});
}

/** The kinds of definitions whose images were rotated: name, fields, properties. */
const ROTATED: readonly (readonly [string, Words, Words])[] = [
  ['Verified', BOOTED, {}],
  ['Hidden', {...BOOTED, retire_as: 'hidden'}, {}],
  ['Dated', {...BOOTED, retire_as: 'renamed-by-date'}, {}],
  ['Community', {...BOOTED, retire_as: 'community'}, {}],
  ['Deactivated', {...BOOTED, retire_as: 'deactivated'}, {uuid_validity: 'last-1'}],
  ['Numbered', {...BOOTED, multi: 'false'}, {}],
  ['Unproven', {verify: '{mode: none}'}, {uuid_validity: 'none'}],
  ['Protected', {...BOOTED, protected: 'true', keep: 'true'}, {uuid_validity: 'forever'}],
];

/** The rotated definitions at their first (1) or second (2) version. */
export function rotated(version: 1 | 2 | 3): string {
  return ROTATED.map(([name, changes, meta]) =>
    define(name, name === 'Numbered' && version > 1 ? ['1', String(version)] : [String(version)], changes, meta),
  ).join('');
}

/** A definition whose version is the newest of a digest list. */
export const ROLLING = yaml(
  [
    listed('latest', `${SOURCE}/rolling-latest.raw`, {
      checksums_url: `${SOURCE}/SHA512SUMS`,
    }),
  ],
  {name: 'Rolling', ...BOOTED},
).replace(/^images:\n/, '');

/** A definition whose second version did not boot. */
export function broken(version: 1 | 2 | 3): string {
  return define('Broken', [String(version)], BOOTED);
}

/** Definitions of which a run left something unfinished, in the state that the name says. */
export const UNFINISHED: Readonly<Record<'Ready' | 'Pending' | 'Importing' | 'Queued' | 'Booting' | 'Volume', string>> =
  {
    Ready: define('Ready', ['1'], BOOTED),
    Pending: define('Pending', ['1'], BOOTED),
    Importing: define('Importing', ['1'], BOOTED),
    Queued: define('Queued', ['1'], BOOTED),
    Booting: define('Booting', ['1'], BOOTED),
    Volume: define('Volume', ['1'], {verify: '{mode: boot, flavor: diskless}'}),
  };
