import {createReadStream} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import type {AgentFile} from './agents.ts';
import type {OpenTicket, TicketBook} from './ticket.ts';

/** What the download works with. */
export interface DownloadParts {
  readonly agents: ReadonlyMap<string, AgentFile>;
  readonly tickets: TicketBook;
  readonly onRefused: (reason: string) => void;
  readonly onAuthenticated: (peer: string, ticket: OpenTicket) => void;
}

/** A download that stands still for so long is given up, ms. */
const STALL_MS = 30_000;
const HEADER_BYTES = 4096;

/**
 * `GET /agent/MACHINE` with `Authorization: Bearer KEY` (see `downloadKey`), one request for each connection: 401 before anything else,
 * then 405 and 404. It never listens: connections are handed to it by `emit('connection', socket)`.
 */
export function agentServer(parts: DownloadParts): Server {
  const server = createServer({maxHeaderSize: HEADER_BYTES, keepAlive: false}, (request, response) => {
    handle(request, response, parts).catch(() => request.destroy());
  });
  server.maxRequestsPerSocket = 1;
  server.on('clientError', (_error, socket) => {
    parts.onRefused('a request that is no HTTP');
    socket.destroy();
  });
  return server;
}

async function handle(request: IncomingMessage, response: ServerResponse, parts: DownloadParts): Promise<void> {
  const {socket} = request;
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  const refuse = (code: number, headers: Record<string, string> = {}) => {
    parts.onRefused(`a request from ${peer} that was answered with ${code}`);
    response.writeHead(code, {'Content-Length': 0, Connection: 'close', ...headers}).end();
  };
  const key = /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1];
  const ticket = parts.tickets.byDownloadKey(key ?? '');
  if (!ticket) {
    refuse(401, {'WWW-Authenticate': 'Bearer'});
    return;
  }
  if (request.method !== 'GET') {
    refuse(405, {Allow: 'GET'});
    return;
  }
  const agent = parts.agents.get(/^\/agent\/([a-z0-9_]+)$/.exec(request.url ?? '')?.[1] ?? '');
  if (!agent) {
    refuse(404);
    return;
  }
  parts.onAuthenticated(peer, ticket);
  socket.setTimeout(STALL_MS, () => socket.destroy());
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': agent.size,
    Connection: 'close',
  });
  const file = createReadStream(agent.path);
  const passage = pipeline(file, response);
  // Counted, since a client that has all its bytes may hang up before either stream has come to its end.
  let bytes = 0;
  file.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes === agent.size) ticket.agentFetched = true;
  });
  await passage;
}
