import {randomBytes} from 'node:crypto';
import {createSocket} from 'node:dgram';
import {readFile} from 'node:fs/promises';
import {isIPv4} from 'node:net';

/** Where QEMU's user-mode network relays questions about names to this host's resolver. */
export const RELAY = '10.0.2.3';

/** What QEMU reads of this host to find that resolver. */
export const RESOLVER_FILE = '/etc/resolv.conf';

/** Two questions that no resolver need look up for long: the name servers of the root, and localhost (RFC 6761); type and class follow the name. */
const QUESTIONS = [
  Buffer.from([0, 0, 2, 0, 1]),
  Buffer.concat([Buffer.from('\u0009localhost\0'), Buffer.from([0, 1, 0, 1])]),
];

/**
 * Does the resolver of this host that QEMU relays to give any answer over UDP, also a refusal? That is the first IPv4 address in
 * `/etc/resolv.conf` (https://gitlab.freedesktop.org/slirp/libslirp/-/blob/master/src/slirp.c, get_dns_addr_resolv_conf). Never rejects;
 * a resolver that gives none takes at most six seconds.
 */
export async function relayAnswers({file = RESOLVER_FILE, port = 53, eachMs = 3_000} = {}): Promise<boolean> {
  const address = firstNameserver(await readFile(file, 'utf8').catch(() => ''));
  if (address === undefined) return false;
  for (const question of QUESTIONS) if (await givesAnswer({address, port, question, eachMs})) return true;
  return false;
}

function firstNameserver(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => /^nameserver[ \t]+(\S+)/.exec(line)?.[1] ?? '')
    .find((address) => isIPv4(address));
}

function givesAnswer(of: {
  readonly address: string;
  readonly port: number;
  readonly question: Buffer;
  readonly eachMs: number;
}): Promise<boolean> {
  const id = randomBytes(2);
  // Recursion is wanted; one question (RFC 1035, section 4.1.1).
  const query = Buffer.concat([id, Buffer.from([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), of.question]);
  const socket = createSocket('udp4');
  return new Promise<boolean>((resolve) => {
    const end = (answered: boolean): void => {
      clearTimeout(timer);
      resolve(answered);
    };
    const timer = setTimeout(() => end(false), of.eachMs);
    socket.on('error', () => end(false));
    socket.on('message', (answer) => {
      if (answer.length >= 12 && answer.subarray(0, 2).equals(id) && ((answer[2] ?? 0) & 0x80) !== 0) end(true);
    });
    // A connected socket takes packets of this server only, and hears that nobody listens there.
    socket.connect(of.port, of.address, (error?: Error) => {
      if (error) end(false);
      else socket.send(query);
    });
  }).finally(() => socket.close());
}
