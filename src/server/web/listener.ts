import type {IncomingMessage, RequestListener, Server} from 'node:http';
import {createServer} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import type {Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';
import {listenOn} from '../../host/listen.ts';
import type {Certificate, TlsFiles} from './certificate.ts';

/** Where the server listens. */
export interface ListenChoice {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsFiles;
}

/** A request has to be there, with its headers, and then its body, within these times; milliseconds. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const KEEP_ALIVE_MS = 10_000;
const CHECK_MS = 2000;
/** Connections at once, and those among them that have asked for nothing yet: the oldest of these gives way to a new one. */
const MOST_CONNECTIONS = 4096;
const MOST_SILENT = 256;
const LARGEST_HEADERS = 16 * 1024;

/** A server that listens. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes another certificate for connections to come. */
  renew(certificate: Certificate): void;
  /** Takes no connection any more, and ends those that are open. */
  close(): Promise<void>;
}

/** Listens for requests, with TLS where there is a certificate. USAGE where the port is taken or may not be used. */
export async function listen(
  {host, port}: Pick<ListenChoice, 'host' | 'port'>,
  {handler, certificate}: {readonly handler: RequestListener; readonly certificate: Certificate | undefined},
): Promise<Listener> {
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: LARGEST_HEADERS,
  };
  const secure =
    certificate &&
    createSecureServer({...limits, ...certificate, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_MS}, handler);
  const server = secure ?? createServer(limits, handler);
  server.maxHeadersCount = 100;
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 10_000;
  giveWay(server);
  return {
    host,
    port: await listenOn(server, {host, port, flag: '--bind'}),
    renew: (renewed) => secure?.setSecureContext(renewed),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Connections that ask for nothing keep out nobody: the oldest of them goes when there are too many. */
function giveWay(server: Server | SecureServer): void {
  // By the other end: a request over TLS comes by another socket object than the connection.
  const silent = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const end = endOf(socket);
    silent.set(end, socket);
    socket.once('close', () => silent.delete(end));
    const [oldest] = silent.values();
    if (silent.size > MOST_SILENT) oldest?.destroy();
  });
  server.on('request', ({socket}: IncomingMessage) => {
    silent.delete(endOf(socket));
    socket.setKeepAlive(true, 30_000);
  });
  server.on('clientError', (_error: Error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });
}

function endOf({remoteAddress, remotePort}: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
