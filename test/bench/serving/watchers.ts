import {once} from 'node:events';
import {connect} from 'node:net';
import type {Socket} from 'node:net';

/** What a watcher of a run has seen. */
export interface Watcher {
  readonly socket: Socket;
  /** Resolves at the message that ends the stream; rejects where the connection ends before. */
  readonly over: Promise<void>;
}

/** Watches the events of a run as a page does; `onEvent` is told each, and when it came. */
export async function watch(
  {port, token, id}: {readonly port: number; readonly token: string; readonly id: string},
  onEvent: (event: SeenEvent, receivedMs: number) => void,
): Promise<Watcher> {
  const socket = connect(port, '127.0.0.1');
  const {promise: over, resolve, reject} = Promise.withResolvers<undefined>();
  over.catch(() => undefined);
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const at = Date.now();
    const parts = (rest + chunk.toString('utf8')).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (/^event: end$/m.test(part)) resolve(undefined);
      else if (data !== undefined) onEvent(JSON.parse(data) as SeenEvent, at);
    }
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the stream ended before the run')));
  await once(socket, 'connect');
  const head = [`GET /v1/runs/${id}/events HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return {socket, over};
}

/** An event as far as the bench looks at it. */
export interface SeenEvent {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
}
