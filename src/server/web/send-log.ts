import {once} from 'node:events';
import type {ServerResponse} from 'node:http';
import type {Secrets} from '../../secrets/registry.ts';
import type {LogAnswer} from '../contract/runs.ts';

/** A reader that takes nothing for so long is dropped. */
const STUCK_MS = 30_000;

/** Sends all that there is of a log as a file, a part at a time, as fast as it is taken. */
export async function sendLog(
  response: ServerResponse,
  {
    id,
    log,
    read,
    secrets,
  }: {
    readonly id: string;
    readonly log: string;
    readonly read: (offset: number) => Promise<LogAnswer>;
    readonly secrets: Secrets;
  },
): Promise<void> {
  const first = await read(0);
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'content-disposition': `attachment; filename="imgmgr-${id}-${log}.txt"`,
  });
  for (let part = first; part.lines.length > 0 && !response.destroyed; part = await read(part.next)) {
    const text = part.lines.map((line) => `${secrets.scrub(line)}\n`).join('');
    if (!response.write(text)) await drained(response);
  }
  response.end();
}

async function drained(response: ServerResponse): Promise<void> {
  try {
    await once(response, 'drain', {signal: AbortSignal.timeout(STUCK_MS)});
  } catch {
    response.destroy();
  }
}
