import {createServer, request} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** A forward proxy that can go away in the middle of a build, and with it every mirror. */
export interface Proxy {
  readonly url: string;
  /** How many requests it has passed on. */
  readonly passed: () => number;
  /** From now on connections are refused; those that are open end. */
  readonly leave: () => void;
}

export async function startProxy(): Promise<Proxy> {
  let passed = 0;
  const server = createServer((asked: IncomingMessage, answer: ServerResponse) => {
    const onward = request(asked.url ?? '', {method: asked.method, headers: asked.headers}, (got) => {
      passed += 1;
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    answer.on('error', () => onward.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed: () => passed,
    leave() {
      server.close();
      server.closeAllConnections();
    },
  };
}
