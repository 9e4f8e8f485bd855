// isolated: it measures how late reports are
import {once} from 'node:events';
import {connect as connectHttp2} from 'node:http2';
import {connect as connectTcp, createServer, type AddressInfo, type Socket} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {setTimeout as sleep} from 'node:timers/promises';
import {status} from '@grpc/grpc-js';
import {afterEach, describe, expect, it} from 'vitest';
import type {ReportDesk} from '../../../src/ports/report-desk.ts';
import {readGreeting} from '../../../src/verify/client-hello.ts';
import {Connections} from '../../../src/verify/connections.ts';
import type {DeskLimits} from '../../../src/verify/report-desk.ts';
import {placeMark} from '../../../src/verify/ticket.ts';
import {Caller, encode, goodReport, openDesk, SERVER} from './callers.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function ready(limits: Partial<DeskLimits> = {}) {
  const opened = await openDesk(limits);
  ends.push(opened.end);
  const ticket = opened.desk.issue('run-1');
  ticket.expectServer(SERVER);
  return {...opened, ticket};
}

/** Stands between an agent and the desk: the way there and back takes 40 ms, also for the making of a connection. */
async function farAway(port: number): Promise<number> {
  const oneWayMs = 20;
  const sockets = new Set<Socket>();
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => void setTimeout(() => to.writable && to.write(chunk), oneWayMs));
    from.on('error', () => undefined);
    from.on('close', () => void setTimeout(() => to.destroy(), oneWayMs));
    sockets.add(from);
  };
  const relay = createServer((near) => {
    const far = connectTcp(port, '127.0.0.1');
    forward(far, near);
    // The third packet of the handshake and the greeting come one round trip after the first.
    setTimeout(() => forward(near, far), 2 * oneWayMs);
    near.on('error', () => undefined);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  return (relay.address() as AddressInfo).port;
}

/** What a TLS client says first. */
async function clientHello(servername?: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const client = connectTls({port, host: '127.0.0.1', ...(servername !== undefined && {servername})});
  client.on('error', () => undefined);
  try {
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
    const [hello] = (await once(socket, 'data')) as [Buffer];
    return hello;
  } finally {
    client.destroy();
    server.close();
  }
}

/** Opens 1,000 connections a second until it is ended, at most 10,000; all of them say `greeting`, or nothing. */
function flood(port: number, greeting?: Buffer): () => number {
  const sockets: Socket[] = [];
  const timer = setInterval(() => {
    if (sockets.length >= 10_000) return;
    for (let one = 0; one < 10; one++) {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      if (greeting) socket.write(greeting);
      sockets.push(socket);
    }
  }, 10);
  ends.push(() => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  });
  return () => sockets.length;
}

interface CallParts {
  readonly desk: ReportDesk;
  readonly port?: number;
  readonly servername: string;
  readonly headers?: Record<string, string>;
  readonly message: Buffer;
}

/** One call as the agent makes it, without a second try; the answer is the gRPC status. */
async function call({desk, port = desk.port, servername, headers, message}: CallParts): Promise<number> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: desk.certificate,
    servername,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  });
  const session = connectHttp2('https://desk', {createConnection: () => socket});
  try {
    return await new Promise<number>((resolve, reject) => {
      socket.on('error', reject);
      session.on('error', reject);
      session.on('close', () => reject(new Error('the connection was closed')));
      const stream = session.request({
        ':method': 'POST',
        ':path': '/imgmgr.verify.v1.Verification/Report',
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      const answered = (fields: Record<string, unknown>) => {
        if (fields['grpc-status'] !== undefined) resolve(Number(fields['grpc-status']));
      };
      stream.on('response', answered).on('trailers', answered).on('error', reject).resume();
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([head, message]));
    });
  } finally {
    session.destroy();
    socket.destroy();
  }
}

const marked = (token: string) => ({
  servername: `${placeMark(token)}.imgmgr.invalid`,
  headers: {authorization: `Bearer ${token}`},
});

