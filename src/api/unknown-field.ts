import {MESSAGES} from './types.ts';

/** Messages in messages, at most; requests have three. */
const DEPTH = 16;

/**
 * What is wrong with a request: a field that its type does not have, or bytes that are no message. Undefined where nothing is. Decoders skip
 * fields that they do not know, but what a client asks for must not be left undone in silence.
 */
export function unknownField(type: string, bytes: Uint8Array): string | undefined {
  return inMessage(type, bytes, DEPTH);
}

function inMessage(type: string, bytes: Uint8Array, depth: number): string | undefined {
  const fields = MESSAGES.get(type)?.fields;
  if (!fields || depth === 0) return `the request is no ${type}`;
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at);
    if (!tag) return `the request is no ${type}`;
    const [id, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    const field = fields.get(id);
    if (!field) return `field ${id} of ${type} is not known here`;
    const length = wire === 2 ? varint(bytes, tag.end) : undefined;
    const begin = length?.end ?? tag.end;
    const end = endOf({bytes, wire, at: tag.end, length});
    if (end === undefined || end > bytes.length) return `the request is no ${type}`;
    const isMessage = wire === 2 && field.form !== 'map' && MESSAGES.has(field.type);
    const problem = isMessage ? inMessage(field.type, bytes.subarray(begin, end), depth - 1) : undefined;
    if (problem !== undefined) return problem;
    at = end;
  }
  return undefined;
}

/** Where a value ends; undefined: it has no form of proto3. */
function endOf({
  bytes,
  wire,
  at,
  length,
}: {
  readonly bytes: Uint8Array;
  readonly wire: number;
  readonly at: number;
  readonly length: Varint | undefined;
}): number | undefined {
  if (wire === 0) return varint(bytes, at)?.end;
  if (wire === 1) return at + 8;
  if (wire === 5) return at + 4;
  return wire === 2 && length ? length.end + length.value : undefined;
}

interface Varint {
  readonly value: number;
  readonly end: number;
}

/** A number of at most 10 bytes; undefined: it does not end. */
function varint(bytes: Uint8Array, at: number): Varint | undefined {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte % 128) * 2 ** (7 * index);
    if (byte < 128) return {value, end: at + index + 1};
  }
  return undefined;
}
