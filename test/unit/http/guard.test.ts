import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {HttpRequest} from '../../../src/http.ts';
import {resolving} from '../sources/names.ts';

/** A server on one address of the loopback network; tells what connected to it. */
async function serveOn(host: string, port = 0): Promise<{readonly port: number; readonly connections: () => number}> {
  let connections = 0;
  const server = createServer((_, response) => response.end('here'));
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {port: (server.address() as AddressInfo).port, connections: () => connections};
}

function get(url: string, judgeAddress?: (address: string) => Error | undefined): HttpRequest<'text'> {
  return {
    method: 'GET',
    url,
    response: 'text',
    expect: [200],
    timeoutMs: 5000,
    retry: false,
    ...(judgeAddress && {judgeAddress}),
  };
}

/** Judges by a list, and remembers what it was asked. */
function judging(bad: readonly string[]): {
  readonly judge: (address: string) => Error | undefined;
  readonly judged: string[];
} {
  const judged: string[] = [];
  return {
    judged,
    judge: (address) => {
      judged.push(address);
      return bad.includes(address) ? new Error(`refused ${address}`) : undefined;
    },
  };
}

describe('S2: the judged address is the one that is connected to', () => {
  test('one connection asks the resolver once, also when its second answer would be another one', async () => {
    const good = await serveOn('127.0.0.2');
    const bad = await serveOn('127.0.0.3', good.port);
    const {http, asked} = resolving({'rebinding.example': [['127.0.0.2'], ['127.0.0.3']]});
    const {judge, judged} = judging(['127.0.0.3']);
    const answer = await http.request(get(`http://rebinding.example:${good.port}/`, judge));
    expect(answer.body).toBe('here');
    expect(asked).toEqual(['rebinding.example']);
    expect([...new Set(judged)]).toEqual(['127.0.0.2']);
    expect([good.connections(), bad.connections()]).toEqual([1, 0]);
  });

  test('a second connection is judged by its own answer', async () => {
    const good = await serveOn('127.0.0.2');
    const bad = await serveOn('127.0.0.3', good.port);
    const {http} = resolving({'rebinding.example': [['127.0.0.2'], ['127.0.0.3']]});
    const {judge} = judging(['127.0.0.3']);
    const close = {connection: 'close'};
    await http.request({...get(`http://rebinding.example:${good.port}/`, judge), headers: close});
    await expect(
      http.request({...get(`http://rebinding.example:${good.port}/`, judge), headers: close}),
    ).rejects.toThrow('refused 127.0.0.3');
    expect([good.connections(), bad.connections()]).toEqual([1, 0]);
  });

  test('one bad address among several refuses the name before anything is connected to', async () => {
    const good = await serveOn('127.0.0.2');
    const {http} = resolving({'mixed.example': [['127.0.0.2', '127.0.0.3']]});
    const {judge} = judging(['127.0.0.3']);
    await expect(http.request(get(`http://mixed.example:${good.port}/`, judge))).rejects.toThrow('refused 127.0.0.3');
    expect(good.connections()).toBe(0);
  });

  test('a name with several addresses is tried address by address, all of them judged', async () => {
    const good = await serveOn('127.0.0.2');
    const {http, asked} = resolving({'two.example': [['127.0.0.4', '127.0.0.2']]});
    const {judge, judged} = judging([]);
    expect((await http.request(get(`http://two.example:${good.port}/`, judge))).body).toBe('here');
    expect(asked).toHaveLength(1);
    expect(judged).toEqual(expect.arrayContaining(['127.0.0.4', '127.0.0.2']));
  });

  test('an address in the URL has no lookup and is judged, too', async () => {
    const server = await serveOn('127.0.0.3');
    const {http} = resolving({});
    const {judge} = judging(['127.0.0.3']);
    await expect(http.request(get(`http://0x7f000003:${server.port}/`, judge))).rejects.toThrow('refused 127.0.0.3');
    expect(server.connections()).toBe(0);
  });

  test('a connection that was kept open for a request without a judge serves no request that would refuse it', async () => {
    const server = await serveOn('127.0.0.3');
    const {http, asked} = resolving({'kept.example': [['127.0.0.3']]});
    const url = `http://kept.example:${server.port}/`;
    await http.request(get(url));
    await expect(http.request(get(url, judging(['127.0.0.3']).judge))).rejects.toThrow('refused 127.0.0.3');
    expect([server.connections(), asked.length]).toEqual([1, 1]);
  });
});
