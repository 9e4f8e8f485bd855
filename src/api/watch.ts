import {once} from 'node:events';
import {type ServerWritableStream, type handleServerStreamingCall} from '@grpc/grpc-js';
import {ImgmgrError} from '../errors.ts';
import type {Watched} from './backend.ts';
import {decode, encode} from './json.ts';
import {type MethodParts, failedStatus, methodOf, signalOf} from './methods.ts';

/** How patient a watch is. */
export interface WatchLimits {
  /** How long a client may read nothing while there is something to read, ms. */
  readonly unreadMs: number;
  /** How often the token is looked at again, ms. */
  readonly tokenMs: number;
}

/**
 * `RunService.Watch`: the next event is read from the history only when the client has room for it, so a slow one costs no memory. One that
 * reads nothing gets RESOURCE_EXHAUSTED, and can go on behind the last event that it has.
 */
export function watchMethod(parts: MethodParts, limits: WatchLimits): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    pass(call, parts, limits).then(
      () => call.end(),
      (error: unknown) => call.emit('error', failedStatus(call, error, parts.backend)),
    );
  };
}

type Call = ServerWritableStream<Buffer, Buffer>;

async function pass(call: Call, {backend, admission}: MethodParts, limits: WatchLimits): Promise<void> {
  const {request, response} = methodOf('imgmgr.api.v1.RunService', 'Watch');
  const {id = '', after = 0} = decode(request, call.request) as {readonly id?: string; readonly after?: number};
  if (after < 0) throw new ImgmgrError('USAGE', `after is ${after}`, {hint: 'give the number of an event, or 0'});
  const over = new AbortController();
  const signal = AbortSignal.any([signalOf(call), over.signal]);
  const caller = admission.callerOf(call.metadata);
  const timer = setInterval(() => {
    try {
      backend.again(caller);
    } catch (error) {
      over.abort(error);
    }
  }, limits.tokenMs);
  try {
    for await (const watched of backend.watch({caller, id, after, signal})) {
      over.signal.throwIfAborted();
      if (!call.write(encode(response, messageOf(watched)))) await drained(call, signal, limits.unreadMs);
      if (signal.aborted) break;
    }
    over.signal.throwIfAborted();
  } finally {
    clearInterval(timer);
    over.abort();
  }
}

function messageOf(watched: Watched): object {
  if ('end' in watched) return watched;
  const {run, seq, at, type} = watched.event;
  return {event: {run, seq, at, type, fields: watched.event}};
}

/** Waits until the client has read; LIMIT when it does not, at once when nobody waits. */
async function drained(call: Call, signal: AbortSignal, unreadMs: number): Promise<void> {
  const late = AbortSignal.timeout(unreadMs);
  try {
    await once(call, 'drain', {signal: AbortSignal.any([signal, late])});
  } catch {
    if (late.aborted && !signal.aborted)
      throw new ImgmgrError('LIMIT', `nothing was read for ${Math.round(unreadMs / 1000)} s`, {
        hint: 'call again with `after`, the number of the last event',
      });
  }
}
