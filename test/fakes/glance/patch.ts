import {asRecord, Refusal, without} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import type {ImageRecord} from './image-table.ts';
import {checkValue, checkWritable, isCore} from './schema.ts';

/** One operation of a JSON patch, checked against Glance's rules. */
export type Change =
  | {readonly op: 'add' | 'replace'; readonly key: string; readonly value: unknown}
  | {readonly op: 'remove'; readonly key: string};

/**
 * Reads the body of a v2.1 JSON patch: 400 for a bad operation or value, 403 for a read-only or reserved key. The order is
 * that of `RequestDeserializer.update` in https://github.com/openstack/glance/blob/master/glance/api/v2/images.py
 */
export function parsePatch(body: unknown): readonly Change[] {
  if (!Array.isArray(body)) throw new Refusal(400, 'Request body must be a JSON array of operation objects.');
  return body.map(parseChange);
}

/** Applies all changes to a copy, so that a refused one leaves the image as it was; gives the fields to be stored. */
export function applyPatch(record: ImageRecord, changes: readonly Change[], caller: FakeAccount): ImageRecord {
  const draft: ImageRecord = {...record, properties: {...record.properties}};
  for (const change of changes) {
    if (change.op === 'remove') removeKey(draft, change.key);
    else setKey(draft, change, caller);
  }
  return draft;
}

function parseChange(raw: unknown): Change {
  const operation = asRecord(raw);
  if (operation === undefined) throw new Refusal(400, 'Operations must be JSON objects.');
  const {op, path} = operation;
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw new Refusal(
      400,
      `Invalid operation: \`${String(op)}\`. It must be one of the following: add, remove, replace.`,
    );
  }
  if (typeof path !== 'string') throw new Refusal(400, "Unable to find 'path' in JSON Schema change");
  const key = keyOf(path);
  if (op === 'remove') {
    checkWritable(key);
    return {op, key};
  }
  if (!('value' in operation)) throw new Refusal(400, `Operation "${op}" requires a member named "value".`);
  checkWritable(key);
  checkValue(key, operation['value']);
  return {op, key, value: operation['value']};
}

function keyOf(pointer: string): string {
  if (!pointer.startsWith('/') || pointer.endsWith('/')) throw new Refusal(400, `Pointer \`${pointer}\` is not valid.`);
  if (/~[^01]|~$/.test(pointer))
    throw new Refusal(400, `Pointer \`${pointer}\` contains "~" not part of a recognized escape sequence.`);
  const parts = pointer.slice(1).split('/');
  if (parts.length !== 1) throw new Refusal(400, `Invalid JSON pointer for this resource: '${pointer}'`);
  return (parts[0] ?? '').replaceAll('~1', '/').replaceAll('~0', '~').trim();
}

function setKey(draft: ImageRecord, change: Exclude<Change, {op: 'remove'}>, caller: FakeAccount): void {
  const {key, value} = change;
  if (isCore(key)) {
    setCore(draft, key, value, caller);
    return;
  }
  if (change.op === 'replace' && !(key in draft.properties)) throw new Refusal(409, `Property ${key} does not exist.`);
  draft.properties = {...draft.properties, [key]: String(value)};
}

function setCore(draft: ImageRecord, key: string, value: unknown, caller: FakeAccount): void {
  const isAdmin = caller.roles.includes('admin');
  if (key === 'visibility' && value === 'public' && !isAdmin) {
    throw new Refusal(403, 'You are not authorized to complete publicize_image action.');
  }
  if (key === 'owner' && !isAdmin) throw new Refusal(403, "Owner can't be updated by non admin.");
  if ((key === 'disk_format' || key === 'container_format') && !['queued', 'importing'].includes(draft.status)) {
    throw new Refusal(403, `Attribute ${key} can be only replaced for a queued image.`);
  }
  const stored = key === 'tags' && Array.isArray(value) ? [...new Set(value.map(String))] : value;
  Object.assign(draft, {[key]: stored});
}

function removeKey(draft: ImageRecord, key: string): void {
  if (isCore(key)) throw new Refusal(403, `Property ${key} may not be removed.`);
  if (!(key in draft.properties)) throw new Refusal(409, `Property ${key} does not exist.`);
  draft.properties = without(draft.properties, key);
}
