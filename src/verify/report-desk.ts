import type {Server as HttpServer} from 'node:http';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {createServer as createTlsServer, type Server as TlsServer, type TLSSocket} from 'node:tls';
import {Server as GrpcServer, ServerCredentials} from '@grpc/grpc-js';
import type {OpenReportDesk, ReportDesk} from '../ports/report-desk.ts';
import {ImgmgrError} from '../errors.ts';
import type {Secrets} from '../secrets/registry.ts';
import {type AgentFile, findAgents} from './agents.ts';
import {makeIdentity} from '../host/certificate.ts';
import {onGreeting} from './client-hello.ts';
import {type ConnectionLimits, Connections} from './connections.ts';
import {credentialCheck} from './credential.ts';
import {agentServer} from './download.ts';
import {MESSAGE_LIMIT, RAW_SERVICE} from './protocol.ts';
import {verificationService} from './service.ts';
import {downloadKey, type OpenTicket, TicketBook} from './ticket.ts';

/** What desks have in common. */
export interface DeskOptions {
  /** Folder with the files `imgmgr-agent-MACHINE`. */
  readonly agentFolder: string;
  /** Told of each refusal that belongs to no ticket; no secret is in it. */
  readonly onRefused?: (reason: string) => void;
  /** Told of each report and call that is refused though its token is right; no secret is in it. */
  readonly onReportRefused?: (reason: string) => void;
  readonly limits?: Partial<DeskLimits>;
  /** Gets to know the tokens of guests. */
  readonly secrets?: Pick<Secrets, 'add'>;
}

/** How patient a desk is. */
export interface DeskLimits extends ConnectionLimits {
  /** How long a report waits for its server to be known, ms. */
  readonly serverPatienceMs: number;
}

type Address = Omit<Parameters<OpenReportDesk>[0], 'names'>;

const SERVER_NAME = 'imgmgr.invalid';
const LIMITS: DeskLimits = {
  silent: 256,
  strangers: 64,
  perTicket: 8,
  unauthenticatedMs: 20_000,
  handshakesPerSecond: 200,
  serverPatienceMs: 15_000,
};

const GRPC_OPTIONS = {
  // Somewhat more than is taken, so that what is too large can be reported.
  'grpc.max_receive_message_length': 2 * MESSAGE_LIMIT,
  'grpc.max_send_message_length': 4096,
  'grpc.max_concurrent_streams': 4,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc-node.max_session_memory': 4,
  'grpc.enable_channelz': 0,
};

/** A way to open desks. */
export function createReportDeskOpener(options: DeskOptions): OpenReportDesk {
  return async ({names, ...address}) => {
    const agents = await findAgents(options.agentFolder);
    const identity = makeIdentity([SERVER_NAME, ...new Set(names)]);
    const desk = new SocketDesk({agents, options, identity});
    await desk.listen(address);
    return desk;
  };
}

class SocketDesk implements ReportDesk {
  readonly certificate: string;
  readonly serverName = SERVER_NAME;
  readonly agents: Readonly<Record<string, string>>;
  readonly #tickets: TicketBook;
  readonly #secrets: DeskOptions['secrets'];
  readonly #connections: Connections;
  readonly #grpc: GrpcServer;
  readonly #http: HttpServer;
  readonly #tls: TlsServer;
  readonly #listener: Server;
  #port = 0;
  #closed: Promise<void> | undefined;

