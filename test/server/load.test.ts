import {readFileSync, readdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import type {Raw} from './sockets.ts';
import {head, open, statuses} from './sockets.ts';
import type {Served} from './support.ts';
import {becomes, startServer} from './support.ts';

/** What takes a minute. */
const FULL = process.env['FULL'] === '1';
const READERS = 1000;
/** Connections of the server to its clouds, which come and go beside those of the test. */
const FEW = 10;
const MIB = 2 ** 20;
let served: Served;
/** A run that waits for its cloud, and says nothing meanwhile. */
let run = '';
let release = (): void => undefined;
let opened: Raw[] = [];

beforeAll(async () => {
  served = await startServer({images: (table) => table.x(['1'], {verify: '{mode: none}'})});
  release = served.table.cloud.holdImports();
  run = await served.start({verb: 'manage', clouds: ['admin']});
});
afterEach(() => {
  for (const {socket} of opened) socket.destroy();
  opened = [];
});
afterAll(async () => {
  release();
  await served.close();
});

const bearer = (): Readonly<Record<string, string>> => ({authorization: `Bearer ${served.tokens.viewer}`});
const files = (): number => readdirSync(`/proc/${served.pid}/fd`).length;
const memoryMib = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${served.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function add(text = '', options: {readonly allowHalfOpen?: boolean} = {}): Promise<Raw> {
  const raw = await open(served.port, text, options);
  opened.push(raw);
  return raw;
}

/** Answers are given as before. */
async function expectAnswers(): Promise<void> {
  for (const path of ['/v1/session', '/v1/runs', `/v1/runs/${run}`, '/v1/images', '/metrics', '/'])
    expect([path, (await served.get(path)).status]).toEqual([path, 200]);
}

async function watchers(count: number): Promise<void> {
  const text = head('GET', `/v1/runs/${run}/events`, bearer());
  for (let n = 0; n < count; n++) await add(text);
  await becomes(() => opened.every((raw) => raw.text().includes('"type":"started"')));
}

describe('1,000 readers of events who do nothing', () => {
  it('keep nobody out, and leave nothing behind when they go', async () => {
    const before = files();
    await watchers(READERS);
    expect(files()).toBeGreaterThanOrEqual(READERS);
    await expectAnswers();
    expect(opened.filter((raw) => raw.isClosed())).toEqual([]);
    for (const {socket} of opened) socket.destroy();
    await becomes(() => files() <= before + FEW);
    await expectAnswers();
  });

  it('lose no connection where the server stood still while they came', async () => {
    process.kill(served.pid, 'SIGSTOP');
    try {
      const text = head('GET', `/v1/runs/${run}/events`, bearer());
      for (let n = 0; n < 450; n++) await add(text);
    } finally {
      process.kill(served.pid, 'SIGCONT');
    }
    await becomes(() => opened.every((raw) => raw.text().includes('"type":"started"')));
    expect(opened.filter((raw) => raw.isClosed())).toEqual([]);
  });

  it.runIf(FULL)('give their memory back', {timeout: 300_000}, async () => {
    await sleep(75_000);
    const before = memoryMib();
    await watchers(READERS);
    for (const {socket} of opened) socket.destroy();
    // It is given back once a minute at most, when nobody has asked for ten seconds.
    await sleep(75_000);
    expect(memoryMib() - before).toBeLessThan(20);
  });
});

describe('connections that the server waits for', () => {
  const login = (): string =>
    head('POST', '/v1/session', {
      ...{origin: served.origin, host: `127.0.0.1:${served.port}`},
      ...{'content-type': 'application/json', 'content-length': '60000'},
    });

  it('give way where each promises a body that does not come', async () => {
    for (let n = 0; n < 300; n++) await add(login());
    await becomes(() => opened.slice(0, 40).every((raw) => raw.isClosed()));
    expect(opened.slice(-200).filter((raw) => raw.isClosed())).toEqual([]);
    await expectAnswers();
  });

  it('give way between two requests, too, and while a run is watched its reader stays', async () => {
    const watching = await add(head('GET', `/v1/runs/${run}/events`, bearer()));
    await becomes(() => watching.text().includes('"type":"started"'));
    for (let n = 0; n < 300; n++) await add(head('GET', '/healthz', {}));
    await becomes(() => opened.slice(1, 40).every((raw) => raw.isClosed()));
    expect(opened.slice(1, 40).map((raw) => statuses(raw.text()))).toEqual(Array(39).fill([200]));
    expect(watching.isClosed()).toBe(false);
    await expectAnswers();
  });

  it('are closed after a refusal, also where the client leaves its half open', async () => {
    const before = files();
    for (let n = 0; n < 50; n++) await add('GET\r\n\r\n', {allowHalfOpen: true});
    await becomes(() => opened.every((raw) => statuses(raw.text()).length === 1));
    const begun = Date.now();
    await becomes(() => files() <= before + FEW);
    // Much earlier than by the time that headers may take.
    expect(Date.now() - begun).toBeLessThan(7000);
    expect(opened.map((raw) => statuses(raw.text()))).toEqual(Array(50).fill([400]));
  });

  it.runIf(FULL)(
    'are closed 30 s after a promise of a body, whatever the client closes',
    {timeout: 90_000},
    async () => {
      const before = files();
      for (let n = 0; n < 200; n++) await add(login(), {allowHalfOpen: true});
      await sleep(36_000);
      expect(files()).toBeLessThanOrEqual(before + FEW);
    },
  );

  it('give way to others: the oldest of more than 256', async () => {
    for (let n = 0; n < 300; n++) await add();
    await becomes(() => opened.slice(0, 40).every((raw) => raw.isClosed()));
    expect(opened.slice(-200).filter((raw) => raw.isClosed())).toEqual([]);
    await expectAnswers();
  });

  it('give way, too, where each sends a part of its headers', async () => {
    for (let n = 0; n < 300; n++) await add('GET /v1/runs HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ');
    await becomes(() => opened.slice(0, 40).every((raw) => raw.isClosed()));
    await expectAnswers();
  });

  it.runIf(FULL)(
    'are closed, whatever they drip: headers after 10 s, bodies after 30 s',
    {timeout: 120_000},
    async () => {
      const begun = Date.now();
      const text = {...bearer(), 'content-type': 'application/json', 'content-length': '1000'};
      const [headers, body] = [await add('GET / HTTP/1.1\r\n'), await add(head('POST', '/v1/runs', text))];
      const took = new Map<Raw, number>();
      const drip = setInterval(() => {
        headers.socket.write('x: y\r\n');
        body.socket.write(' ');
        for (const raw of [headers, body]) if (raw.isClosed() && !took.has(raw)) took.set(raw, Date.now() - begun);
      }, 500);
      try {
        while (took.size < 2 && Date.now() - begun < 60_000) await sleep(500);
      } finally {
        clearInterval(drip);
      }
      expect(took.get(headers)).toBeLessThan(15_000);
      expect(took.get(body)).toBeLessThan(36_000);
    },
  );
});

it.runIf(FULL)('a client who takes no answers makes none wait here without end', {timeout: 180_000}, async () => {
  const before = memoryMib();
  // More than any buffer of the system takes.
  const many = await add(head('GET', '/v1/openapi.json', bearer()).repeat(400));
  many.socket.pause();
  await sleep(30_000);
  expect(memoryMib() - before).toBeLessThan(100);
  await expectAnswers();
});

describe('bodies of 10 MB', () => {
  const whole = Buffer.alloc(10 * MIB, 'x');

  it.each([
    ['with their length', {'content-length': String(whole.length)}, [[413]]],
    ['in pieces', {'transfer-encoding': 'chunked'}, [[413]]],
    // Whoever promises more than is thrown away may be cut off before the answer is read.
    ['with a length that is a lie', {'content-length': '999999999999'}, [[413], []]],
  ])('%s are refused, and not kept', async (_, headers, answers) => {
    const before = memoryMib();
    const text = {authorization: `Bearer ${served.tokens.operator}`, 'content-type': 'application/json', ...headers};
    const raws = await Promise.all(Array.from({length: 8}, async () => add(head('POST', '/v1/runs', text))));
    for (const {socket} of raws) {
      if ('transfer-encoding' in headers) socket.write(`${whole.length.toString(16)}\r\n`);
      socket.write(whole);
      if ('transfer-encoding' in headers) socket.write('\r\n0\r\n\r\n');
    }
    await becomes(() => raws.every((raw) => raw.isClosed() || statuses(raw.text()).length > 0));
    for (const raw of raws) expect(answers).toContainEqual(statuses(raw.text()));
    expect(memoryMib() - before).toBeLessThan(60);
    await expectAnswers();
  });

  it('are refused with the reason that a client reads', async () => {
    const answer = await served.call('POST', '/v1/runs', {
      token: served.tokens.operator,
      raw: whole.toString('latin1'),
    });
    expect([answer.status, answer.json]).toMatchObject([413, {error: {code: 'LIMIT'}}]);
  });

  it('are thrown away where the call takes none', async () => {
    const raw = await add(head('GET', '/v1/session', {...bearer(), 'content-length': String(whole.length)}));
    raw.socket.write(whole);
    await becomes(() => raw.isClosed() || statuses(raw.text()).length > 0);
    expect(statuses(raw.text())).toEqual([200]);
    await expectAnswers();
  });
});

describe('many requests', () => {
  it('on one connection are answered in their order', async () => {
    const paths = Array.from({length: 100}, (_, n) => (n % 2 === 0 ? '/v1/session' : '/v1/none'));
    const raw = await add(paths.map((path) => head('GET', path, bearer())).join(''));
    await becomes(() => statuses(raw.text()).length === 100);
    expect(statuses(raw.text())).toEqual(paths.map((path) => (path === '/v1/session' ? 200 : 404)));
  });

  it('behind a body that was refused are not carried out', async () => {
    const text = {authorization: `Bearer ${served.tokens.operator}`, 'content-type': 'application/json'};
    const cancel = head('POST', `/v1/runs/${run}/cancel`, text);
    const raw = await add(head('POST', '/v1/runs', {...text, 'content-length': '70000'}) + cancel.repeat(10));
    await becomes(() => raw.isClosed());
    expect(statuses(raw.text())).toEqual([413]);
    expect((await served.run(run)).run.server?.cancelledBy).toBeNull();
  });

  it('that are none are refused, each connection by itself', async () => {
    for (const text of ['\0\0\0\0\r\n\r\n', 'GET\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`]) {
      const raw = await add(text);
      await becomes(() => raw.isClosed());
      expect([[400], [431], []]).toContainEqual(statuses(raw.text()));
    }
    const twice =
      'POST /v1/runs HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    const smuggled = await add(twice + head('GET', '/healthz', {}));
    await becomes(() => smuggled.isClosed());
    expect(statuses(smuggled.text())).not.toContain(200);
    await expectAnswers();
  });

  it('on 2,000 connections at once are all answered', async () => {
    const before = files();
    for (let from = 0; from < 2000; from += 200) {
      const some = await Promise.all(Array.from({length: 200}, async () => add(head('GET', '/v1/session', bearer()))));
      await becomes(() => some.every((raw) => statuses(raw.text()).length === 1));
    }
    for (const raw of opened) expect(statuses(raw.text())).toEqual([200]);
    for (const {socket} of opened) socket.destroy();
    await becomes(() => files() <= before + FEW);
  });
});
