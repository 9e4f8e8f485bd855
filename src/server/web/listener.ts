import type {IncomingMessage, RequestListener, Server, ServerResponse} from 'node:http';
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
/** A client has so long to read why it is refused before its connection is cut; milliseconds. */
const FAREWELL_MS = 1000;
/**
 * Connections at once, and those among them that the server waits for, for a request, the rest of its body or the reading of its answer: the
 * oldest of these gives way to a new one.
 */
const MOST_CONNECTIONS = 4096;
const MOST_WAITING = 256;
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

/** Connections that the server waits for keep out nobody: the oldest of them goes when there are too many. */
function giveWay(server: Server | SecureServer): void {
  // By the other end: a request over TLS comes by another socket object than the connection.
  const open = new Map<string, {readonly socket: Socket; underWay: number}>();
  const waiting = new Map<string, Socket>();
  const wait = (end: string): void => {
    const connection = open.get(end);
    if (!connection || connection.underWay > 0) return;
    waiting.delete(end);
    waiting.set(end, connection.socket);
    const [oldest] = waiting.values();
    if (waiting.size > MOST_WAITING) oldest?.destroy();
  };
  server.on('connection', (socket: Socket) => {
    const end = endOf(socket);
    open.set(end, {socket, underWay: 0});
    socket.once('close', () => {
      open.delete(end);
      waiting.delete(end);
    });
    wait(end);
  });
  // Before the request is answered, which may be at once.
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const end = endOf(request.socket);
    request.socket.setKeepAlive(true, 30_000);
    const begin = (): void => {
      const connection = open.get(end);
      if (!connection || response.writableEnded) return;
      connection.underWay += 1;
      waiting.delete(end);
      // From then on the answer is to be read, or the next request to come.
      response.once('prefinish', () => {
        connection.underWay -= 1;
        wait(end);
      });
    };
    if (hasBody(request)) request.once('end', begin);
    else begin();
  });
  server.on('clientError', (_error: Error, socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    // A client may leave its half of the connection open for ever.
    const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once('close', () => clearTimeout(timer));
  });
}

function hasBody({headers}: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function endOf({remoteAddress, remotePort}: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}
