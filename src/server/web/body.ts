import type {IncomingMessage} from 'node:http';
import {CallError} from '../errors.ts';

/** No body is larger. */
const LARGEST = 64 * 1024;
/** So much of a body that is refused is thrown away at most, and so long; bytes, milliseconds. */
const MOST_DISCARDED = 16 * 1024 * 1024;
const DISCARD_MS = 5000;

/** The JSON of a body. USAGE for other types and what is no JSON, LIMIT for more than 64 KiB: then the connection is closed. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const {headers} = request;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/json' || headers['content-encoding'] !== undefined)
    throw new CallError(415, {code: 'USAGE', message: 'the body has to be JSON, with content-type: application/json'});
  if (Number(headers['content-length'] ?? 0) > LARGEST) throw tooLarge();
  const body = await readBody(request);
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(body)) as unknown;
  } catch {
    throw new CallError(400, {code: 'USAGE', message: 'the body is no JSON'});
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Its answer still goes over this connection.
    for await (const chunk of request.iterator({destroyOnReturn: false}) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LARGEST) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    // A client that goes away is no fault of the server, which says nothing of it in its log.
    if (request.destroyed && !(error instanceof CallError))
      throw new CallError(400, {code: 'USAGE', message: 'the body broke off'});
    throw error;
  }
  return Buffer.concat(chunks);
}

/**
 * Throws away what is left of a body: a client that still sends when its connection is closed never reads why it was refused. Of a body that
 * is larger, or takes longer, a part is left.
 */
export async function discardRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed || Number(request.headers['content-length'] ?? 0) > MOST_DISCARDED) return;
  await new Promise<void>((resolve) => {
    let length = 0;
    const done = (): void => {
      clearTimeout(timer);
      request.off('data', take).off('end', done).off('close', done);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > MOST_DISCARDED) done();
    };
    const timer = setTimeout(done, DISCARD_MS);
    request.on('data', take).once('end', done).once('close', done).resume();
  });
}

function tooLarge(): CallError {
  return new CallError(413, {code: 'LIMIT', message: `the body is larger than ${LARGEST} bytes`});
}
