import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import type {FakeClock} from './clock.ts';
import {ConnectionLost, Refusal, computeError, htmlError, identityError, networkError, reasonOf} from './exchange.ts';
import type {FakeRequest, Reply, Service} from './exchange.ts';
import type {Misbehaviours, Misdeed, MisbehaviourName} from './misbehaviour.ts';
import {bodyText, parse} from './incoming.ts';
import type {LoggedRequest} from './incoming.ts';
import type {WriteGate, WriteRequest} from './write-gate.ts';

export interface FrontOptions {
  readonly clock: FakeClock;
  readonly log: LoggedRequest[];
  readonly misbehaviours: Misbehaviours;
  readonly gate: WriteGate;
  /** False: no `Date` header, as under uWSGI. */
  readonly dateHeader: boolean;
  readonly route: (request: FakeRequest) => Promise<Reply>;
  readonly revokeToken: (token: string) => void;
}

/**
 * What stands before the services: takes requests apart, logs them, lets misbehaviours and write hooks have their way, and
 * turns replies and refusals into HTTP.
 */
export function createFront(
  options: FrontOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, response) => {
    const parsed = parse(incoming, options.log.length + 1);
    if (parsed === undefined) {
      await send(options, response, htmlError(404, 'no such service'));
      return;
    }
    const {request, entry} = parsed;
    options.log.push(entry);
    const write = isWrite(request) ? options.gate.next(request) : undefined;
    if (write !== undefined) {
      entry.write = write.number;
      if ((await options.gate.arrived(write)) === 'drop' || incoming.socket.destroyed) {
        incoming.socket.destroy();
        return;
      }
    }
    const reply = await answer(options, request, incoming);
    if (reply === 'nothing') return;
    await finish({options, write, reply, entry, response, request: incoming, text: await bodyText(request)});
  };
}

/** Misdeeds that stand in for the service's own answer. */
const INSTEAD = {
  glance500: 500,
  glance502: 502,
  glance503: 503,
  keystoneDown: 503,
  conflict409: 409,
  quota413: 413,
  unsupported415: 415,
  forbiddenImport: 403,
  forbiddenPublish: 403,
  forbiddenDelete: 403,
  deleteInUse409: 409,
  patchRefused: 403,
  noUsageApi: 404,
} as const satisfies Partial<Record<MisbehaviourName, number>>;

const BEFORE: readonly MisbehaviourName[] = [
  'connectionReset',
  'tokenRevoked',
  'rateLimited429',
  ...(Object.keys(INSTEAD) as (keyof typeof INSTEAD)[]),
];

async function answer(
  options: FrontOptions,
  request: FakeRequest,
  incoming: IncomingMessage,
): Promise<Reply | 'nothing'> {
  const text = await bodyText(request);
  if (options.misbehaviours.take(request, ['neverAnswers'], text)) return 'nothing';
  const slow = options.misbehaviours.take(request, ['slowAnswers'], text);
  if (slow !== undefined) await sleep(slow.options.delayMs ?? 200);
  const misdeed = options.misbehaviours.take(request, BEFORE, text);
  if (misdeed?.name === 'connectionReset') {
    incoming.socket.resetAndDestroy();
    return 'nothing';
  }
  try {
    if (misdeed !== undefined) throw misdeedRefusal(options, request, misdeed);
    return await options.route(request);
  } catch (error) {
    if (error instanceof ConnectionLost) return 'nothing';
    if (error instanceof Refusal) return errorReply(request.service, error);
    throw error;
  }
}

function misdeedRefusal(options: FrontOptions, request: FakeRequest, {name, options: how}: Misdeed): Refusal {
  if (name === 'tokenRevoked') {
    options.revokeToken(String(request.headers['x-auth-token']));
    return new Refusal(
      401,
      'This server could not verify that you are authorized to access the document you requested.',
    );
  }
  if (name === 'rateLimited429') return new Refusal(429, 'Too many requests', {'Retry-After': how.retryAfter ?? '0'});
  const status = how.status ?? (INSTEAD as Partial<Record<MisbehaviourName, number>>)[name] ?? 500;
  return new Refusal(status, how.message ?? `${reasonOf(status)} (${name})`);
}

interface Ending {
  readonly options: FrontOptions;
  readonly write: WriteRequest | undefined;
  readonly reply: Reply;
  readonly entry: LoggedRequest;
  readonly response: ServerResponse;
  readonly request: IncomingMessage;
  readonly text: string;
}

async function finish(ending: Ending): Promise<void> {
  const {options, write, entry, response, request} = ending;
  const verdict = write === undefined ? 'answer' : await options.gate.processed(write);
  if (verdict === 'silence') return;
  if (verdict === 'cut') {
    request.socket.destroy();
    return;
  }
  const subject = {
    ...entry,
    query: new URLSearchParams(),
    json: () => Promise.resolve(undefined),
    body: request,
  } as const;
  const after = options.misbehaviours.take(
    subject,
    ['halfAnswer', 'htmlInsteadOfJson', 'doneButAnswers504'],
    ending.text,
  );
  const reply = spoiled(ending.reply, after);
  entry.status = reply.status;
  const sent = send(
    options,
    response,
    {...reply, headers: {'x-openstack-request-id': entry.requestId, ...reply.headers}},
    after?.name === 'halfAnswer',
  );
  // Bytes of a refused upload may still be on their way: without reading them the client would never see the answer.
  request.resume();
  await sent;
  if (write !== undefined) await options.gate.answered(write);
}

function spoiled(reply: Reply, misdeed: Misdeed | undefined): Reply {
  if (misdeed?.name === 'htmlInsteadOfJson')
    return {status: 200, text: '<html><body>Please log in</body></html>', contentType: 'text/html'};
  if (misdeed?.name === 'doneButAnswers504') return htmlError(504, 'The server did not respond in time.');
  return reply;
}

async function send(options: FrontOptions, response: ServerResponse, reply: Reply, cutInHalf = false): Promise<void> {
  const text = reply.text ?? (reply.json === undefined ? undefined : JSON.stringify(reply.json));
  const body = reply.chunks === undefined ? Buffer.from(text ?? '') : Buffer.concat(reply.chunks);
  response.statusCode = reply.status;
  response.sendDate = false;
  if (options.dateHeader) response.setHeader('Date', options.clock.now().toUTCString());
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.status !== 204) response.setHeader('Content-Length', body.length);
  if (body.length > 0) response.setHeader('Content-Type', reply.contentType ?? 'application/json');
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.once('finish', resolve);
    if (!cutInHalf) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
      response.destroy();
    });
  });
}

function errorReply(service: Service, refusal: Refusal): Reply {
  const form = {
    identity: identityError,
    image: htmlError,
    compute: computeError,
    network: networkError,
    volume: computeError,
  }[service];
  return form(refusal.status, refusal.message, refusal.headers);
}

function isWrite(request: FakeRequest): boolean {
  return request.service !== 'identity' && ['POST', 'PUT', 'PATCH', 'DELETE'].includes(request.method);
}
