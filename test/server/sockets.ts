import {once} from 'node:events';
import type {Socket} from 'node:net';
import {connect} from 'node:net';

/** A connection without a client's help: what is written goes out as it stands. */
export interface Raw {
  readonly socket: Socket;
  /** What came so far. */
  readonly text: () => string;
  readonly isClosed: () => boolean;
}

/** Connects, and keeps what comes. `allowHalfOpen`: does not close its half when the server closes the other one. */
export async function open(port: number, text = '', {allowHalfOpen = false} = {}): Promise<Raw> {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen});
  const chunks: Buffer[] = [];
  const state = {isClosed: false};
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.isClosed = true;
  });
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return {socket, text: () => Buffer.concat(chunks).toString('utf8'), isClosed: () => state.isClosed};
}

/** A request as text. */
export function head(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({host: '127.0.0.1', ...headers}).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** How many answers came, by their status lines. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