  constructor({
    agents,
    options,
    identity,
  }: {
    readonly agents: ReadonlyMap<string, AgentFile>;
    readonly options: DeskOptions;
    readonly identity: {readonly certificate: string; readonly key: string};
  }) {
    const limits = {...LIMITS, ...options.limits};
    const onRefused = options.onRefused ?? (() => undefined);
    const onAuthenticated = (peer: string, ticket: OpenTicket) => this.#connections.authenticate(peer, ticket);
    this.#tickets = new TicketBook(options.onReportRefused);
    this.#connections = new Connections(limits);
    this.#secrets = options.secrets;
    this.certificate = identity.certificate;
    this.agents = Object.fromEntries([...agents].map(([machine, {sha256}]) => [machine, sha256]));
    const parts = {
      agents,
      tickets: this.#tickets,
      onRefused,
      onAuthenticated,
      serverPatienceMs: limits.serverPatienceMs,
    };
    this.#grpc = new GrpcServer({...GRPC_OPTIONS, interceptors: [credentialCheck(parts)]});
    this.#grpc.addService(RAW_SERVICE, verificationService(parts));
    this.#http = agentServer(parts);
    this.#tls = createTlsServer({
      cert: identity.certificate,
      key: identity.key,
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: Math.min(10_000, limits.unauthenticatedMs),
    });
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = createServer({noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000}, (socket) =>
      this.#accept(socket),
    );
    this.#tls.on('tlsClientError', (error) => onRefused(`no TLS handshake (${codeOf(error)})`));
    this.#tls.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', () => undefined);
      if (socket.alpnProtocol === 'h2') injector.injectConnection(socket);
      else this.#http.emit('connection', socket);
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Takes the first free port. CONFIG when the address is not ours or its only port taken, LOCKED when all of a range are. */
  async listen(address: Address): Promise<void> {
    const {port: first, lastPort = first} = address;
    for (let port = first; ; port++) {
      const cause = await this.#tryPort(address.bind, port);
      if (cause === undefined) break;
      if (codeOf(cause) !== 'EADDRINUSE' || port === lastPort) throw notBound(address, cause);
    }
    // Accepting may fail later on (no file descriptor left), which is no reason to die.
    this.#listener.on('error', () => undefined);
    this.#port = (this.#listener.address() as AddressInfo).port;
  }

  /** Undefined when it listens there; else why not. */
  #tryPort(host: string, port: number): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.#listener.once('error', resolve);
      this.#listener.listen({host, port}, () => {
        this.#listener.off('error', resolve);
        resolve(undefined);
      });
    });
  }

  /** TLS costs more than a file descriptor: it begins with a greeting. */
  #accept(socket: Socket): void {
    this.#connections.add(socket);
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    onGreeting(socket, (serverName) => {
      const begin = (): void => void this.#tls.emit('connection', socket);
      this.#connections.greeted(peer, this.#tickets.byServerName(serverName), begin);
    });
  }

  now(): number {
    return Date.now();
  }

  issue(run: string) {
    const ticket = this.#tickets.issue(run);
    this.#secrets?.add(ticket.token);
    this.#secrets?.add(downloadKey(ticket.token));
    return ticket;
  }

  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      this.#tickets.close();
      this.#listener.close(() => resolve());
      this.#grpc.forceShutdown();
      this.#connections.destroyAll();
    });
    return this.#closed;
  }
}

function notBound({bind, port, lastPort}: Address, cause: Error): ImgmgrError {
  const range = lastPort === undefined ? '' : `-${lastPort}`;
  const address = `${bind.includes(':') ? `[${bind}]` : bind}:${port}${range}`;
  const code = codeOf(cause);
  if (code === 'EADDRINUSE' && lastPort !== undefined)
    return new ImgmgrError(
      'LOCKED',
      `cannot listen on ${address} for reports: other programs listen on all ports of the range`,
      {hint: 'run again when another run has ended, or name a larger range with --listen', cause},
    );
  const [why, hint] =
    code === 'EADDRINUSE'
      ? ['another program listens there', 'choose another port with --listen, or 0 for any free one']
      : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EINVAL'
        ? ['it is no address of this host', 'name one with --listen, and the one that guests call with --advertise']
        : code === 'EACCES'
          ? ['ports below 1024 are for root', 'choose another port with --listen']
          : [code, 'choose another address with --listen'];
  return new ImgmgrError('CONFIG', `cannot listen on ${address} for reports: ${why}`, {hint, cause});
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}

/** How many refusals are reported one by one. */
const FIRST = 3;

/**
 * Passes on what was refused at the listener: the first three, then the 10th, the 100th and so on with their number, so that a flood from
 * the network fills no log.
 */
export function countedRefusals(report: (message: string) => void): (reason: string) => void {
  let count = 0;
  let next = 10;
  return (reason) => {
    count += 1;
    if (count <= FIRST) report(`the listener refused ${reason}`);
    if (count !== next) return;
    next *= 10;
    report(`the listener has refused ${count} calls in this run, the latest: ${reason}`);
  };
}
