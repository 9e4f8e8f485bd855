import {createServer} from 'node:http';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** A server on 127.0.0.1 that other processes can reach. */
export interface Listener {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends every connection, also those that were left hanging on purpose. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly port?: number;
  readonly host?: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** Starts listening; a handler that throws unexpectedly gives 500 with the error's text, so that a test shows it. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer({requestTimeout: 0}, (request, response) => {
    options.handle(request, response).catch((error: unknown) => fail(response, error));
  });
  // The services set their own Date, from their own clock.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const {port} = server.address() as AddressInfo;
  return {port, url: `http://${host}:${port}`, close: () => closeServer(server)};
}

/** A port on 127.0.0.1 that nobody listens on (until somebody takes it). */
export async function closedPort(): Promise<number> {
  const listener = await listen({handle: () => Promise.resolve()});
  await listener.close();
  return listener.port;
}

/** The first of so many ports in a row on 127.0.0.1 that nobody listens on (until somebody takes them). */
export async function freePorts(count: number): Promise<number> {
  const handle = (): Promise<void> => Promise.resolve();
  for (let tries = 0; tries < 100; tries++) {
    const first = await closedPort();
    const others = Array.from({length: count}, (_, index) => first + index);
    const taken = await Promise.allSettled(others.map((port) => listen({port, handle})));
    const held = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    await Promise.all(held.map((one) => one.close()));
    if (held.length === count) return first;
  }
  throw new Error(`there are no ${count} free ports in a row`);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = 500;
  response.end(`the fake server failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
