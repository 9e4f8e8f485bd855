import {Agent, createServer, request} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** Stands before a service and counts; used in runs of their own, so that it costs no measured time. */
export interface CountingProxy {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `GET /v2/images/…` since the last time this was called. */
  take(): string[];
  close(): void;
}

/** `target`'s path is not used: callers bring their own. */
export async function countingProxy(target: string): Promise<CountingProxy> {
  const {hostname, port} = new URL(target);
  const agent = new Agent({keepAlive: true, timeout: 4000});
  let calls: string[] = [];
  const server = createServer((asked: IncomingMessage, answer: ServerResponse) => {
    calls.push(`${asked.method ?? ''} ${asked.url ?? ''}`);
    const {method, url: path, headers} = asked;
    const onward = request({hostname, port, method, path, headers, agent}, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = calls;
      calls = [];
      return taken;
    },
    close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

/** True for calls that change something. */
export function isWrite(call: string): boolean {
  return !/^(?:GET|HEAD) /.test(call);
}
