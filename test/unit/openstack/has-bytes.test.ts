import {createServer} from 'node:http';
import type {RequestListener, Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {connect} from './fake.ts';
import type {Connected} from './fake.ts';

let fake: FakeCloud;
let servers: Server[] = [];
let open: Connected[] = [];

beforeEach(async () => {
  fake = await startFakeCloud();
});
afterEach(async () => {
  for (const {store} of open) await store.close();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  servers = [];
  open = [];
  await fake.close();
});

/** A store whose image service answers so. */
async function glance(answer: RequestListener): Promise<Connected['store']> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const {port} = server.address() as AddressInfo;
  const connected = connect(fake, {endpointOverrides: {image: `http://127.0.0.1:${port}`}});
  open.push(connected);
  return connected.store;
}

it('asks for the first byte, with no more than one call', async () => {
  const ranges: unknown[] = [];
  const store = await glance((request, response) => {
    ranges.push(request.headers.range);
    response.writeHead(206, {'Content-Range': 'bytes 0-0/9', 'Content-Length': '1'}).end('x');
  });
  expect(await store.hasBytes('i')).toBe(true);
  expect(ranges).toEqual(['bytes=0-0']);
});

it.each([
  ['204, as a Glance whose store has lost them', 204],
  ['404, as one that takes the image for gone', 404],
  ['416, as one that has an empty file', 416],
])('has none where the answer is %s', async (_, status) => {
  const store = await glance((_request, response) => response.writeHead(status).end());
  expect(await store.hasBytes('i')).toBe(false);
});

it.each([200, 206])('has none where the answer is %i and nothing comes', async (status) => {
  const store = await glance((_request, response) => response.writeHead(status).end());
  expect(await store.hasBytes('i')).toBe(false);
});

it.each([403, 500])(
  'cannot say where the answer is %i',
  async (status) => {
    const store = await glance((_request, response) => response.writeHead(status, {'Retry-After': '0'}).end());
    await expect(store.hasBytes('i')).rejects.toMatchObject({code: status === 403 ? 'FORBIDDEN' : 'UNAVAILABLE'});
  },
  60_000,
);

it('S16: a Glance that knows no ranges, or never ends, costs the first bytes alone', async () => {
  let sent = 0;
  let closed: (() => void) | undefined;
  const gone = new Promise<void>((done) => (closed = done));
  const store = await glance((_request, response) => {
    response.writeHead(200);
    const piece = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (!response.destroyed && response.write(piece)) sent += piece.length;
      response.once('drain', more);
    };
    response.once('close', () => closed?.());
    more();
  });
  expect(await store.hasBytes('i')).toBe(true);
  await gone;
  // What fits into the buffers of both sides.
  expect(sent).toBeLessThan(16 * 1024 ** 2);
});
