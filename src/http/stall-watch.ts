import {ProgressFloor} from './progress-floor.ts';
import type {Floor} from './progress-floor.ts';

/** What of a request of node:http is looked at. */
export interface Wire {
  readonly socket: {
    readonly connecting: boolean;
    /** Of TLS alone. */
    readonly secureConnecting?: boolean;
    readonly bytesWritten: number;
    readonly writableLength: number;
  } | null;
  readonly writableFinished: boolean;
  readonly writableLength: number;
  once(event: 'finish', listener: () => void): unknown;
}

/** What is watched; `streaming`: the request has a streamed body, so only silence counts, not the whole time. */
export interface StallWatchOptions {
  readonly wire: Wire;
  readonly limitMs: number;
  readonly streaming: boolean;
  /** Limit of name, connection and TLS. */
  readonly connectMs: number;
  readonly floor: Floor;
  /** Called once, with what did not happen in time. */
  readonly onStall: (what: string) => void;
}

/**
 * Ends a request that gets no answer in time. While a body is streamed, the clock runs only when the server is the one
 * we wait for: a slow source of bytes is its own matter. A server that takes a byte now and then is ended, too. Looks four times per
 * limit, at most every 50 ms.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #floor: ProgressFloor;
  #since = performance.now();
  #looked = performance.now();
  #written = 0;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#floor = new ProgressFloor(options.floor);
    const shortest = Math.min(options.limitMs, options.connectMs);
    this.#timer = setInterval(() => this.#look(), Math.max(50, Math.min(shortest / 4, 5000)));
    options.wire.once('finish', () => (this.#since = performance.now()));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const passedMs = now - this.#looked;
    this.#looked = now;
    if (this.#options.streaming && this.#moves(passedMs)) this.#since = now;
    const {limitMs, connectMs} = this.#options;
    const connecting = isConnecting(this.#options.wire);
    const limit = connecting ? Math.min(limitMs, connectMs) : limitMs;
    if (now - this.#since >= limit) this.#end(`${this.#what(connecting)} within ${limit / 1000} s`);
  }

  #moves(passedMs: number): boolean {
    const {wire, floor} = this.#options;
    if (wire.writableFinished || wire.socket === null || isConnecting(wire)) return false;
    const {bytesWritten, writableLength} = wire.socket;
    const moved = bytesWritten - this.#written;
    this.#written = bytesWritten;
    const starved = wire.writableLength === 0 && writableLength === 0;
    if (!this.#floor.enough({waitedMs: starved ? 0 : passedMs, bytes: moved}))
      this.#end(`the server took fewer than ${this.#floor.least} bytes within ${floor.windowMs / 1000} s`);
    return moved > 0 || starved;
  }

  #end(what: string): void {
    this.stop();
    this.#options.onStall(what);
  }

  #what(connecting: boolean): string {
    const {wire, streaming} = this.#options;
    if (connecting) return 'no connection';
    return streaming && !wire.writableFinished ? 'the server took no byte' : 'no answer';
  }
}

function isConnecting({socket}: Wire): boolean {
  return socket === null || socket.connecting || socket.secureConnecting === true;
}
