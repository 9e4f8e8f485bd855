import {createServer, request as ask} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createWriteGate} from '../../fakes/write-gate.ts';
import type {WriteGate, WriteRequest} from '../../fakes/write-gate.ts';

/** What can be decided about one write, besides {@link WriteGate}'s three moments. */
export interface Proxy {
  readonly url: string;
  readonly gate: WriteGate;
  /** Called once with each write whose body has brought so many bytes; true ends both connections there. */
  midway: {readonly bytes: number; readonly reached: (write: WriteRequest) => Promise<boolean>} | undefined;
  close(): Promise<void>;
}

/** Stands between imgmgr and a real service, so that a test can be at every moment of every write. */
export async function startProxy(target: string): Promise<Proxy> {
  const gate = createWriteGate();
  const server = createServer((incoming, response) => {
    incoming.on('error', () => undefined);
    void forward({target, gate, proxy, incoming, response}).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    gate,
    midway: undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

interface Passage {
  readonly target: string;
  readonly gate: WriteGate;
  readonly proxy: Proxy;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function forward({target, gate, proxy, incoming, response}: Passage): Promise<void> {
  const {method = 'GET', url: path = '/', headers} = incoming;
  const write = method === 'GET' || method === 'HEAD' ? undefined : gate.next({service: 'image', method, path});
  if (write && (await gate.arrived(write)) === 'drop') {
    incoming.socket.destroy();
    return;
  }
  const onward = ask(new URL(path, target), {method, headers: {...headers, host: new URL(target).host}});
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve);
    onward.once('error', reject);
  });
  answered.catch(() => undefined);
  incoming.once('close', () => {
    if (!incoming.complete) onward.destroy();
  });
  let bytes = 0;
  let asked = false;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (!write || asked || !proxy.midway || bytes < proxy.midway.bytes) return;
    asked = true;
    incoming.pause();
    void proxy.midway.reached(write).then((ends) => {
      if (ends) onward.destroy();
      else incoming.resume();
    });
  });
  incoming.pipe(onward);
  const answer = await answered;
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  if (write && (await gate.processed(write)) === 'cut') {
    incoming.socket.destroy();
    return;
  }
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.end(Buffer.concat(parts), resolve);
  });
  if (write) await gate.answered(write);
}
