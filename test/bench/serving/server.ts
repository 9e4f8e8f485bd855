import {once} from 'node:events';
import {request} from 'node:http';
import {start} from '../child.ts';
import type {Command} from '../child.ts';
import {run} from '../child.ts';
import type {HostBench} from '../measure/bench.ts';
import {imgmgr} from '../measure/bench.ts';

/** An answer, and how long the whole of it took. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

/** `imgmgr serve` as a process, and its caller. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly tokens: Readonly<Record<'operator' | 'limited', string>>;
  /** As an operator, on a connection of its own; throws at any status but 2xx. */
  call(method: string, path: string, sent?: {readonly body?: object; readonly token?: string}): Promise<Answered>;
  close(): Promise<void>;
}

/** What the server is started with. */
export interface ServerOptions {
  readonly bench: HostBench;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts it, and waits until it listens. */
export async function startServer({bench, flags, env}: ServerOptions): Promise<Server> {
  const command = (...argv: string[]): Command => {
    const program = imgmgr(bench, ...argv);
    return {...program, env: {...program.env, ...env}};
  };
  const child = start(command('serve', '--bind', '127.0.0.1:0', '--allow-write', ...flags));
  const ended = once(child, 'close');
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const port = await new Promise<number>((resolve, reject) => {
      let said = '';
      const collect = (chunk: Buffer): void => {
        said += chunk.toString('utf8');
        const [, digits] = /on http:\/\/\S+:(\d+)/.exec(said) ?? [];
        if (digits !== undefined) resolve(Number(digits));
      };
      child.stdout?.on('data', collect);
      child.stderr?.on('data', collect);
      child.once('close', () => reject(new Error(`the server ended: ${said}`)));
    });
    const add = async (name: string, ...more: string[]): Promise<string> => {
      await run(command('serve', 'token', 'remove', name), [0, 1, 2]);
      return (await run(command('serve', 'token', 'add', name, '--role', 'operator', ...more))).output.trim();
    };
    const tokens = {operator: await add('operator'), limited: await add('limited', '--clouds', 'cloud-1*')};
    return {
      ...{pid: child.pid ?? 0, port, tokens, close},
      call: async (method, path, {body, token = tokens.operator} = {}) => {
        const answer = await call({port, method, path, token}, body);
        if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
        return answer;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Asked {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly token: string;
}

async function call({port, method, path, token}: Asked, body?: object): Promise<Answered> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...{host: '127.0.0.1', port, method, path, agent: false},
        headers: {authorization: `Bearer ${token}`, ...(body && {'content-type': 'application/json'})},
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({status: incoming.statusCode ?? 0, text, ms: performance.now() - begun});
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}
