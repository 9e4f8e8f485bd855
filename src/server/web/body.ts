import type {IncomingMessage} from 'node:http';
import {CallError} from '../errors.ts';

/** No body is larger. */
const LARGEST = 64 * 1024;

/** The JSON of a body. USAGE for other types and what is no JSON, LIMIT for more than 64 KiB: then the connection is closed. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const {headers} = request;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/json' || headers['content-encoding'] !== undefined)
    throw new CallError(415, {code: 'USAGE', message: 'the body has to be JSON, with content-type: application/json'});
  if (Number(headers['content-length'] ?? 0) > LARGEST) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(Buffer.concat(chunks))) as unknown;
  } catch {
    throw new CallError(400, {code: 'USAGE', message: 'the body is no JSON'});
  }
}

function tooLarge(): CallError {
  return new CallError(413, {code: 'LIMIT', message: `the body is larger than ${LARGEST} bytes`});
}
