import {createHash} from 'node:crypto';
import {type sendUnaryData, type ServerUnaryCall, status, type UntypedServiceImplementation} from '@grpc/grpc-js';
import {checkReport, clean} from './check-report.ts';
import {
  type CallerIdentity,
  decodeHello,
  decodeReport,
  MESSAGE_LIMIT,
  type HelloRequest,
  type ReportRequest,
} from './protocol.ts';
import type {OpenTicket, TicketBook} from './ticket.ts';

/** What the service works with. */
export interface ServiceParts {
  readonly tickets: TicketBook;
  /** A refusal that belongs to no ticket. */
  readonly onRefused: (reason: string) => void;
  /** A right token came from this `ADDRESS:PORT`. */
  readonly onAuthenticated: (peer: string, ticket: OpenTicket) => void;
  /** How long a report waits for {@link OpenTicket.expectServer}, ms. */
  readonly serverPatienceMs: number;
}

/** A call that is answered with an error; the text is all that the caller learns. */
class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

type Call = ServerUnaryCall<Buffer, object>;

/** Handlers for the service of verify.proto, for {@link RAW_SERVICE}. */
export function verificationService(parts: ServiceParts): UntypedServiceImplementation {
  const {tickets, onRefused, onAuthenticated, serverPatienceMs} = parts;

  async function hello(call: Call): Promise<object> {
    const request = decode(call, decodeHello);
    const ticket = authenticate(call, request.identity);
    // A guest whose network only just came up may not know who it is.
    const named = request.identity?.server.toLowerCase() ?? '';
    const expected = await within(ticket.server, 0);
    if (named !== '' && expected !== undefined && named !== expected) throw stranger(ticket, named);
    ticket.greet();
    return {now_unix_ms: Date.now()};
  }

  async function report(call: Call): Promise<object> {
    const request = decode(call, decodeReport);
    const ticket = authenticate(call, request.identity);
    const checked = checkReport(request);
    if (typeof checked === 'string') {
      ticket.refuse(`a malformed report: ${checked}`);
      throw new Refusal(status.INVALID_ARGUMENT, checked);
    }
    const expected = await within(ticket.server, serverPatienceMs);
    if (expected === undefined) throw new Refusal(status.UNAVAILABLE, 'the server is not known yet');
    const named = checked.server.toLowerCase();
    if (named !== expected) throw stranger(ticket, named);
    // The ticket may have been withdrawn during the wait.
    if (tickets.byToken(ticket.token) !== ticket) throw unknown();
    const digest = digestOf(request);
    if (ticket.accepted === undefined) ticket.accept({...checked, server: expected}, digest);
    if (ticket.accepted !== digest) {
      ticket.refuse('a second report that differs from the accepted one');
      throw new Refusal(status.ALREADY_EXISTS, 'another report was accepted before');
    }
    return {accepted: true};
  }

  function decode<T extends HelloRequest | ReportRequest>(call: Call, decoder: (bytes: Buffer) => T): T {
    if (call.request.length > MESSAGE_LIMIT) {
      onRefused(`a message of ${call.request.length} bytes from ${call.getPeer()}`);
      throw new Refusal(status.RESOURCE_EXHAUSTED, `the message is larger than ${MESSAGE_LIMIT} bytes`);
    }
    try {
      return decoder(call.request);
    } catch {
      onRefused(`a message from ${call.getPeer()} that cannot be decoded`);
      throw new Refusal(status.INVALID_ARGUMENT, 'the message cannot be decoded');
    }
  }

  function authenticate(call: Call, identity: CallerIdentity | null): OpenTicket {
    const ticket = tickets.byToken(identity?.token ?? '');
    if (!ticket) {
      onRefused(`a wrong token from ${call.getPeer()}`);
      throw unknown();
    }
    onAuthenticated(call.getPeer(), ticket);
    if (identity?.run !== ticket.run) {
      ticket.refuse(`a call for the run ${short(identity?.run ?? '')} with the token of ${ticket.run}`);
      throw unknown();
    }
    return ticket;
  }

  return {Hello: answer(hello), Report: answer(report)};
}

function answer(handle: (call: Call) => Promise<object>) {
  return (call: Call, callback: sendUnaryData<object>): void => {
    handle(call).then(
      (reply) => callback(null, reply),
      (error: unknown) =>
        callback(
          error instanceof Refusal
            ? {code: error.code, details: error.message}
            : {code: status.INTERNAL, details: 'internal error'},
        ),
    );
  };
}

function unknown(): Refusal {
  return new Refusal(status.UNAUTHENTICATED, 'not expected here');
}

function stranger(ticket: OpenTicket, named: string): Refusal {
  ticket.refuse(named === '' ? 'a report that names no server' : `a call for the server ${short(named)}`);
  return unknown();
}

function short(text: string): string {
  return JSON.stringify(clean(text.slice(0, 64)));
}

/** The promise's value if it comes within that time; with 0, if it is there already. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
    timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same for the same fields, however the map of facts was put in order on the wire. */
function digestOf(request: ReportRequest): string {
  const facts = Object.entries(request.facts).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify({...request, facts}))
    .digest('hex');
}
