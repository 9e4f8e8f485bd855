import type {IncomingMessage, ServerResponse} from 'node:http';
import {jsonText} from '../../core/json-text.ts';
import type {Secrets} from '../../secrets/registry.ts';
import {scrubEvent} from '../../secrets/scrub-deep.ts';
import type {RunRow} from '../contract/runs.ts';
import type {FeedItem, Watcher} from '../runs/feeds.ts';

/** A reader that takes nothing for so long is dropped, and begins anew behind what it has. */
const STUCK_MS = 30_000;
const PING_MS = 15_000;
const PING = Buffer.from(': ping\n\n');
/** Whether readers are still let in is looked at so often. */
const LOOK_MS = 1000;

/** The number behind which a reader goes on; 0: everything. */
export function lastEventId({headers}: IncomingMessage): number {
  const text = headers['last-event-id'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** Readers of server-sent events, each kept alive by a comment every 15 s, and ended when its login or token is. */
export class EventStreams {
  readonly #secrets: Secrets;
  /** Each with whether it is still let in. */
  readonly #open = new Map<ServerResponse, () => boolean>();
  /** The bytes of each event, made once for all readers. */
  readonly #frames = new WeakMap<FeedItem, Buffer>();
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /**
   * Begins a stream: a watcher that writes to it, and drops it where it is slow. `onEnd` is called once, when the stream is over; `isIn` tells
   * whether its reader is still let in.
   */
  begin(response: ServerResponse, {onEnd, isIn}: {readonly onEnd: () => void; readonly isIn: () => boolean}): Watcher {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would keep events back.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    this.#open.set(response, isIn);
    if (this.#timers.length === 0)
      this.#timers = [
        setInterval(() => this.#ping(), PING_MS).unref(),
        setInterval(() => this.#look(), LOOK_MS).unref(),
      ];
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) {
        for (const timer of this.#timers) clearInterval(timer);
        this.#timers = [];
      }
      onEnd();
    });
    return {
      take: (item: FeedItem) => this.#write(response, this.#frameOf(item)),
      end: (run: RunRow) => {
        const json = jsonText(scrubEvent(run, (text) => this.#secrets.scrub(text)));
        response.end(`event: end\ndata: ${json}\n\n`);
      },
      fail: () => void response.destroy(),
    };
  }

  /** Ends all streams, as a server that ends does: browsers come again. */
  close(): void {
    for (const response of this.#open.keys()) response.destroy();
  }

  #frameOf(item: FeedItem): Buffer {
    let frame = this.#frames.get(item);
    if (!frame) this.#frames.set(item, (frame = Buffer.from(`id: ${item.event.seq}\ndata: ${item.json}\n\n`)));
    return frame;
  }

  #write(response: ServerResponse, bytes: Buffer): void | Promise<void> {
    if (response.destroyed || response.write(bytes)) return undefined;
    return new Promise((resolve) => {
      const stuck = setTimeout(() => response.destroy(), STUCK_MS);
      const done = (): void => {
        clearTimeout(stuck);
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.once('drain', done);
      response.once('close', done);
    });
  }

  #ping(): void {
    for (const response of this.#open.keys()) void this.#write(response, PING);
  }

  #look(): void {
    for (const [response, isIn] of this.#open) if (!mayRead(isIn)) response.destroy();
  }
}

/** Nobody reads on while the tokens cannot be read. */
function mayRead(isIn: () => boolean): boolean {
  try {
    return isIn();
  } catch {
    return false;
  }
}
