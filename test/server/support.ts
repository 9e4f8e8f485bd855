import type {ChildProcess} from 'node:child_process';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile, readdir} from 'node:fs/promises';
import {request} from 'node:http';
import {join} from 'node:path';
import {expect} from 'vitest';
import type {z} from 'zod';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import type {RunAnswer, StartedAnswer} from '../../src/server/contract/runs.ts';
import {ROUTES} from '../../src/server/contract/routes.ts';
import type {Table} from '../cli/table.ts';
import {openTable} from '../cli/table.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'bin', 'imgmgr.js');

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Of JSON; an empty object for anything else. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** What is sent besides method and path. */
export interface Sent {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it stands, instead of a body. */
  readonly raw?: string;
}

/** A server of imgmgr, the very program that is installed, on a fake cloud. */
export interface Served {
  readonly table: Table;
  readonly port: number;
  /** 0: it is not called by gRPC. */
  readonly grpcPort: number;
  readonly origin: string;
  readonly pid: number;
  readonly folder: string;
  /** What it logged so far. */
  readonly log: () => string;
  readonly ended: Promise<number | null>;
  call(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Calls as an operator. */
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  /** Runs another command with the same environment; its exit code and outputs. */
  imgmgr(...argv: readonly string[]): Promise<{readonly code: number; readonly out: string; readonly err: string}>;
  /** The same with other variables. */
  imgmgrWith(
    more: Readonly<Record<string, string>>,
    ...argv: readonly string[]
  ): Promise<{readonly code: number; readonly out: string; readonly err: string}>;
  /** A token of that role. */
  readonly tokens: Readonly<Record<'metrics' | 'viewer' | 'operator' | 'limited', string>>;
  /** Starts a run, and waits until its process is seen. */
  start(body: unknown): Promise<string>;
  run(id: string): Promise<RunAnswer>;
  /** The run when it is over. */
  over(id: string): Promise<RunAnswer>;
  kill(signal: NodeJS.Signals): void;
  /** Another server on the same state, as after an end of the first. */
  again(...flags: readonly string[]): Promise<Served>;
  close(): Promise<void>;
}

/** What a server is started with. */
export interface ServeOptions {
  readonly flags?: readonly string[];
  readonly clouds?: readonly string[];
  readonly cloud?: FakeCloudOptions;
  readonly env?: Readonly<Record<string, string>>;
  /** The definitions; default: X without versions. */
  readonly images?: (table: Table) => string;
}

const WRITE = ['--allow-write'];

/** Starts a fake cloud and a server for it. */
export async function startServer(options: ServeOptions = {}): Promise<Served> {
  const table = await openTable(options.cloud);
  await table.write(options.images?.(table) ?? table.x([]));
  const served = await serveOn(table, options);
  try {
    return withTokens(served, await tokensOf(served), options);
  } catch (error) {
    await served.close();
    throw error;
  }
}

async function tokensOf(served: Bare): Promise<Served['tokens']> {
  return {
    metrics: await newToken(served, 'metrics', '--role', 'metrics'),
    viewer: await newToken(served, 'viewer', '--role', 'viewer'),
    operator: await newToken(served, 'operator', '--role', 'operator'),
    limited: await newToken(served, 'limited', '--role', 'operator', '--clouds', 'mem*'),
  };
}

/** Servers that run: of a test that fails before it closes one, none stays. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

type Bare = Omit<Served, 'tokens' | 'get' | 'post' | 'start' | 'run' | 'over' | 'again'>;

async function serveOn(table: Table, {flags = WRITE, clouds = ['admin'], env: more}: ServeOptions): Promise<Bare> {
  const env = environment(table, more);
  const argv = [
    ...['serve', '--bind', '127.0.0.1:0', '--images', join(table.folder, 'images.yml'), ...flags],
    ...clouds.flatMap((name) => ['--cloud', name]),
  ];
  const child = spawn(PROGRAM, argv, {cwd: table.folder, env, stdio: ['ignore', 'pipe', 'pipe']});
  running.add(child);
  child.once('exit', () => running.delete(child));
  const log = collect(child);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  await becomes(() => /on https?:\/\/\S+:(\d+)/.test(log()) || child.exitCode !== null);
  const [, scheme = 'http', port = ''] = /on (https?):\/\/\S+:(\d+)/.exec(log()) ?? [];
  const [, grpcPort = '0'] = /by gRPC on \S+:(\d+)/.exec(log()) ?? [];
  if (port === '') throw new Error(`the server did not start: ${log()}`);
  return {
    ...{
      table,
      port: Number(port),
      grpcPort: Number(grpcPort),
      origin: `${scheme}://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      log,
      ended,
    },
    folder: join(table.folder, 'state', 'imgmgr', 'server'),
    call: async (method, path, sent) => call(Number(port), {method, path, ...sent}),
    imgmgr: async (...words) => runProgram(words, env, table.folder),
    imgmgrWith: async (other, ...words) => runProgram(words, {...env, ...other}, table.folder),
    kill: (signal) => void child.kill(signal),
    async close() {
      child.kill('SIGKILL');
      await ended;
      await endChildren(table);
      await table.close();
    },
  };
}

function withTokens(bare: Bare, tokens: Served['tokens'], options: ServeOptions): Served {
  const get = async (path: string): Promise<Answer> => bare.call('GET', path, {token: tokens.operator});
  const run = async (id: string): Promise<RunAnswer> => (await get(`/v1/runs/${id}`)).json as unknown as RunAnswer;
  const post = async (path: string, body: unknown): Promise<Answer> =>
    bare.call('POST', path, {token: tokens.operator, body});
  return {
    ...bare,
    ...{tokens, get, post, run},
    async start(body) {
      const answer = await post('/v1/runs', body);
      expect(answer, answer.text).toMatchObject({status: 202});
      const {id} = answer.json as unknown as StartedAnswer;
      await becomes(async () => (await run(id)).run.lastSeq > 0);
      return id;
    },
    async over(id) {
      await becomes(async () => (await run(id)).run.endedAt !== null);
      return run(id);
    },
    again: async (...flags) =>
      withTokens(await serveOn(bare.table, {...options, ...(flags.length > 0 && {flags})}), tokens, options),
  };
}

/** Runs that a killed server left, by the very processes that their files name. */
async function endChildren(table: Table): Promise<void> {
  const folder = join(table.folder, 'state', 'imgmgr', 'server', 'runs');
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    const {process: of} = JSON.parse(await readFile(join(folder, name), 'utf8')) as {process?: {pid: number}};
    const command = of && (await readFile(`/proc/${of.pid}/environ`, 'utf8').catch(() => ''));
    if (of && command?.includes(`IMGMGR_RUN_ID=${name.replace('.json', '')}`)) process.kill(-of.pid, 'SIGKILL');
  }
}

