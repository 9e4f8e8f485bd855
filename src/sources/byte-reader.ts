/** Reads a stream of chunks in pieces of the reader's choice. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();
  /** Of the content that is being read. */
  #unread = 0;
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  /** Bytes that were read so far. */
  get position(): number {
    return this.#position;
  }

  /** So many bytes, or fewer at the end of the stream. */
  async some(size: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < size) {
      const part = await this.#next(size - length);
      if (part === undefined) break;
      parts.push(part);
      length += part.length;
    }
    return Buffer.concat(parts, length);
  }

  /** The next bytes, as they come; `short` is thrown where the stream ends before. What is not read of them is left to {@link skip}. */
  content(size: number, short: () => Error): AsyncGenerator<Uint8Array> {
    this.#unread = size;
    return this.#parts(short);
  }

  /** Reads over what is left of the last {@link content}. */
  async skip(short: () => Error): Promise<void> {
    const parts = this.#parts(short);
    while ((await parts.next()).done !== true) continue;
  }

  /** The rest of the stream. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (let part = await this.#next(Infinity); part !== undefined; part = await this.#next(Infinity)) yield part;
  }

  /** Gives back what was read last, to be read again. */
  unread(bytes: Uint8Array): void {
    this.#held = Buffer.concat([bytes, this.#held]);
    this.#position -= bytes.length;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async *#parts(short: () => Error): AsyncGenerator<Uint8Array> {
    while (this.#unread > 0) {
      const part = await this.#next(this.#unread);
      if (part === undefined) throw short();
      this.#unread -= part.length;
      yield part;
    }
  }

  async #next(most: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#held = next.value;
    }
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    this.#position += part.length;
    return part;
  }
}
