// isolated: it measures how late reports are
import {connect as connectTcp, type Socket} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {setTimeout as sleep} from 'node:timers/promises';
import {status} from '@grpc/grpc-js';
import {afterEach, describe, expect, it} from 'vitest';
import {asImgmgrError} from '../../../src/errors.ts';
import {downloadKey} from '../../../src/verify/ticket.ts';
import type {DeskLimits} from '../../../src/verify/report-desk.ts';
import {freePorts} from '../../fakes/listener.ts';
import {Caller, goodReport, openDesk, SERVER} from './callers.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function desk(limits: Partial<DeskLimits> = {}) {
  const opened = await openDesk(limits);
  ends.push(opened.end);
  const caller = new Caller(opened.desk);
  ends.push(() => caller.close());
  const ticket = opened.desk.issue('run-1');
  return {...opened, caller, ticket};
}

async function ready(limits: Partial<DeskLimits> = {}) {
  const all = await desk(limits);
  all.ticket.expectServer(SERVER);
  return all;
}

function plain(port: number): Socket {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}

async function accepted({caller, ticket}: Pick<Awaited<ReturnType<typeof desk>>, 'caller' | 'ticket'>) {
  expect(await caller.call('Report', goodReport(ticket.token))).toEqual({accepted: true});
}

describe('a report', () => {
  it('is taken once, cleaned, and named after the server', async () => {
    const all = await ready();
    const {now_unix_ms: now} = (await all.caller.call('Hello', {
      identity: {run: 'run-1', token: all.ticket.token, server: '', agent_version: '1'},
    })) as {now_unix_ms: number};
    expect(Math.abs(now - Date.now())).toBeLessThan(5000);
    await accepted(all);
    expect(await all.ticket.report).toEqual({
      agentVersion: '0.1.0',
      server: SERVER,
      checks: [{id: 'root-grown', outcome: 'pass', detail: 'grown  to 1 GiB', ms: 3}],
      facts: {'os.id': 'debian', machine: 'x86_64'},
      waitedMs: 10,
      checkedMs: 20,
    });
    expect(all.ticket.seen()).toEqual({agentFetched: false, hello: true, refused: []});
  });

  it('S6: holds neither the token nor the key of the guest, wherever it puts them and whatever it makes of them', async () => {
    const {caller, ticket} = await ready();
    const {token} = ticket;
    const key = downloadKey(token);
    const coded = Buffer.from(token).toString('base64').slice(0, 80);
    const checks = [
      {id: token, outcome: 'OUTCOME_FAIL', detail: `curl --header 'Authorization: Bearer ${key}'`, millis: 1},
      {id: 'root-grown', outcome: 'OUTCOME_PASS', detail: `cut off: ${token.slice(0, 40)}`, millis: 1},
    ];
    const facts = {[`a${token}`]: coded, machine: 'x86_64'};
    const report = goodReport(token, {checks, facts}, {agent_version: `1 ${token}`});
    expect(await caller.call('Report', report)).toEqual({accepted: true});
    expect(await ticket.report).toMatchObject({
      agentVersion: '1 ***',
      server: SERVER,
      checks: [
        {id: '***', outcome: 'fail', detail: "curl --header 'Authorization: Bearer ***'"},
        {id: 'root-grown', outcome: 'pass', detail: 'cut off: ***'},
      ],
      facts: {'a***': expect.stringMatching(/^.{0,2}\*\*\*.{0,2}$/) as string, machine: 'x86_64'},
    });
  });

  it('S6: of what is refused no token is told', async () => {
    const {caller, ticket} = await ready();
    const named = goodReport(ticket.token, {}, {server: ticket.token});
    await expect(caller.call('Report', named)).rejects.toMatchObject({code: status.UNAUTHENTICATED});
    const run = goodReport(ticket.token, {}, {run: `x${ticket.token}`});
    await expect(caller.call('Report', run)).rejects.toMatchObject({code: status.UNAUTHENTICATED});
    expect(ticket.seen().refused).toEqual([
      'a call for the server "***"',
      'a call for the run "x***" with the token of run-1',
    ]);
  });

  it('gets the same answer again when the reply was lost, however its facts are ordered, until the ticket is withdrawn', async () => {
    const all = await ready();
    await accepted(all);
    const again = goodReport(all.ticket.token, {facts: {machine: 'x86_64', 'os.id': 'debian'}});
    expect(await all.caller.call('Report', again)).toEqual({accepted: true});
    all.ticket.withdraw();
    await expect(all.caller.call('Report', again)).rejects.toMatchObject({code: status.UNAUTHENTICATED});
  });

  it('is a replay when it differs from the accepted one', async () => {
    const all = await ready();
    await accepted(all);
    const other = goodReport(all.ticket.token, {waited_ms: 11});
    await expect(all.caller.call('Report', other)).rejects.toMatchObject({code: status.ALREADY_EXISTS});
    expect(all.ticket.seen().refused).toEqual(['a second report that differs from the accepted one']);
    expect((await all.ticket.report).waitedMs).toBe(10);
  });

  it('is refused with the same words for a wrong token, run or server, and the wait goes on', async () => {
    const all = await ready();
    const {caller, ticket, refused} = all;
    const wrong = [
      goodReport('0'.repeat(64)),
      goodReport(''),
      goodReport(ticket.token, {identity: null}),
      goodReport(ticket.token, {}, {run: 'run-2'}),
      goodReport(ticket.token, {}, {server: 'ffffffff-3a0e-4a8e-9d0c-0123456789ab'}),
      goodReport(ticket.token, {}, {server: ''}),
    ];
    for (const report of wrong)
      await expect(caller.call('Report', report)).rejects.toMatchObject({
        code: status.UNAUTHENTICATED,
        details: 'not expected here',
      });
    const stranger = {identity: {run: 'run-1', token: ticket.token, server: 'other', agent_version: '1'}};
    await expect(caller.call('Hello', stranger)).rejects.toMatchObject({code: status.UNAUTHENTICATED});
    expect(refused).toHaveLength(3);
    expect(ticket.seen()).toEqual({
      agentFetched: false,
      hello: false,
      refused: [
        'a call for the run "run-2" with the token of run-1',
        'a call for the server "ffffffff-3a0e-4a8e-9d0c-0123456789ab"',
        'a report that names no server',
        'a call for the server "other"',
      ],
    });
    expect(JSON.stringify([refused, ticket.seen()])).not.toContain(ticket.token);
    await accepted(all);
  });

  it('goes to the run whose token it shows, where several wait', async () => {
    const all = await ready();
    const second = all.desk.issue('run-2');
    second.expectServer(SERVER);
    await all.caller.call('Report', goodReport(second.token, {}, {run: 'run-2'}));
    await second.report;
    await accepted(all);
  });

  const many = <T>(count: number, make: (index: number) => T) => Array.from({length: count}, (_, index) => make(index));
  const check = (change: object) => ({
    checks: [{id: 'a', outcome: 'OUTCOME_PASS', detail: '', millis: 1, ...change}],
  });
  it.each<[string, object, object?]>([
    ['a check id that is none', check({id: 'Not An Id'})],
    ['an outcome that nobody knows', check({outcome: 9})],
    ['no outcome', check({outcome: 'OUTCOME_UNSPECIFIED'})],
    ['a detail of 501 characters', check({detail: 'x'.repeat(501)})],
    ['a check twice', {checks: many(2, () => ({id: 'a', outcome: 'OUTCOME_PASS'}))}],
    ['201 checks', {checks: many(201, (index) => ({id: `c-${index}`, outcome: 'OUTCOME_PASS'}))}],
    ['101 facts', {facts: Object.fromEntries(many(101, (index) => [`f${index}`, '']))}],
    ['a fact of 2001 characters', {facts: {a: 'x'.repeat(2001)}}],
    ['a fact with a strange name', {facts: {'a b': ''}}],
    ['no version of the agent', {}, {agent_version: ''}],
    ['an endless version of the agent', {}, {agent_version: '1'.repeat(101)}],
  ])('is malformed with %s, and the wait goes on', async (_what, change, identity = {}) => {
    const all = await ready();
    await expect(all.caller.call('Report', goodReport(all.ticket.token, change, identity))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(all.ticket.seen().refused).toEqual([expect.stringMatching(/^a malformed report: /)]);
    await accepted(all);
  });

  it('keeps at most 20 refusals', async () => {
    const all = await ready();
    for (let call = 0; call < 25; call++)
      await all.caller.call('Report', goodReport(all.ticket.token, check({id: ''}))).catch(() => undefined);
    expect(all.ticket.seen().refused).toHaveLength(20);
  });

  it('waits until its server is known, and is told to come again when that takes too long', async () => {
    const all = await desk({serverPatienceMs: 300});
    await expect(all.caller.call('Report', goodReport(all.ticket.token))).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    const coming = all.caller.call('Report', goodReport(all.ticket.token));
    await sleep(100);
    all.ticket.expectServer(SERVER.toUpperCase());
    expect(await coming).toEqual({accepted: true});
  });
});

describe('the desk outlives', () => {
  it.each<[string, Buffer, number]>([
    ['bytes that are no protobuf', Buffer.from('ff'.repeat(50), 'hex'), status.INVALID_ARGUMENT],
    ['groups nested without end', Buffer.alloc(60_000, 0x7b), status.INVALID_ARGUMENT],
    ['a message over 256 KiB', Buffer.alloc(300_000), status.RESOURCE_EXHAUSTED],
    ['a message of many MiB', Buffer.alloc(8_000_000), status.RESOURCE_EXHAUSTED],
  ])('%s', async (_what, bytes, code) => {
    const all = await ready();
    await expect(all.caller.raw('Report', bytes)).rejects.toMatchObject({code});
    await accepted(all);
  });

  it.each<[string, string]>([
    ['nothing at all', ''],
    ['plain HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['SSH', 'SSH-2.0-scan\r\n'],
    ['half a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01'],
  ])('a scanner that sends %s: it is cut off, and no report is late', async (_what, text) => {
    const all = await ready({unauthenticatedMs: 400});
    const scanner = plain(all.desk.port);
    scanner.write(text, 'latin1');
    await accepted(all);
    if (!scanner.closed) await once(scanner, 'close');
    expect(scanner.destroyed).toBe(true);
  });

  it('a slow HTTP request, a silent h2 connection, and one that is half closed', async () => {
    const all = await ready({unauthenticatedMs: 3000});
    const options = {port: all.desk.port, host: '127.0.0.1', rejectUnauthorized: false};
    const slow = connectTls({...options, ALPNProtocols: ['http/1.1']}, () =>
      slow.write('GET /agent/x86_64 HTTP/1.1\r\n'),
    );
    const silent = connectTls({...options, ALPNProtocols: ['h2']});
    const half = connectTls({...options, socket: connectTcp({...options, allowHalfOpen: true})}, () => half.end());
    const all3 = [slow, silent, half];
    for (const socket of all3) {
      ends.push(() => socket.destroy());
      socket.on('error', () => undefined).resume();
    }
    // Also by a reset, which bytes that nobody reads any more lead to.
    const gone = Promise.all(all3.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    const drip = setInterval(() => slow.write('X-A: b\r\n'), 100);
    await accepted(all);
    await gone;
    clearInterval(drip);
  });

  it('a proven connection stays when strangers need room', async () => {
    const all = await ready({silent: 2});
    await accepted(all);
    const strangers = Array.from({length: 10}, () => plain(all.desk.port));
    let gone = 0;
    await new Promise<void>((resolve) => {
      for (const socket of strangers) socket.once('close', () => ++gone === 8 && resolve());
    });
    await accepted(all);
    expect(strangers.filter((socket) => !socket.closed)).toHaveLength(2);
  });

  it('2,000 connections that say nothing: few are kept, and a report comes through in good time', async () => {
    const all = await ready();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({length: 100}, () => plain(all.desk.port));
      await Promise.all(
        sockets.map(async (socket) => socket.connecting && once(socket, 'connect').catch(() => undefined)),
      );
      if (round % 2) for (const socket of sockets) socket.resetAndDestroy();
    }
    const began = Date.now();
    await accepted(all);
    expect(Date.now() - began).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('1,000 calls at once over one connection', async () => {
    const all = await ready();
    const calls = Array.from({length: 1000}, () => all.caller.call('Report', goodReport('0'.repeat(64))));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.every(({status: how}) => how === 'rejected')).toBe(true);
    await accepted(all);
  });
});

describe('opening and closing', () => {
  it('names the address and the flag when the port is taken, is not ours, or no name', async () => {
    const {desk: first, open} = await desk();
    const refusal = async (bind: string, port: number) => {
      const error = asImgmgrError(await open({bind, port, names: []}).catch((thrown: unknown) => thrown));
      return [error.code, error.message, error.hint?.includes('--listen')];
    };
    expect(await refusal('127.0.0.1', first.port)).toEqual([
      'CONFIG',
      `cannot listen on 127.0.0.1:${first.port} for reports: another program listens there`,
      true,
    ]);
    expect(await refusal('192.0.2.1', 4242)).toEqual([
      'CONFIG',
      'cannot listen on 192.0.2.1:4242 for reports: it is no address of this host',
      true,
    ]);
  });

  it('takes the first free port of a range; when all are taken, the error names the range', async () => {
    const port = await freePorts(2);
    const {open, end} = await openDesk();
    ends.push(end);
    const range = {bind: '127.0.0.1', port, lastPort: port + 1, names: []};
    const [first, second] = await Promise.all([open(range), open(range)]);
    ends.push(() => Promise.all([first.close(), second.close()]));
    expect([first.port, second.port].sort()).toEqual([port, port + 1]);
    await expect(open(range)).rejects.toMatchObject({
      code: 'LOCKED',
      message: `cannot listen on 127.0.0.1:${port}-${port + 1} for reports: other programs listen on all ports of the range`,
      hint: 'run again when another run has ended, or name a larger range with --listen',
    });
    await first.close();
    const third = await open(range);
    ends.push(() => third.close());
    expect(third.port).toBe(first.port);
  });

  it('does not try the other ports of a range where the address itself is refused', async () => {
    const {open, end} = await openDesk();
    ends.push(end);
    await expect(open({bind: '192.0.2.1', port: 4242, lastPort: 4243, names: []})).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'cannot listen on 192.0.2.1:4242-4243 for reports: it is no address of this host',
    });
  });

  it('refuses a folder without agents, and one that is not there', async () => {
    const {createReportDeskOpener} = await import('../../../src/verify/report-desk.ts');
    const request = {bind: '127.0.0.1', port: 0, names: []};
    for (const agentFolder of [import.meta.dirname, '/nowhere/at/all'])
      await expect(createReportDeskOpener({agentFolder})(request)).rejects.toMatchObject({code: 'CONFIG'});
  });

  it('ends connections and waits at once, and may be closed twice', async () => {
    const all = await ready();
    await all.caller.call('Hello', {identity: {run: 'run-1', token: all.ticket.token, server: SERVER}});
    const silent = plain(all.desk.port);
    await once(silent, 'connect');
    const began = Date.now();
    await all.desk.close();
    expect(Date.now() - began).toBeLessThan(100);
    await all.desk.close();
    await expect(all.ticket.report).rejects.toMatchObject({code: 'INTERRUPTED'});
  });

  it('takes TLS 1.2 and 1.3, nothing older', async () => {
    const {
      desk: {port},
    } = await desk();
    const speak = async (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: 'TLSv1',
        maxVersion,
        ciphers: 'ALL:@SECLEVEL=0',
      });
      ends.push(() => socket.destroy());
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    };
    expect(await speak('TLSv1.2')).toBe('TLSv1.2');
    expect(await speak('TLSv1.3')).toBe('TLSv1.3');
    await expect(speak('TLSv1.1')).rejects.toThrow();
  });
});

it('the protocol that dist/ carries is that of proto/ (else: npm run proto)', () => {
  const require = createRequire(import.meta.url);
  const protobuf = createRequire(require.resolve('@grpc/proto-loader'))('protobufjs') as {
    parse(text: string, options: object): {root: {toJSON(): object}};
  };
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const {root} = protobuf.parse(read('proto/imgmgr/verify/v1/verify.proto'), {keepCase: true});
  expect(JSON.parse(read('src/verify/verify-proto.json'))).toEqual(JSON.parse(JSON.stringify(root.toJSON())));
});
