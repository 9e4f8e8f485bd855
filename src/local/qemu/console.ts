import {open} from 'node:fs/promises';
import {StringDecoder} from 'node:string_decoder';

/** How much of a console is handed out. */
const SHOWN = 64 * 1024;

/** A console longer than this is cut, so that a guest that prints without end does not fill the disk. */
const LONGEST = 16 * 1024 * 1024;

/** The end of a serial console that QEMU appends to a file. */
export class ConsoleFile {
  readonly #path: string;
  readonly #longest: number;
  #before = '';

  constructor(path: string, longest = LONGEST) {
    this.#path = path;
    this.#longest = longest;
  }

  /** At most the last 64 KiB, as text; broken UTF-8 at its beginning is dropped. */
  async tail(): Promise<string> {
    const {text} = await this.#read();
    return (this.#before + text).slice(-SHOWN);
  }

  /** Empties a file that grew too long, keeping its end in memory. QEMU writes on from the new end. */
  async trim(): Promise<void> {
    const {size, text} = await this.#read();
    if (size < this.#longest) return;
    this.#before = text;
    const file = await open(this.#path, 'r+');
    try {
      await file.truncate(0);
    } finally {
      await file.close();
    }
  }

  async #read(): Promise<{readonly size: number; readonly text: string}> {
    const file = await open(this.#path, 'r');
    try {
      const {size} = await file.stat();
      const bytes = Buffer.alloc(Math.min(size, SHOWN));
      const {bytesRead} = await file.read(bytes, 0, bytes.length, size - bytes.length);
      return {size, text: new StringDecoder('utf8').write(bytes.subarray(0, bytesRead)).replace(/^\ufffd+/, '')};
    } finally {
      await file.close();
    }
  }
}