function environment(
  table: Table,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> {
  const {folder} = table;
  return {
    ...{HOME: folder, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`},
    ...{OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml'), XDG_STATE_HOME: join(folder, 'state')},
    ...{IMGMGR_LOCAL: join(folder, 'local'), IMGMGR_BUILD_DIR: join(folder, 'work')},
    ...more,
  };
}

async function newToken(served: Bare, name: string, ...flags: readonly string[]): Promise<string> {
  const {code, out, err} = await served.imgmgr('serve', 'token', 'add', name, ...flags);
  expect([code, err]).toEqual([0, '']);
  return out.trim();
}

async function runProgram(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<{readonly code: number; readonly out: string; readonly err: string}> {
  const child = spawn(PROGRAM, argv, {cwd, env: {...env}, stdio: ['ignore', 'pipe', 'pipe']});
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  return {code: code ?? -1, out: out.join(''), err: err.join('')};
}

function collect(child: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => void chunks.push(chunk.toString('utf8')));
  return () => chunks.join('');
}

/** Waits until it is true. */
export async function becomes(is: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 1500; looks++) {
    if (await is()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error('it did not become true within 75 s');
}

/** One call over HTTP, with the headers that are given and no others but Host. */
async function call(
  port: number,
  {method, path, token, headers = {}, body, raw}: Sent & {readonly method: string; readonly path: string},
): Promise<Answer> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{host: '127.0.0.1', port, method, path, agent: false},
        headers: {
          ...(token !== undefined && {authorization: `Bearer ${token}`}),
          ...(text !== undefined && {'content-type': 'application/json'}),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const whole = Buffer.concat(chunks).toString('utf8');
          resolve({status: incoming.statusCode ?? 0, headers: incoming.headers, text: whole, json: parsed(whole)});
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

function parsed(text: string): Answer['json'] {
  try {
    return JSON.parse(text) as Answer['json'];
  } catch {
    return {};
  }
}

/** An event of a stream. */
export interface SeenEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads a stream of events until `until` says that it is enough, or it ends. */
export async function readEvents(
  port: number,
  path: string,
  {
    token,
    lastId,
    until = () => false,
  }: {readonly token: string; readonly lastId?: number; readonly until?: (seen: SeenEvent) => boolean},
): Promise<readonly SeenEvent[]> {
  return new Promise((resolve, reject) => {
    const seen: SeenEvent[] = [];
    const outgoing = request(
      {
        ...{host: '127.0.0.1', port, path, agent: false},
        headers: {
          authorization: `Bearer ${token}`,
          ...(lastId !== undefined && {'last-event-id': String(lastId)}),
        },
      },
      (incoming) => {
        let rest = '';
        incoming.on('data', (chunk: Buffer) => {
          const parts = (rest + chunk.toString('utf8')).split('\n\n');
          rest = parts.pop() ?? '';
          for (const one of parts.flatMap((part) => eventOf(part) ?? [])) {
            seen.push(one);
            if (until(one)) incoming.destroy();
          }
        });
        incoming.on('close', () => resolve(seen));
        incoming.on('error', () => resolve(seen));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function eventOf(part: string): SeenEvent | undefined {
  const fields = new Map(
    part.split('\n').map((line) => [line.split(': ', 1)[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return {
    id: fields.get('id') ?? '',
    event: fields.get('event') ?? 'message',
    data: JSON.parse(data) as SeenEvent['data'],
  };
}

/** The schema of the answer to a call, with every field that is not in it refused. */
export function answerOf(id: string): z.ZodType {
  const route = ROUTES.find((one) => one.id === id);
  if (!route) throw new Error(`there is no call ${id}`);
  return route.answer.schema;
}
