import {Refusal} from '../exchange.ts';
import type {ImageRecord} from './image-table.ts';

const DISALLOWED = ['direct_url', 'self', 'file', 'schema', 'stores'];
const RESERVED = ['location', 'deleted', 'deleted_at'];
const READ_ONLY = [
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'size',
  'virtual_size',
  'direct_url',
  'self',
  'file',
  'schema',
  'id',
  'os_hash_algo',
  'os_hash_value',
];
const VISIBILITIES = ['community', 'public', 'private', 'shared'];
const DISK_FORMATS = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];
const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isShort: Check = (value) => typeof value === 'string' && value.length <= 255;
const isCount: Check = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** The attributes that a client may set; everything else is a free property and must be text. */
const CORE: Readonly<Record<string, Check>> = {
  id: (value) => isText(value) && UUID.test(String(value)),
  name: orNull(isShort),
  visibility: oneOf(VISIBILITIES),
  os_hidden: isFlag,
  protected: isFlag,
  owner: orNull(isShort),
  tags: (value) => Array.isArray(value) && value.every(isShort),
  min_disk: isCount,
  min_ram: isCount,
  disk_format: orNull(oneOf(DISK_FORMATS)),
  container_format: orNull(oneOf(CONTAINER_FORMATS)),
  status: isText,
  size: orNull(isCount),
  virtual_size: orNull(isCount),
  checksum: orNull(isText),
  os_hash_algo: orNull(isText),
  os_hash_value: orNull(isText),
  created_at: isText,
  updated_at: isText,
};

/** True for an attribute of the image itself, false for a free property. */
export function isCore(key: string): boolean {
  return key in CORE;
}

/** Checks one attribute or property against Glance's schema; 400 when it does not fit. */
export function checkValue(key: string, value: unknown): void {
  const check = CORE[key] ?? isText;
  if (!check(value)) {
    throw new Refusal(
      400,
      `Provided object does not match schema 'image': ${JSON.stringify(value)} is not valid for '${key}'`,
    );
  }
}

/** Refuses with 403 what a client may never change by PATCH. */
export function checkWritable(key: string): void {
  if (READ_ONLY.includes(key)) throw new Refusal(403, `Attribute '${key}' is read-only.`);
  checkReserved(key);
}

/** A create call's body as record fields; the order of the checks is Glance's. */
export function newRecordFields(body: Readonly<Record<string, unknown>>): Partial<ImageRecord> {
  for (const key of DISALLOWED) if (key in body) throw new Refusal(403, `Attribute '${key}' is read-only.`);
  for (const [key, value] of Object.entries(body)) checkValue(key, value);
  const free = Object.entries(body).filter(([key]) => !isCore(key));
  for (const [key] of free) {
    if (key.length > 255) throw new Refusal(400, 'Custom property should not be greater than 255 characters.');
    checkReserved(key);
  }
  const core = Object.entries(body).filter(([key]) => isCore(key));
  const readOnly = core.find(([key]) => key !== 'id' && READ_ONLY.includes(key));
  if (readOnly !== undefined) throw new Refusal(403, `Attribute '${readOnly[0]}' is read-only.`);
  return {
    ...Object.fromEntries(core),
    properties: Object.fromEntries(free.map(([key, value]) => [key, String(value)])),
  };
}

function checkReserved(key: string): void {
  if (RESERVED.includes(key) || key.startsWith('os_glance_')) throw new Refusal(403, `Attribute '${key}' is reserved.`);
}
