import type {EventEmitter} from 'node:events';
import {type ServerHttp2Session, constants} from 'node:http2';
import type {Server} from '@grpc/grpc-js';

/** How often a client may ping. */
export interface PingLimits {
  /** Time between two pings of a client to which nothing is sent meanwhile, ms. */
  readonly minMs: number;
  /** Pings that may come sooner. */
  readonly strikes: number;
}

/** An answer to a ping has at most so many bytes, with TLS; what is more is data. */
const ANSWER_BYTES = 50;
const OTHER_BYTES = 64;

/**
 * Ends connections of clients that ping more often than they may while they neither call nor are sent anything, as other gRPC servers do (GOAWAY `too_many_pings`, by which their clients
 * learn to ping less); pings by which a client measures how fast data comes are none of these. grpc-js has limits for its own pings alone, so
 * this looks at its HTTP/2 servers, which have no public name there. https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
 */
export function limitPings(server: Server, limits: PingLimits): void {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0) throw new Error('grpc-js does not show its HTTP/2 servers');
  for (const http2Server of servers.keys() as Iterable<EventEmitter>)
    http2Server.on('session', (session: ServerHttp2Session) => watch(session, limits));
}

function watch(session: ServerHttp2Session, {minMs, strikes}: PingLimits): void {
  let [last, bytes, pings, early] = [-Infinity, 0, 0, 0];
  const forget = (): void => {
    [bytes, pings, early] = [session.socket.bytesWritten, 0, 0];
  };
  session.on('stream', forget);
  session.on('ping', () => {
    const now = performance.now();
    if (session.socket.bytesWritten - bytes > pings * ANSWER_BYTES + OTHER_BYTES) forget();
    else if (now - last < minMs) early += 1;
    pings += 1;
    last = now;
    if (early <= strikes) return;
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too_many_pings'));
    session.destroy();
  });
}
