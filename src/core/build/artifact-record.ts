import {z} from 'zod';
import {BUILD_FORMAT, BUILD_VERSION, MACHINE, SHA256, SIZE} from './manifest.ts';
import type {Read} from './read-json.ts';
import {readOwnJson, SCHEMA} from './read-json.ts';
import type {BuildFormat, Machine} from './spec.ts';

/** What `artifact.json` says of the folder that it lies in; the files beside it are `image.<format>`. */
export interface ArtifactRecord {
  readonly definition: string;
  readonly version: string;
  /** Hexadecimal sha256 of what it was made from. */
  readonly inputs: string;
  readonly machine: Machine;
  /** Sizes in bytes. */
  readonly files: readonly {readonly format: BuildFormat; readonly size: number}[];
  /** Absolute path of the log of the build, which may be gone by now. */
  readonly log: string;
  /** ISO 8601, UTC. */
  readonly builtAt: string;
}

/** The text of `artifact.json`. */
export function formatArtifactRecord(record: ArtifactRecord): string {
  const {definition, version, inputs, machine, log, builtAt} = record;
  const files = record.files.map(({format, size}) => ({format, size}));
  const ordered = {schema: SCHEMA, definition, version, inputs, machine, files, log, builtAt};
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}

/** Reads an `artifact.json`, or answers what is wrong with it, to be put behind its name. */
export function readArtifactRecord(text: string): Read<ArtifactRecord> {
  return readOwnJson(Schema, text);
}

const Schema = z.object({
  definition: z.string().min(1),
  version: BUILD_VERSION,
  inputs: SHA256,
  machine: MACHINE,
  files: z.array(z.object({format: BUILD_FORMAT, size: SIZE})).min(1),
  log: z.string(),
  builtAt: z.iso.datetime(),
});
