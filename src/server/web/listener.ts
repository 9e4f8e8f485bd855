import {readFileSync, statSync} from 'node:fs';
import type {IncomingMessage, RequestListener, Server} from 'node:http';
import {createServer} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import type {Server as SecureServer} from 'node:https';
import type {Socket} from 'node:net';
import {createSecureContext} from 'node:tls';
import {ImgmgrError} from '../../errors.ts';
import {codeOf} from '../../host/fs-error.ts';

/** Files of a certificate, read again when they change. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

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
/** The files of the certificate are looked at so often. */
const LOOK_MS = 15_000;

/** A server that listens. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes no connection any more, and ends those that are open. */
  close(): Promise<void>;
}

/** Listens for requests. USAGE where the port is taken or may not be used, CONFIG where the certificate cannot be read. */
export async function listen(
  choice: ListenChoice,
  {handler, log}: {readonly handler: RequestListener; readonly log: (text: string) => void},
): Promise<Listener> {
  const {host, port, tls} = choice;
  const limits = {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: LARGEST_HEADERS,
  };
  const server = tls
    ? createSecureServer({...limits, ...readTls(tls), minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_MS}, handler)
    : createServer(limits, handler);
  server.maxHeadersCount = 100;
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 10_000;
  giveWay(server);
  const stopLooking = tls ? followFiles(server as SecureServer, tls, log) : () => undefined;
  await begin(server, {host, port});
  const address = server.address();
  return {
    host,
    port: typeof address === 'object' && address !== null ? address.port : port,
    async close() {
      stopLooking();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** Certificate and key; CONFIG where they cannot be read or do not fit each other. */
function readTls({cert, key}: TlsFiles): {readonly cert: Buffer; readonly key: Buffer} {
  if ((statSync(key, {throwIfNoEntry: false})?.mode ?? 0) & 0o007)
    throw new ImgmgrError('CONFIG', `--tls-key ${key} can be read by everybody`, {hint: `chmod 640 ${key}`});
  try {
    const files = {cert: readFileSync(cert), key: readFileSync(key)};
    createSecureContext(files);
    return files;
  } catch (cause) {
    const reason = codeOf(cause) === 'ENOENT' ? 'is not there' : 'cannot be used';
    throw new ImgmgrError('CONFIG', `the certificate ${cert} with the key ${key} ${reason}`, {
      cause,
      hint: 'name PEM files that fit each other: --tls-cert with the whole chain, --tls-key',
    });
  }
}

function followFiles(server: SecureServer, files: TlsFiles, log: (text: string) => void): () => void {
  const look = (): string =>
    [files.cert, files.key].map((path) => String(statSync(path, {throwIfNoEntry: false})?.mtimeMs)).join(' ');
  let seen = look();
  const timer = setInterval(() => {
    const now = look();
    if (now === seen) return;
    seen = now;
    try {
      server.setSecureContext(readTls(files));
      log('the certificate was read again');
    } catch (error) {
      log(`the old certificate stays: ${error instanceof Error ? error.message : String(error)}`);
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
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

async function begin(server: Server | SecureServer, {host, port}: ListenChoice): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({host, port}, () => resolve());
    });
  } catch (cause) {
    const code = codeOf(cause);
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'is taken by another process',
      EACCES: 'may not be used by this user',
      EADDRNOTAVAIL: 'is no address of this host',
      ENOTFOUND: 'is a name that nobody knows',
    };
    throw new ImgmgrError('USAGE', `--bind ${host}:${port} ${reasons[code] ?? `cannot be used (${code})`}`, {
      cause,
      hint: 'name another address or port: --bind HOST:PORT',
    });
  }
}
