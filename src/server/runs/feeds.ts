import type {StoredEvent} from '../../core/history/records.ts';
import {jsonText} from '../../core/json-text.ts';
import type {HistoryReader} from '../../ports/history.ts';
import {scrubEvent} from '../../secrets/scrub-deep.ts';
import type {RunRow} from '../contract/runs.ts';
import type {ServerParts} from '../parts.ts';
import type {History} from './history.ts';

/** An event of a run, and its JSON, which is made once for all who watch. */
export interface FeedItem {
  readonly event: StoredEvent;
  readonly json: string;
}

/** Somebody who watches a run. */
export interface Watcher {
  /** Takes an event; while everything that was before is sent, it is waited for. Whoever cannot take it ends the watch. */
  take(item: FeedItem): void | Promise<void>;
  /** The run is over, and nothing more comes. */
  end(run: RunRow): void;
  /** What is stored cannot be read at this moment. */
  fail(error: unknown): void;
}

/** What the feeds are made with. */
export interface FeedParts extends Pick<ServerParts, 'secrets'> {
  readonly history: History;
  /** The row of a run as answers have it, and whether it goes on. */
  readonly look: (id: string) => Promise<{readonly run: RunRow; readonly isOver: boolean} | undefined>;
}

/** As many events are read at once. */
const PAGE = 200;
/** A run that is watched is looked at so often. */
const POLL_MS = 80;
/** Whether it is over is asked so seldom. */
const POLLS_PER_LOOK = 6;
/** The last event is stored a moment after the end of the run. */
const LAST_LOOKS = 3;
/** Together as many watchers at most. */
const MOST_WATCHERS = 2000;

/** Tails the events of each run that somebody watches once, however many do. */
export class Feeds {
  readonly #parts: FeedParts;
  readonly #feeds = new Map<string, Feed>();
  #watchers = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /** False where nobody else can watch now. */
  get hasRoom(): boolean {
    return this.#watchers < MOST_WATCHERS;
  }

  get watchers(): number {
    return this.#watchers;
  }

  /** Everything of the run behind the event of that number, then what comes; the answer ends the watch. */
  watch(id: string, after: number, watcher: Watcher): () => void {
    this.#watchers += 1;
    const feed = this.#feeds.get(id) ?? new Feed(id, this.#parts, () => this.#feeds.delete(id));
    this.#feeds.set(id, feed);
    const stop = feed.add(watcher, after);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#watchers -= 1;
      stop();
    };
  }

  /** Ends every watch, as a server that ends does. */
  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
  }
}

interface Watch {
  readonly watcher: Watcher;
  /** Number of the last event that it took. */
  after: number;
  isOver: boolean;
}

class Feed {
  readonly #id: string;
  readonly #parts: FeedParts;
  readonly #onEmpty: () => void;
  readonly #live = new Set<Watch>();
  #catchingUp = 0;
  /** Number of the last event that was read for all. */
  #position = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #polls = 0;
  #lastLooks = LAST_LOOKS;
  #isClosed = false;

  constructor(id: string, parts: FeedParts, onEmpty: () => void) {
    this.#id = id;
    this.#parts = parts;
    this.#onEmpty = onEmpty;
  }

  add(watcher: Watcher, after: number): () => void {
    const watch: Watch = {watcher, after, isOver: false};
    void this.#catchUp(watch);
    return () => {
      watch.isOver = true;
      this.#live.delete(watch);
      this.#leaveIfEmpty();
    };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Page by page, as fast as it is taken, until nothing is left that the others have. */
  async #catchUp(watch: Watch): Promise<void> {
    this.#catchingUp += 1;
    try {
      // A number that no event has yet would be waited for.
      const looked = await this.#parts.look(this.#id);
      watch.after = Math.min(watch.after, looked?.run.lastSeq ?? 0);
      for (;;) {
        const items = await this.#read(watch.after);
        for (const item of items) {
          if (watch.isOver) return;
          await watch.watcher.take(item);
          watch.after = item.event.seq;
        }
        if (watch.isOver || this.#isClosed) return;
        if (items.length === PAGE || (Number.isFinite(this.#position) && watch.after < this.#position)) continue;
        if (!Number.isFinite(this.#position)) this.#position = watch.after;
        this.#live.add(watch);
        this.#polls = 0;
        this.#timer ??= setTimeout(() => void this.#poll(), 0);
        return;
      }
    } catch (error) {
      if (!watch.isOver) watch.watcher.fail(error);
    } finally {
      this.#catchingUp -= 1;
      this.#leaveIfEmpty();
    }
  }

  async #poll(): Promise<void> {
    try {
      const items = await this.#read(this.#position);
      for (const item of items) {
        this.#position = item.event.seq;
        for (const watch of this.#live) this.#give(watch, item);
      }
      if (items.length === 0 && this.#polls % POLLS_PER_LOOK === 0) await this.#lookForEnd();
      else if (items.length > 0) this.#lastLooks = LAST_LOOKS;
      this.#polls += 1;
    } catch (error) {
      for (const {watcher} of this.#live) watcher.fail(error);
    }
    this.#timer = undefined;
    if (this.#live.size > 0 && !this.#isClosed) this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  #give(watch: Watch, item: FeedItem): void {
    if (item.event.seq <= watch.after) return;
    watch.after = item.event.seq;
    void watch.watcher.take(item);
  }

  async #lookForEnd(): Promise<void> {
    const looked = await this.#parts.look(this.#id);
    if (looked && !looked.isOver) return;
    this.#lastLooks -= 1;
    // Looked at again at once.
    this.#polls = POLLS_PER_LOOK - 1;
    if (this.#lastLooks > 0) return;
    for (const {watcher} of [...this.#live])
      if (looked) watcher.end(looked.run);
      else watcher.fail(new Error('the run is not there any more'));
  }

  async #read(after: number): Promise<readonly FeedItem[]> {
    const {history, secrets} = this.#parts;
    const read = (reader: HistoryReader): readonly StoredEvent[] => reader.events(this.#id, {after, limit: PAGE});
    const events = (await history.read(read)) ?? [];
    return events.map((stored) => {
      const event = scrubEvent(stored, (text) => secrets.scrub(text));
      return {event, json: jsonText(event)};
    });
  }

  #leaveIfEmpty(): void {
    if (this.#live.size > 0 || this.#catchingUp > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onEmpty();
  }
}
