import {ImgmgrError} from '../errors.ts';
import {unknownField} from './unknown-field.ts';
import {ENUMS, type Field, MESSAGES, codecOf} from './types.ts';

type Json = Readonly<Record<string, unknown>>;

const TIMESTAMP = 'google.protobuf.Timestamp';
const STRUCT = 'google.protobuf.Struct';
const VALUE = 'google.protobuf.Value';

/** A message of that type with the fields of JSON, as bytes. `null` is not set; a field that the type does not have is left out. */
export function encode(type: string, json: unknown): Buffer {
  return codecOf(type).serialize(messageOf(type, json));
}

/**
 * The JSON of a message: what is not set is missing, a word of an enum is written as JSON writes it (`definition-gone`). USAGE for bytes that
 * are no such message, and for a field or word that this version does not know: it would be left undone.
 */
export function decode(type: string, bytes: Buffer): Json {
  const problem = unknownField(type, bytes);
  if (problem !== undefined) throw usage(problem);
  return jsonOf(type, read(type, bytes));
}

function read(type: string, bytes: Buffer): Json {
  try {
    return codecOf(type).deserialize(bytes) as Json;
  } catch (cause) {
    throw new ImgmgrError('USAGE', `the request is no ${type}`, {hint: HINT, cause});
  }
}

const HINT = 'make the client from the files of proto/imgmgr/api/v1 of this version';

function usage(problem: string): ImgmgrError {
  return new ImgmgrError('USAGE', problem, {hint: HINT});
}

function messageOf(type: string, json: unknown): object {
  const fields = [...(MESSAGES.get(type)?.fields.values() ?? [])];
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = (json as Json)[field.jsonName];
      return value === null || value === undefined ? [] : [[field.name, fieldOf(field, value)]];
    }),
  );
}

function fieldOf({type, form}: Field, value: unknown): unknown {
  if (form === 'repeated') return (value as readonly unknown[]).map((one) => valueOf(type, one));
  if (form === 'single') return valueOf(type, value);
  return Object.fromEntries(Object.entries(value as Json).map(([key, one]) => [wellFormed(key), valueOf(type, one)]));
}

function valueOf(type: string, value: unknown): unknown {
  if (type === TIMESTAMP) return timestamp(value as string);
  if (type === STRUCT) return struct(value as Json);
  if (type === VALUE) return openValue(value);
  const words = ENUMS.get(type);
  if (words) return words.prefix + (value as string).replaceAll('-', '_').toUpperCase();
  if (MESSAGES.has(type)) return messageOf(type, value);
  return type === 'string' ? wellFormed(value as string) : value;
}

/** Half a character of UTF-16 cannot be written as UTF-8, and clients refuse a message with it. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** A text that is no moment is 1970. */
function timestamp(text: string): object {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return {seconds: 0, nanos: 0};
  const seconds = Math.floor(ms / 1000);
  return {seconds, nanos: (ms - seconds * 1000) * 1_000_000};
}

function struct(json: Json): object {
  const fields = Object.entries(json).filter(([, value]) => value !== undefined);
  return {fields: Object.fromEntries(fields.map(([key, value]) => [wellFormed(key), openValue(value)]))};
}

function openValue(value: unknown): object {
  if (typeof value === 'string') return {string_value: wellFormed(value)};
  if (typeof value === 'number') return {number_value: value};
  if (typeof value === 'boolean') return {bool_value: value};
  if (Array.isArray(value)) return {list_value: {values: value.map(openValue)}};
  return typeof value === 'object' && value !== null ? {struct_value: struct(value as Json)} : {null_value: 0};
}

function jsonOf(type: string, message: Json): Json {
  const fields = [...(MESSAGES.get(type)?.fields.values() ?? [])];
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = message[field.name];
      if (value === undefined) return [];
      const isList = field.form === 'repeated';
      const json = isList ? (value as readonly unknown[]).map((one) => wordOf(field, one)) : wordOf(field, value);
      return [[field.jsonName, json]];
    }),
  );
}

function wordOf({type, name}: Field, value: unknown): unknown {
  const words = ENUMS.get(type);
  if (words) {
    if (typeof value === 'number') throw usage(`${name} has the value ${value}, which this version does not know`);
    return (value as string).replace(words.prefix, '').toLowerCase().replaceAll('_', '-');
  }
  return MESSAGES.has(type) ? jsonOf(type, value as Json) : value;
}
