import {statSync} from 'node:fs';
import {join} from 'node:path';
import {openHistory} from '../../compose/context.ts';
import type {HistoryReader} from '../../ports/history.ts';
import {CallError} from '../errors.ts';
import type {ServerParts} from '../parts.ts';

/** So often the server looks whether the file is still the one that it has open; milliseconds. */
const LOOK_MS = 1000;

/** The history of this host, kept open: one connection for all who read. */
export class History {
  readonly #parts: Pick<ServerParts, 'caller' | 'now' | 'monotonic' | 'folder'>;
  readonly #path: string;
  #reader: HistoryReader | undefined;
  #opening: Promise<void> | undefined;
  #file = '';
  #lookAtMs = 0;

  constructor(parts: Pick<ServerParts, 'caller' | 'now' | 'monotonic' | 'folder'>) {
    this.#parts = parts;
    this.#path = join(parts.folder, '..', 'history.sqlite');
  }

  /** What the history answers; undefined where this host has none yet. CONFIG, UNAVAILABLE, NEWER_FORMAT: it cannot be read. */
  async read<T>(ask: (reader: HistoryReader) => T | Promise<T>): Promise<T | undefined> {
    const reader = await this.#open();
    if (!reader) return undefined;
    try {
      return await ask(reader);
    } catch (error) {
      // The next who asks opens it anew; what is only not there says nothing against it.
      if (!(error instanceof CallError)) this.close();
      throw error;
    }
  }

  close(): void {
    try {
      this.#reader?.close();
    } catch {
      // It is closed already.
    }
    this.#reader = undefined;
  }

  async #open(): Promise<HistoryReader | undefined> {
    const now = this.#parts.monotonic();
    if (this.#reader && now < this.#lookAtMs) return this.#reader;
    // Of several who ask at once one opens it.
    this.#opening ??= this.#look(now).finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
    return this.#reader;
  }

  async #look(now: number): Promise<void> {
    const stats = statSync(this.#path, {throwIfNoEntry: false});
    const file = stats ? `${stats.dev}:${stats.ino}` : '';
    if (this.#reader && file === this.#file) {
      this.#lookAtMs = now + LOOK_MS;
      return;
    }
    this.close();
    this.#reader = await openHistory(this.#parts.caller, this.#parts.now);
    this.#file = file;
    this.#lookAtMs = now + LOOK_MS;
  }
}
