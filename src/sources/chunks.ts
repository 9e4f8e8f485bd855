/** Bytes from the start of a stream, and the whole stream again. */
export interface Started {
  readonly head: Buffer;
  /** Nothing follows the head. */
  readonly complete: boolean;
}

/** Reads a stream's beginning in steps without losing it. */
export interface Peeker {
  /** Sees at least that many bytes, unless the stream is shorter. */
  peek(bytes: number): Promise<Started>;
  /** Everything, from the first byte on; once. Leaving the loop closes the source. */
  rest(): AsyncGenerator<Uint8Array>;
  /** Leaves the stream before {@link rest} was begun. */
  close(): Promise<void>;
}

/** Wraps a stream of chunks so that its beginning can be judged before anything is passed on. */
export function peekable(chunks: AsyncIterable<Uint8Array>): Peeker {
  const source = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  let complete = false;
  return {
    async peek(bytes) {
      while (length < bytes && !complete) {
        const next = await source.next();
        if (next.done === true) complete = true;
        else {
          seen.push(next.value);
          length += next.value.length;
        }
      }
      return {head: Buffer.concat(seen), complete};
    },
    async *rest() {
      try {
        for (;;) {
          const kept = seen.shift();
          if (kept === undefined) break;
          if (kept.length > 0) yield kept;
        }
        for (;;) {
          const next = complete ? undefined : await source.next();
          if (next === undefined || next.done === true) return;
          if (next.value.length > 0) yield next.value;
        }
      } finally {
        await source.return?.();
      }
    },
    async close() {
      await source.return?.();
    },
  };
}
