import type http from 'node:http';

/** What is watched; `streaming`: the request has a streamed body, so only silence counts, not the whole time. */
export interface StallWatchOptions {
  readonly wire: http.ClientRequest;
  readonly limitMs: number;
  readonly streaming: boolean;
  /** Called once, with what did not happen in time. */
  readonly onStall: (what: string) => void;
}

/**
 * Ends a request that gets no answer in time. While a body is streamed, the clock runs only when the server is the one
 * we wait for: a slow source of bytes is its own matter. Looks four times per limit, at most every 50 ms.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #since = performance.now();
  #written = 0;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), Math.max(50, Math.min(options.limitMs / 4, 5000)));
    options.wire.once('finish', () => (this.#since = performance.now()));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#options.streaming && this.#moves()) this.#since = performance.now();
    if (performance.now() - this.#since < this.#options.limitMs) return;
    this.stop();
    this.#options.onStall(this.#what());
  }

  #moves(): boolean {
    const {wire} = this.#options;
    if (wire.writableFinished || wire.socket === null || wire.socket.connecting) return false;
    const written = wire.socket.bytesWritten;
    const moved = written !== this.#written;
    this.#written = written;
    return moved || (wire.writableLength === 0 && wire.socket.writableLength === 0);
  }

  #what(): string {
    const {wire, streaming} = this.#options;
    if (wire.socket === null || wire.socket.connecting) return 'no connection';
    return streaming && !wire.writableFinished ? 'the server took no byte' : 'no answer';
  }
}
