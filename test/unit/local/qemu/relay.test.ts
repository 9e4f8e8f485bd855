import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {relayAnswers} from '../../../../src/local/qemu/relay.ts';

let folder = '';
const closing: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-relay-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await rm(folder, {recursive: true, force: true});
});

/** A resolver that sends what is made of each query; undefined: nothing. Gives its port. */
async function resolver(reply: (query: Buffer, number: number) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4');
  closing.push(() => socket.close());
  let number = 0;
  socket.on('message', (query, from) => {
    const answer = reply(query, ++number);
    if (answer) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

function answered(code: number, query: Buffer): Buffer {
  const answer = Buffer.from(query);
  answer[2] = (answer[2] ?? 0) | 0x80;
  answer[3] = code;
  return answer;
}

async function isAnswered(port: number, text = 'nameserver 127.0.0.1\n', eachMs = 20_000): Promise<boolean> {
  const file = join(folder, 'resolv.conf');
  await writeFile(file, text);
  return relayAnswers({file, port, eachMs});
}

describe("this host's resolver, as QEMU relays to it", () => {
  it.each([
    ['NOERROR', 0],
    ['SERVFAIL', 2],
    ['NXDOMAIN', 3],
    ['REFUSED', 5],
  ])('R10: %s is an answer', async (_name, code) => {
    expect(await isAnswered(await resolver((query) => answered(code, query)))).toBe(true);
  });

  it('R10: it is asked a second time', async () => {
    const port = await resolver((query, number) => (number === 1 ? undefined : answered(5, query)));
    expect(await isAnswered(port, 'nameserver 127.0.0.1\n', 2_000)).toBe(true);
  });

  it.each<[string, (query: Buffer) => Buffer | undefined]>([
    ['silence', () => undefined],
    ['the question', (query) => query],
    [
      'an answer to another question',
      (query) => Buffer.concat([Buffer.from([(query[0] ?? 0) ^ 1]), answered(0, query).subarray(1)]),
    ],
    ['eleven bytes', (query) => answered(0, query).subarray(0, 11)],
    ['nothing at all', () => Buffer.alloc(0)],
  ])('R10: %s is none', async (_name, reply) => {
    expect(await isAnswered(await resolver(reply), undefined, 60)).toBe(false);
  });

  it('R10: the first IPv4 address counts, as in QEMU', async () => {
    const port = await resolver((query) => answered(0, query));
    expect(await isAnswered(port, '# here\nsearch example\nnameserver fe80::1%ens3\nnameserver\t127.0.0.1\n')).toBe(
      true,
    );
    expect(await isAnswered(port, 'nameserver 127.0.0.9\nnameserver 127.0.0.1\n', 60)).toBe(false);
  });

  it.each(['', 'search example\n', 'nameserver ::1\n', 'nameserver example\n', '#nameserver 127.0.0.1\n'])(
    'R10: %j names none',
    async (text) => {
      const port = await resolver((query) => answered(0, query));
      expect(await isAnswered(port, text)).toBe(false);
    },
  );

  it('R10: neither does a file that is not there', async () => {
    expect(await relayAnswers({file: join(folder, 'absent')})).toBe(false);
  });

  it('R10: where nobody listens, there is no answer', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const {port} = socket.address();
    socket.close();
    expect(await isAnswered(port, undefined, 2_000)).toBe(false);
  });
});
