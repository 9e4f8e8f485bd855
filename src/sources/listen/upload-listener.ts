import {createHash, randomBytes, timingSafeEqual, X509Certificate} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer} from 'node:https';
import type {Server} from 'node:https';
import type {Socket} from 'node:net';
import {networkInterfaces} from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeIdentity} from '../../host/certificate.ts';
import {listenOn} from '../../host/listen.ts';
import type {ErrorCode} from '../../errors.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Upload, UploadListener, UploadRequest} from '../../ports/upload-listener.ts';
import {uploadBody} from './upload-body.ts';

/** Who holds more than this many connections that have shown no right address loses the oldest of them. */
const MOST_UNIDENTIFIED = 256;
const HANDSHAKE_MS = 10_000;
const SECRET_BYTES = 32;
/** A sender that takes its answer slower than this gets none. */
const ANSWER_MS = 5000;

/** Listens for one upload over TLS, with a certificate of its own and a secret address. */
export async function openUploadListener(request: UploadRequest): Promise<UploadListener> {
  const secret = `/${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const host = request.advertise?.host ?? reachable(request.bind);
  const identity = makeIdentity([host]);
  const listener = new Listener(secret, request.maxBytes, identity);
  const port = await listenOn(listener.server, {host: request.bind, port: request.port, flag: '--listen'});
  const place = `${host.includes(':') ? `[${host}]` : host}:${request.advertise?.port ?? port}`;
  const key = new X509Certificate(identity.certificate).publicKey.export({type: 'spki', format: 'der'});
  const pin = createHash('sha256').update(key).digest('base64');
  return {
    command: `curl -k --pinnedpubkey 'sha256//${pin}' -T FILE 'https://${place}${secret}'`,
    secrets: [secret.slice(1)],
    place,
    upload: listener.upload,
    close: () => listener.close(),
  };
}

class Listener {
  readonly server: Server;
  readonly upload: Promise<Upload>;
  readonly #secretHash: Buffer;
  readonly #maxBytes: number;
  readonly #begun = Promise.withResolvers<Upload>();
  /** By `ADDRESS:PORT`, oldest first. */
  readonly #unidentified = new Map<string, Socket>();
  readonly #sockets = new Set<Socket>();
  #state: 'waiting' | 'busy' | 'over' = 'waiting';
  /** Until the sender has the answer. */
  #answered: Promise<unknown> = Promise.resolve();

  constructor(
    secret: string,
    maxBytes: number,
    {certificate, key}: {readonly certificate: string; readonly key: string},
  ) {
    this.#secretHash = hashOf(secret);
    this.#maxBytes = maxBytes;
    this.upload = this.#begun.promise;
    this.server = createServer({
      ...{cert: certificate, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS},
      // The body may take hours; the slowest rate that is taken ends one that stands still.
      ...{headersTimeout: HANDSHAKE_MS, requestTimeout: 0, keepAliveTimeout: 1000, maxHeaderSize: 8192},
      connectionsCheckingInterval: 2000,
    });
    this.server.on('connection', (socket: Socket) => this.#accept(socket));
    this.server.on('tlsClientError', () => undefined);
    this.server.on('clientError', (_, socket) => socket.destroy());
    this.server.on('request', (asked, response) => this.#take(asked, response));
    this.server.on('checkContinue', (asked, response) => this.#take(asked, response));
  }

  async close(): Promise<void> {
    this.#state = 'over';
    await Promise.race([this.#answered, sleep(ANSWER_MS, undefined, {ref: false})]);
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** No flood keeps an honest sender out for longer than its own handshake takes. */
  #accept(socket: Socket): void {
    const peer = peerOf(socket);
    this.#sockets.add(socket);
    this.#unidentified.set(peer, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#unidentified.get(peer) === socket) this.#unidentified.delete(peer);
    });
    if (this.#unidentified.size <= MOST_UNIDENTIFIED) return;
    const [[oldest, gone] = []] = this.#unidentified;
    if (oldest === undefined) return;
    this.#unidentified.delete(oldest);
    gone?.destroy();
  }

  #take(asked: IncomingMessage, response: ServerResponse): void {
    asked.on('error', () => undefined);
    const refusal = this.#refusalOf(asked);
    if (refusal) {
      refuse(response, ...refusal);
      return;
    }
    this.#state = 'busy';
    this.#unidentified.delete(peerOf(asked.socket));
    if (asked.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
    this.#begun.resolve(this.#uploadOf(asked, response));
  }

  /** Status and sentence; undefined where it is taken. */
  #refusalOf({url, method, headers}: IncomingMessage): readonly [status: number, text: string] | undefined {
    // Hashes of one length, compared in constant time.
    if (!timingSafeEqual(hashOf(url ?? ''), this.#secretHash)) return [404, ''];
    if (method !== 'PUT' && method !== 'POST') return [405, 'send the file with PUT'];
    if (this.#state === 'busy') return [409, 'another upload is under way'];
    if (this.#state === 'over') return [410, 'the one upload is over'];
    const length = headers['content-length'];
    if (length === '0') return [400, 'the file is empty'];
    return Number(length ?? 0) > this.#maxBytes ? [413, `at most ${this.#maxBytes} bytes are taken`] : undefined;
  }

  #uploadOf(asked: IncomingMessage, response: ServerResponse): Upload {
    let received = 0;
    const bytes = uploadBody(asked, (count) => (received += count));
    return {
      bytes,
      peer: asked.socket.remoteAddress ?? '',
      received: () => received,
      answer: ({taken, text}) => {
        if (this.#state === 'over') return;
        this.#state = 'over';
        this.#answered = new Promise((resolve) => response.once('close', resolve));
        // A sender that still sends would not read the answer.
        asked.resume();
        if (taken) end(response, 201, text);
        else refuse(response, 422, text);
      },
    };
  }
}

/** Without reading what is still on its way. */
function refuse(response: ServerResponse, status: number, text: string): void {
  response.setHeader('Connection', 'close');
  end(response, status, text);
}

function end(response: ServerResponse, status: number, text: string): void {
  const body = text === '' ? '' : `${text.replaceAll(/[^\x20-\x7e]/g, '?')}\n`;
  response.writeHead(status, {'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body)}).end(body);
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function peerOf({remoteAddress, remotePort}: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

/** An address of this host that others may reach, where it listens on all. */
function reachable(bind: string): string {
  if (bind !== '0.0.0.0' && bind !== '::') return bind;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({internal, family}) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}

/** Errors that are about the bytes, and say nothing about the receiver. */
const ABOUT_THE_BYTES: ReadonlySet<ErrorCode> = new Set([
  'DIGEST_MISMATCH',
  'FORMAT_REFUSED',
  'SOURCE_REFUSED',
  'SOURCE_UNAVAILABLE',
]);

/** What the sender is told when all of it was read and judged, or it ended before. */
export function verdictOf(error: unknown, received: number): Parameters<Upload['answer']>[0] {
  if (error === undefined) return {taken: true, text: `taken: ${received} bytes were read and are imported`};
  if (error instanceof ImgmgrError && ABOUT_THE_BYTES.has(error.code))
    return {taken: false, text: `refused: ${error.message}`};
  return {taken: false, text: 'refused: the receiver could not read it to its end'};
}
