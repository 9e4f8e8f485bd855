import {createServer} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';

/** Answers one request; `seen` counts all requests before it. */
export type Answering = (request: IncomingMessage, response: ServerResponse, seen: number) => void;

export interface WebServer {
  readonly url: string;
  /** What was asked for, in order. */
  readonly requests: readonly {readonly path: string; readonly headers: IncomingMessage['headers']}[];
}

/** A web server for one test, on a port of its own; with a certificate it speaks https. */
export async function serve(
  answer: Answering,
  tls?: {readonly key: string; readonly cert: string},
): Promise<WebServer> {
  const requests: {path: string; headers: IncomingMessage['headers']}[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const seen = requests.push({path: request.url ?? '', headers: request.headers}) - 1;
    answer(request, response, seen);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`, requests};
}

/** A file that knows ranges and If-Range, as common servers do. */
export function file(content: Buffer, headers: Readonly<Record<string, string>> = {}): Answering {
  return (request, response) => {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const passed = request.headers['if-range']?.toString();
    const ranged = match !== null && (passed === undefined || Object.values(headers).includes(passed));
    if (!ranged) {
      response.writeHead(200, {'Content-Length': content.length, ...headers}).end(content);
      return;
    }
    const start = Number(match[1]);
    const part = content.subarray(start, match[2] === '' ? undefined : Number(match[2]) + 1);
    if (part.length === 0) {
      response.writeHead(416, {'Content-Range': `bytes */${content.length}`}).end();
      return;
    }
    const range = `bytes ${start}-${start + part.length - 1}/${content.length}`;
    response.writeHead(206, {'Content-Range': range, 'Content-Length': part.length, ...headers}).end(part);
  };
}

/** Announces all and breaks the connection after some bytes. */
export function cutOff(content: Buffer, after: number, headers: Readonly<Record<string, string>> = {}): Answering {
  return (_, response) => {
    response.writeHead(200, {'Content-Length': content.length, ...headers});
    response.write(content.subarray(0, after), () => response.destroy());
  };
}