describe('S9: beside 1,000 connections a second from its own address, 40 ms away', () => {
  it.each([
    ['that say nothing', undefined],
    ['that greet as TLS clients do', ''],
    // A machine that is busy with other tests may be too slow for a handshake, so it has three tries.
  ])(
    'S9: an agent with the mark of its ticket gets through at the first try: connections %s',
    {retry: 2},
    async (_what, greet) => {
      const {desk, ticket} = await ready();
      const port = await farAway(desk.port);
      const count = flood(desk.port, greet === undefined ? undefined : await clientHello('imgmgr.invalid'));
      while (count() < 600) await sleep(20);
      const message = encode('Report', goodReport(ticket.token));
      expect(await call({desk, port, message, ...marked(ticket.token)})).toBe(status.OK);
      await ticket.report;
    },
  );

  it('S9: an agent without a mark, which shows its token in the message alone, gets through within its deadline', async () => {
    const {desk, ticket} = await ready();
    const port = await farAway(desk.port);
    const count = flood(desk.port);
    while (count() < 600) await sleep(20);
    const deadline = Date.now() + 30_000;
    let accepted = false;
    while (!accepted && Date.now() < deadline) {
      const caller = new Caller(desk, port);
      accepted = await caller.call('Report', goodReport(ticket.token)).then(
        () => true,
        () => false,
      );
      caller.close();
    }
    expect(accepted).toBe(true);
    await ticket.report;
  }, 60_000);
});

describe('S9: before a token is known', () => {
  it('S9: a wrong credential ends the call before its message is there, and the wait goes on', async () => {
    const {desk, ticket, refused} = await ready();
    const message = encode('Report', goodReport(ticket.token));
    const wrong = {servername: 'imgmgr.invalid', headers: {authorization: `Bearer ${'0'.repeat(64)}`}};
    expect(await call({desk, message, ...wrong})).toBe(status.UNAUTHENTICATED);
    expect(refused).toEqual([expect.stringMatching(/^a wrong token from 127\.0\.0\.1:/)]);
    expect(await call({desk, message, ...marked(ticket.token)})).toBe(status.OK);
  });

  it('S9: the mark is no credential', async () => {
    const {desk, ticket} = await ready();
    const {servername} = marked(ticket.token);
    const message = encode('Report', goodReport(placeMark(ticket.token)));
    expect(await call({desk, message, servername})).toBe(status.UNAUTHENTICATED);
  });

  it('S9: a message may have 64 KiB without a credential, 256 KiB with a right one', async () => {
    const {desk, ticket} = await ready();
    const {servername, headers} = marked(ticket.token);
    const facts = Object.fromEntries(Array.from({length: 50}, (_, index) => [`f${index}`, 'x'.repeat(1900)]));
    const message = encode('Report', goodReport(ticket.token, {facts}));
    expect(message.length).toBeGreaterThan(64 * 1024);
    expect(await call({desk, message, servername})).toBe(status.RESOURCE_EXHAUSTED);
    expect(await call({desk, message, servername, headers})).toBe(status.OK);
  });

  it('S9: the mark is the one that the agent makes, and the token cannot be read from it', () => {
    expect(placeMark('0123456789abcdef'.repeat(4))).toBe('b3ee4dc1e9f8bb4b9f07aae222db5d29');
  });
});

