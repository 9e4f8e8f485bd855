import type {Socket} from 'node:net';

/** What the first bytes of a connection say: wait for more, or the server name that they ask for, '' for none. */
export type Greeting = {readonly complete: false} | {readonly complete: true; readonly serverName: string};

const NOTHING: Greeting = {complete: true, serverName: ''};
/** As much as a TLS record may hold. */
const LONGEST_RECORD = 16_384;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;

/**
 * Reads the server name of a ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3) that lies in one record. Everything else, also what
 * is no TLS at all, is complete and names nothing: the TLS library says what is wrong with it.
 */
export function readGreeting(bytes: Buffer): Greeting {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return NOTHING;
  if (bytes.length < 5) return {complete: false};
  const length = bytes.readUInt16BE(3);
  if (length > LONGEST_RECORD) return NOTHING;
  if (bytes.length < 5 + length) return {complete: false};
  try {
    return {complete: true, serverName: serverNameOf(bytes.subarray(5, 5 + length))};
  } catch (error) {
    // A length that leads beyond the end.
    if (error instanceof RangeError) return NOTHING;
    throw error;
  }
}

function serverNameOf(hello: Buffer): string {
  if (hello.readUInt8(0) !== CLIENT_HELLO) return '';
  // Type, length, version and random; then session id, cipher suites and compression methods, each behind its length.
  let at = 1 + 3 + 2 + 32;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end;) {
    const type = hello.readUInt16BE(at);
    const size = hello.readUInt16BE(at + 2);
    if (type === SERVER_NAME) return hello.toString('latin1', at + 9, at + 9 + hello.readUInt16BE(at + 7));
    at += 4 + size;
  }
  return '';
}

/** Calls back once with the server name that the connection greets with; its bytes stay to be read. Never, if it ends before that. */
export function onGreeting(socket: Socket, then: (serverName: string) => void): void {
  let bytes = Buffer.alloc(0);
  const read = (): void => {
    for (let chunk = take(socket); chunk; chunk = take(socket)) bytes = Buffer.concat([bytes, chunk]);
    const greeting = readGreeting(bytes);
    if (!greeting.complete || socket.destroyed) return;
    socket.off('readable', read);
    socket.unshift(bytes);
    then(greeting.serverName);
  };
  socket.on('readable', read);
}

function take(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read();
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}
