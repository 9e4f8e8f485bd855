import {createHash, randomBytes} from 'node:crypto';
import {createServer} from 'node:http';
import type {Server} from 'node:http';

/** Images of random bytes behind HTTP, on a port from which this Glance fetches. */
export interface ImageServer {
  readonly images: readonly ServedImage[];
  close(): void;
}

export interface ServedImage {
  readonly url: string;
  readonly sha512: string;
}

/** The ports that the one-node OpenStack's import filter lets pass, with the addresses of this machine. */
const PORTS = [18080, 8080, 80];
const HOSTS = ['127.0.0.1', '198.18.7.1'];

export async function serveImages(count: number, bytes: number): Promise<ImageServer> {
  const bodies = Array.from({length: count}, () => randomBytes(bytes));
  const server = createServer((asked, answer) => {
    const body = bodies[Number(/^\/(\d+)\.raw$/.exec(asked.url ?? '')?.[1] ?? NaN)];
    if (!body) {
      answer.writeHead(404).end();
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '');
    const part = range ? body.subarray(Number(range[1]), Number(range[2]) + 1) : body;
    answer.writeHead(range ? 206 : 200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': part.length,
      'Accept-Ranges': 'bytes',
      ...(range && {'Content-Range': `bytes ${range[1] ?? ''}-${Number(range[1]) + part.length - 1}/${body.length}`}),
    });
    answer.end(asked.method === 'HEAD' ? undefined : part);
  });
  const origin = await listenSomewhere(server);
  return {
    images: bodies.map((body, index) => ({
      url: `${origin}/${index}.raw`,
      sha512: createHash('sha512').update(body).digest('hex'),
    })),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listenSomewhere(server: Server): Promise<string> {
  for (const port of PORTS)
    for (const host of HOSTS) if (await listens(server, port, host)) return `http://${host}:${port}`;
  throw new Error(`ports ${PORTS.join(', ')} of ${HOSTS.join(' and ')} are all taken; Glance fetches from no others`);
}

async function listens(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
}
