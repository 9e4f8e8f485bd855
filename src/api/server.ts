import {createServer, type Socket} from 'node:net';
import {createServer as createTlsServer, type Server as TlsServer, type TLSSocket} from 'node:tls';
import {Server as GrpcServer, ServerCredentials} from '@grpc/grpc-js';
import {listenOn} from '../host/listen.ts';
import {Admission} from './admission.ts';
import type {ApiBackend} from './backend.ts';
import {ANSWERS} from './calls.ts';
import {Health} from './health.ts';
import {answeringMethods, rawService} from './methods.ts';
import {limitPings, type PingLimits} from './pings.ts';
import {reflectionMethod} from './reflection.ts';
import {type WatchLimits, watchMethod} from './watch.ts';

/** A certificate and its key, PEM. */
export interface ApiCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What the gRPC interface is opened with. */
export interface ApiOptions {
  readonly backend: ApiBackend;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The flag that names host and port. */
  readonly flag: string;
  /** Undefined: without TLS; the caller sees to it that this is an address of this host alone. */
  readonly certificate: ApiCertificate | undefined;
  readonly limits?: Partial<ApiLimits>;
}

/** How much the gRPC interface takes. */
export interface ApiLimits extends WatchLimits {
  readonly connections: number;
  readonly pings: PingLimits;
  /** How long the message of a call may take to come, ms. */
  readonly messageMs: number;
  /** How long a call without a deadline may take, ms. */
  readonly longestMs: number;
  /** How old a connection becomes, ms: then its client is asked to make another one, and calls have the grace time to end. */
  readonly ageMs: number;
  readonly ageGraceMs: number;
}

/** The gRPC interface while it is open. */
export interface OpenApi {
  readonly port: number;
  /** Takes another certificate for connections to come. */
  renew(certificate: ApiCertificate): void;
  /** Says NOT_SERVING, takes no more calls, and ends what goes on after the grace time. */
  close(graceMs: number): Promise<void>;
}

const LIMITS: ApiLimits = {
  connections: 256,
  pings: {minMs: 10_000, strikes: 2},
  messageMs: 20_000,
  longestMs: 120_000,
  ageMs: 3_600_000,
  ageGraceMs: 60_000,
  unreadMs: 30_000,
  tokenMs: 1000,
};

/** Largest request, bytes, as in the JSON interface. */
const MESSAGE_LIMIT = 64 * 1024;
const REFLECTION = 'grpc.reflection.v1.ServerReflection';
const RUNS = 'imgmgr.api.v1.RunService';

/** Opens the gRPC interface. USAGE when the address is not ours or taken. */
export async function openApi(options: ApiOptions): Promise<OpenApi> {
  const limits = {...LIMITS, ...options.limits};
  const {grpc, health} = createGrpc(options.backend, limits);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  limitPings(grpc, limits.pings);
  const take = (socket: Socket): void => {
    socket.on('error', () => undefined);
    injector.injectConnection(socket);
  };
  const tls = options.certificate && createTls(options.certificate, take);
  const sockets = new Set<Socket>();
  const listener = createServer({noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000}, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (tls) tls.emit('connection', socket);
    else take(socket);
  });
  listener.maxConnections = limits.connections;
  return {
    port: await listenOn(listener, options),
    renew: (certificate) => tls?.setSecureContext(certificate),
    close: async (graceMs) => {
      health.close();
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      injector.drain(graceMs);
      const timer = setTimeout(() => {
        grpc.forceShutdown();
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      grpc.forceShutdown();
    },
  };
}

function createGrpc(backend: ApiBackend, limits: ApiLimits): {readonly grpc: GrpcServer; readonly health: Health} {
  const admission = new Admission(backend, limits.messageMs);
  const parts = {backend, admission, longestMs: limits.longestMs};
  const services = Object.keys(ANSWERS);
  const health = new Health(services);
  const grpc = new GrpcServer({
    'grpc.max_receive_message_length': MESSAGE_LIMIT,
    'grpc.max_concurrent_streams': 100,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_age_ms': limits.ageMs,
    'grpc.max_connection_age_grace_ms': limits.ageGraceMs,
    'grpc.max_connection_idle_ms': 600_000,
    'grpc-node.max_session_memory': 8,
    'grpc.enable_channelz': 0,
    interceptors: [admission.interceptor],
  });
  for (const service of services) {
    const watch = service === RUNS && {Watch: watchMethod(parts, limits)};
    grpc.addService(rawService(service), {...answeringMethods(service, parts), ...watch});
  }
  grpc.addService(rawService('grpc.health.v1.Health'), health.methods);
  const all = [...services, 'grpc.health.v1.Health', REFLECTION];
  grpc.addService(rawService(REFLECTION), {ServerReflectionInfo: reflectionMethod(all, parts)});
  return {grpc, health};
}

function createTls({cert, key}: ApiCertificate, take: (socket: Socket) => void): TlsServer {
  const tls = createTlsServer({cert, key, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2', handshakeTimeout: 10_000});
  tls.on('tlsClientError', () => undefined);
  tls.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') take(socket);
    else socket.destroy();
  });
  return tls;
}
