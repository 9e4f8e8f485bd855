import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import type {Package} from './packages.ts';
import {sortPackages} from './packages.ts';
import {readOwnJson, SCHEMA, sortedByKey} from './read-json.ts';
import type {BuildFormat, BuildInputs, Machine} from './spec.ts';
import {BUILD_FORMATS} from './spec.ts';

/** What an image was built from, with what, and what came of it. Holds no value of a variable but the mirror's. */
export interface Manifest {
  readonly definition: string;
  /** `YYYYMMDD` or `YYYYMMDD.n`. */
  readonly version: string;
  readonly machine: Machine;
  readonly inputs: BuildInputs;
  /** Name of each element that took part → hexadecimal sha256 of its tree. */
  readonly elements: Readonly<Record<string, string>>;
  readonly packages: readonly Package[];
  readonly diskImageBuilder: {readonly version: string};
  /** The guest agent, where the element `agent-install` put it in. */
  readonly agent?: {readonly version: string};
  /** `DIB_DISTRIBUTION_MIRROR`; credentials and queries are left out when it is written. */
  readonly mirror?: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly files: readonly ManifestFile[];
}

/** One disk file; the digests come when its bytes are read for the first time, at the upload. */
export interface ManifestFile {
  readonly format: BuildFormat;
  readonly bytes: number;
  readonly virtualBytes: number;
  readonly sha256?: string;
  readonly sha512?: string;
}

/** The text of `manifest.json`: stable order, one package per line, so that text tools can compare two of them. */
export function formatManifest(manifest: Manifest): string {
  const {packages, mirror, agent} = manifest;
  const head = {
    schema: SCHEMA,
    definition: manifest.definition,
    version: manifest.version,
    machine: manifest.machine,
    inputs: {hash: manifest.inputs.hash, parts: sortedByKey(manifest.inputs.parts)},
    diskImageBuilder: {version: manifest.diskImageBuilder.version},
    ...(agent && {agent: {version: agent.version}}),
    ...(mirror !== undefined && {mirror: withoutSecrets(mirror)}),
    startedAt: manifest.startedAt,
    finishedAt: manifest.finishedAt,
    files: manifest.files.map(({format, bytes, virtualBytes, sha256, sha512}) => ({
      ...{format, bytes, virtualBytes},
      ...(sha256 !== undefined && {sha256}),
      ...(sha512 !== undefined && {sha512}),
    })),
    elements: sortedByKey(manifest.elements),
  };
  const lines = sortPackages(packages).map(({name, version, arch}) => `    ${JSON.stringify({name, version, arch})}`);
  const list = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`;
  return `${JSON.stringify(head, undefined, 2).slice(0, -'\n}'.length)},\n  "packages": ${list}\n}\n`;
}

/** Reads a `manifest.json`; `place` names it. USAGE with the field for whatever imgmgr does not write. */
export function parseManifest(text: string, place: string): Manifest {
  const read = readOwnJson(Schema, text);
  if ('problem' in read)
    throw new ImgmgrError('USAGE', `${place} ${read.problem}`, {
      place,
      hint: 'give the manifest.json of an artifact that this imgmgr built, unchanged',
    });
  return read.value;
}

/** The URL without user name, password, query and fragment; each of them may hold a secret, none shows where packages are from. */
export function withoutSecrets(url: string): string {
  const isUrl = url.includes('://') && URL.canParse(url);
  // What is no URL may hold its credentials anywhere before the last @.
  const plain = isUrl ? url.replace(/\/\/[^/?#]*@/, '//') : url.replace(/^.*@/s, '');
  return plain.split(/[?#]/, 1).join('');
}

/** `YYYYMMDD` or `YYYYMMDD.n`. */
export const BUILD_VERSION = z
  .string()
  .regex(/^\d{8}(?:\.\d+)?$/, {error: 'is no version like 20261121 or 20261121.2'});
/** Hexadecimal sha256. */
export const SHA256 = hexadecimal(64);
export const MACHINE = z.enum(['x86_64', 'aarch64']);
export const BUILD_FORMAT = z.enum(BUILD_FORMATS);
/** Bytes. */
export const SIZE = z.int().nonnegative();

const Versioned = z.object({version: z.string().min(1)});

const Schema = z.object({
  definition: z.string().min(1),
  version: BUILD_VERSION,
  machine: MACHINE,
  inputs: z.object({hash: SHA256, parts: z.record(z.string(), z.string())}),
  diskImageBuilder: Versioned,
  agent: Versioned.exactOptional(),
  mirror: z.string().exactOptional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  files: z
    .array(
      z.object({
        format: BUILD_FORMAT,
        bytes: SIZE,
        virtualBytes: SIZE,
        sha256: SHA256.exactOptional(),
        sha512: hexadecimal(128).exactOptional(),
      }),
    )
    .min(1),
  elements: z.record(z.string(), SHA256),
  packages: z.array(z.object({name: z.string().min(1), version: z.string(), arch: z.string()})),
});

function hexadecimal(digits: number): z.ZodString {
  return z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), {error: `is no digest of ${digits} hexadecimal digits`});
}