describe('S9: places', () => {
  const LIMITS = {silent: 2, strangers: 2, perTicket: 2, unauthenticatedMs: 60_000, handshakesPerSecond: 1000};
  const begin = (): void => undefined;

  /** Connections that a listener accepted, in order. */
  async function sockets(count: number): Promise<Socket[]> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close());
    const accepted: Socket[] = [];
    for (let one = 0; one < count; one++) {
      const client = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
      client.on('error', () => undefined);
      ends.push(() => client.destroy());
      accepted.push(((await once(server, 'connection')) as [Socket])[0]);
    }
    ends.push(() => accepted.map((socket) => socket.destroy()));
    return accepted;
  }
  const peer = (socket?: Socket) => `${socket?.remoteAddress}:${socket?.remotePort}`;
  const there = (all: readonly Socket[]) => all.map((socket) => !socket.destroyed);

  it('S9: a full room gives up one of its own, any of them', async () => {
    for (const [random, left] of [
      [0, [false, true, true]],
      [0.99, [true, false, true]],
    ] as const) {
      const all = await sockets(3);
      const connections = new Connections(LIMITS, () => random);
      for (const socket of all) connections.add(socket);
      expect(there(all)).toEqual(left);
    }
  });

  it('S9: a full room of the silent gives up the oldest that could have greeted by then, so that one that just came can', async () => {
    const all = await sockets(4);
    let nowMs = 0;
    const connections = new Connections(
      LIMITS,
      () => 0.99,
      () => nowMs,
    );
    const add = (atMs: number, index: number): void => {
      nowMs = atMs;
      const socket = all[index];
      if (socket) connections.add(socket);
    };
    add(0, 0);
    add(90, 1);
    add(110, 2);
    expect(there(all.slice(0, 3))).toEqual([false, true, true]);
    // Nobody is late: any of them.
    add(150, 3);
    expect(there(all)).toEqual([false, true, false, true]);
  });

  it('S9: strangers and the silent take no place of a ticket, and another ticket takes none either', async () => {
    const all = await sockets(9);
    const connections = new Connections(LIMITS);
    const [first, second] = [{}, {}];
    for (const socket of all.slice(0, 2)) {
      connections.add(socket);
      connections.greeted(peer(socket), first, begin);
    }
    for (const socket of all.slice(2, 5)) {
      connections.add(socket);
      connections.greeted(peer(socket), second, begin);
    }
    for (const socket of all.slice(5)) {
      connections.add(socket);
      connections.greeted(peer(socket), undefined, begin);
    }
    expect(there(all).slice(0, 5)).toEqual([true, true, false, true, true]);
    expect(there(all).slice(5).filter(Boolean)).toHaveLength(2);
  });

  it('S9: strangers begin few handshakes at a time, an agent with the mark begins at once', async () => {
    const all = await sockets(40);
    const limits = {...LIMITS, silent: 100, strangers: 100, handshakesPerSecond: 100};
    const connections = new Connections(limits);
    ends.push(() => connections.destroyAll());
    let strangers = 0;
    let marked = 0;
    for (const socket of all.slice(1)) {
      connections.add(socket);
      connections.greeted(peer(socket), undefined, () => (strangers += 1));
    }
    expect(strangers).toBe(5);
    const [own] = all;
    if (own) connections.add(own);
    connections.greeted(peer(own), {}, () => (marked += 1));
    expect([strangers, marked]).toEqual([5, 1]);
    while (strangers < 39) await sleep(10);
    expect(there(all)).toEqual(all.map(() => true));
  });

  it('S9: a stranger that goes while it waits takes no turn', async () => {
    const all = await sockets(8);
    const connections = new Connections({...LIMITS, silent: 100, strangers: 100, handshakesPerSecond: 20});
    ends.push(() => connections.destroyAll());
    const began: number[] = [];
    for (const [index, socket] of all.entries()) {
      connections.add(socket);
      connections.greeted(peer(socket), undefined, () => began.push(index));
    }
    expect(began).toEqual([0]);
    for (const socket of all.slice(1, 7)) socket.destroy();
    while (began.length < 2) await sleep(10);
    expect(began).toEqual([0, 7]);
  });

  it('S9: who knows the mark alone displaces no connection that has shown the token', async () => {
    const all = await sockets(6);
    const connections = new Connections(LIMITS);
    const ticket = {};
    for (const [index, socket] of all.entries()) {
      connections.add(socket);
      connections.greeted(peer(socket), ticket, begin);
      if (index === 0) connections.authenticate(peer(socket), ticket);
    }
    expect(there(all)).toEqual([true, false, false, false, false, true]);
  });
});

describe('S9: the greeting of a connection', () => {
  it('S9: names the server that it asks for, however it is cut', async () => {
    const hello = await clientHello('a1b2.imgmgr.invalid');
    for (let length = 0; length < hello.length; length++)
      expect(readGreeting(hello.subarray(0, length))).toEqual({complete: false});
    expect(readGreeting(hello)).toEqual({complete: true, serverName: 'a1b2.imgmgr.invalid'});
    expect(readGreeting(await clientHello())).toEqual({complete: true, serverName: ''});
  });

  it('S9: names nothing where it is malformed', async () => {
    const hello = await clientHello('a1b2.imgmgr.invalid');
    const bad = [Buffer.from('SSH-2.0'), Buffer.from('16030100010116', 'hex'), Buffer.from('160301ffff', 'hex')];
    for (const bytes of bad) expect(readGreeting(bytes)).toEqual({complete: true, serverName: ''});
    for (let at = 5; at < hello.length; at++) {
      const broken = Buffer.from(hello);
      broken[at] = 0xff;
      expect(readGreeting(broken).complete).toBe(true);
    }
  });
});
