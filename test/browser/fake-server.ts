import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import type {RouteId} from '../../src/server/contract/routes.ts';
import {ROUTES} from '../../src/server/contract/routes.ts';
import type {LogAnswer, RunAnswer, RunRow} from '../../src/server/contract/runs.ts';
import {setCommonHeaders} from '../../src/server/web/answer.ts';
import {Pages} from '../../src/server/web/pages.ts';
import type {SeenEvent} from '../../src/server/pages/run-event.ts';
import {PLAN, NOW, RUN, definitions, image, images, plan, run, runRow, session} from './world.ts';

const PAGES = new Pages(join(import.meta.dirname, '..', '..', 'dist', 'pages'));

/** A body that was posted, and where. */
export interface Posted {
  readonly path: string;
  readonly body: unknown;
}

/** What the pages are answered. A test changes it as it likes; answers are checked against the contract. */
export interface World {
  session: typeof session;
  images: ReturnType<typeof images>;
  image: ReturnType<typeof image>;
  run: RunAnswer;
  runs: readonly RunRow[];
  plan: ReturnType<typeof plan>;
  definitions: ReturnType<typeof definitions>;
  /** Lines of the log of the run; all logs have the same. */
  log: string[];
  events: SeenEvent[];
  /** How the run ended; its `end` is sent then. */
  ended: RunRow | undefined;
  loggedIn: boolean;
  /** Answers with this status instead, by the id of the call. */
  readonly refuse: Map<RouteId, number>;
}

export interface FakeServer {
  readonly url: string;
  readonly world: World;
  readonly posted: readonly Posted[];
  /** The ids that watchers said they had seen last. */
  readonly resumed: readonly string[];
  /** The ids of calls that were refused. */
  readonly refused: readonly RouteId[];
  /** Breaks the connections of all watchers. */
  readonly dropWatchers: () => void;
  /** The world as it was, and nothing posted. */
  readonly reset: () => void;
  readonly close: () => Promise<void>;
}

/** A server that speaks the contract with a world of its own, on a port of this host. */
export async function startFakeServer(): Promise<FakeServer> {
  const world = newWorld();
  const posted: Posted[] = [];
  const resumed: string[] = [];
  const refused: RouteId[] = [];
  const watchers = new Set<ServerResponse>();
  const beganMs = Date.now();
  const server = createServer((request, response) => {
    response.setHeader('date', new Date(Date.parse(NOW) + Date.now() - beganMs).toUTCString());
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500, {'content-type': 'application/json'});
      response.end(JSON.stringify({error: {code: 'INTERNAL', message: String(error)}}));
    });
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (!url.pathname.startsWith('/v1/')) {
      setCommonHeaders(response, {isSecure: false});
      if (!PAGES.send(request, response, url.pathname)) json(response, 404, {});
      return;
    }
    const route = ROUTES.find((one) => one.method === request.method && patternOf(one.path).test(url.pathname));
    const body = request.method === 'POST' ? await bodyOf(request) : undefined;
    if (body !== undefined) posted.push({path: url.pathname, body});
    const status = route && world.refuse.get(route.id);
    if (!route || status !== undefined) {
      if (route) refused.push(route.id);
      json(response, status ?? 404, {error: {code: 'NOT_FOUND', message: `there is no ${url.pathname}`, run: RUN}});
      return;
    }
    if (!world.loggedIn && route.id !== 'login') {
      json(response, 401, {error: {code: 'AUTH', message: 'no login'}});
      return;
    }
    if (route.id === 'events') {
      resumed.push(String(request.headers['last-event-id'] ?? ''));
      await watch(Number(request.headers['last-event-id'] ?? 0), response);
      return;
    }
    if (route.id === 'login') world.loggedIn = true;
    json(response, route.answer.status, route.answer.schema.parse(answerOf(route.id, url, world)));
  };

  const watch = async (behind: number, response: ServerResponse): Promise<void> => {
    response.writeHead(200, {'content-type': 'text/event-stream', 'cache-control': 'no-store'});
    response.write(': ping\n\n');
    watchers.add(response);
    let last = behind;
    while (!response.closed && !response.destroyed) {
      for (const event of world.events.filter(({seq}) => seq > last)) {
        response.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
        last = event.seq;
      }
      if (world.ended) {
        response.end(`event: end\ndata: ${JSON.stringify(world.ended)}\n\n`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    watchers.delete(response);
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{world, posted, resumed, refused},
    dropWatchers: () => {
      for (const response of watchers) response.destroy();
    },
    reset: () => {
      Object.assign(world, newWorld());
      posted.length = resumed.length = refused.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function newWorld(): World {
  return {
    ...{session, images: images(), image: image(), run: run(), plan: plan(), definitions: definitions()},
    ...{
      runs: [
        runRow(),
        runRow({id: PLAN, state: 'FAILED', exitCode: 5, reason: 'VERIFICATION: no-network', verb: 'build', clouds: []}),
      ],
    },
    ...{log: ['first line'], events: [], ended: undefined, loggedIn: true, refuse: new Map<RouteId, number>()},
  };
}

function answerOf(id: RouteId, url: URL, world: World): unknown {
  switch (id) {
    case 'session':
    case 'login':
      return world.session;
    case 'logout':
      world.loggedIn = false;
      return {ok: true};
    case 'images':
      return world.images;
    case 'image':
      return world.image;
    case 'definitions':
      return world.definitions;
    case 'runs':
      return {asOf: NOW, runs: world.runs, more: true, command: 'imgmgr history', offers: world.run.offers};
    case 'run':
      return {...world.run, run: world.ended ?? world.run.run};
    case 'log':
      return logFrom(Number(url.searchParams.get('offset')), world);
    case 'start':
    case 'deleteBuilds':
      return {id: RUN, run: world.run.run, command: world.run.run.command};
    case 'cancel':
      return {id: RUN, signals: 1};
    case 'plans':
      return {asOf: NOW, plans: [world.plan.plan]};
    case 'makePlan':
    case 'plan':
      return world.plan;
    case 'events':
    case 'health':
    case 'metrics':
    case 'openapi':
      throw new Error(`the fake does not know ${id}`);
  }
}

/** Offsets count lines here; a page takes them as they come. */
function logFrom(offset: number, {log, ended}: World): LogAnswer {
  const lines = log.slice(offset, offset + 2000);
  const next = offset + lines.length;
  return {id: RUN, log: 'output', lines, next, over: ended !== undefined && next === log.length};
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, {'content-type': 'application/json'});
  response.end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString() || '{}') as unknown;
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
}
