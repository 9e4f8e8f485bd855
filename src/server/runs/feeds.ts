import {setTimeout as sleep} from 'node:timers/promises';
import type {StoredEvent} from '../../core/history/records.ts';
import {jsonText} from '../../core/json-text.ts';
import type {HistoryReader} from '../../ports/history.ts';
import {scrubEvent} from '../../secrets/scrub-deep.ts';
import type {RunRow} from '../contract/runs.ts';
import {CallError} from '../errors.ts';
import type {ServerParts} from '../parts.ts';
import type {History} from './history.ts';

/** An event of a run, and its JSON, which is made once for all who watch. */
export interface FeedItem {
  readonly event: StoredEvent;
  readonly json: string;
}

/** Somebody who watches a run. */
export interface Watcher {
  /** Takes an event; where that takes time, no other event comes until it is done. Whoever cannot take it ends the watch. */
  take(item: FeedItem): void | Promise<void>;
  /** The run is over, and nothing more comes. */
  end(run: RunRow): void;
  /** What is stored cannot be read at this moment, or the server ends. */
  fail(error: unknown): void;
}

/** What the feeds are made with. */
export interface FeedParts extends Pick<ServerParts, 'secrets'> {
  readonly history: Pick<History, 'read'>;
  /** The row of a run as answers have it, and whether it goes on. */
  readonly look: (id: string) => Promise<{readonly run: RunRow; readonly isOver: boolean} | undefined>;
}

/** As many events are read at once. */
const PAGE = 200;
/** Pages that stay for others who are about to read them, while somebody reads what was before. */
const PAGES_KEPT = 4;
/** A run that is watched is looked at so often. */
const POLL_MS = 80;
/** Whether it is over is asked so seldom. */
const POLLS_PER_LOOK = 6;
/** The last event is stored a moment after the end of the run. */
const LAST_LOOKS = 3;
/** When the server ends, what is stored may be read for so long. */
const LAST_MS = 1000;
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
    const feed: Feed =
      this.#feeds.get(id) ??
      new Feed(id, this.#parts, () => {
        // Another may have begun since.
        if (this.#feeds.get(id) === feed) this.#feeds.delete(id);
      });
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

  /** Ends every watch, as a server that ends does: of runs that are over with their end. */
  async close(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map(async (feed) => feed.close()));
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
  readonly #catchingUp = new Map<Watch, Promise<void>>();
  /** By the number of the event that each begins behind. */
  readonly #pages = new Map<number, Promise<readonly FeedItem[]>>();
  #looking: ReturnType<FeedParts['look']> | undefined;
  /** Number of the last event that was read for all. */
  #position = 0;
  #timer: NodeJS.Timeout | undefined;
  #polls = 0;
  #lastLooks = LAST_LOOKS;
  /** The server ends: how the run ended, where it is over. */
  #closed: {readonly run: RunRow | undefined} | undefined;

  constructor(id: string, parts: FeedParts, onEmpty: () => void) {
    this.#id = id;
    this.#parts = parts;
    this.#onEmpty = onEmpty;
  }

  add(watcher: Watcher, after: number): () => void {
    const watch: Watch = {watcher, after, isOver: false};
    this.#readOn(watch);
    return () => {
      watch.isOver = true;
      this.#live.delete(watch);
      this.#leaveIfEmpty();
    };
  }

  async close(): Promise<void> {
    const looked = await this.#parts.look(this.#id).catch(() => undefined);
    this.#closed = {run: looked?.isOver === true ? looked.run : undefined};
    clearTimeout(this.#timer);
    const live = [...this.#live];
    this.#live.clear();
    for (const watch of live) this.#readOn(watch);
    await Promise.race([Promise.all(this.#catchingUp.values()), sleep(LAST_MS, undefined, {ref: false})]);
    for (const {watcher} of this.#catchingUp.keys()) watcher.fail(serverEnds());
  }

  /** Lets somebody read by himself, once what he has is `taken`, until he is as far as the others. */
  #readOn(watch: Watch, taken?: Promise<void>): void {
    const reading = this.#catchUp(watch, taken).finally(() => {
      if (this.#catchingUp.get(watch) === reading) this.#catchingUp.delete(watch);
      if (this.#catchingUp.size === 0) this.#pages.clear();
      this.#leaveIfEmpty();
    });
    this.#catchingUp.set(watch, reading);
  }

  /** Page by page, as fast as it is taken, until nothing is left that the others have. */
  async #catchUp(watch: Watch, taken: Promise<void> | undefined): Promise<void> {
    try {
      await taken;
      // A number that no event has yet would be waited for.
      const looked = await this.#look();
      watch.after = Math.min(watch.after, looked?.run.lastSeq ?? 0);
      for (;;) {
        const items = await this.#page(watch.after);
        for (const item of items) {
          if (watch.isOver) return;
          await watch.watcher.take(item);
          watch.after = item.event.seq;
        }
        if (watch.isOver) return;
        if (this.#closed && items.length === 0) {
          if (this.#closed.run) watch.watcher.end(this.#closed.run);
          else watch.watcher.fail(serverEnds());
          return;
        }
        if (this.#closed || items.length === PAGE || (this.#live.size > 0 && watch.after < this.#position)) continue;
        if (this.#live.size === 0) this.#position = watch.after;
        this.#live.add(watch);
        this.#polls = 0;
        this.#timer ??= setTimeout(() => void this.#poll(), 0);
        return;
      }
    } catch (error) {
      if (!watch.isOver) watch.watcher.fail(error);
    }
  }

  async #poll(): Promise<void> {
    try {
      const given = await this.#giveNext();
      if (given === 0 && this.#polls % POLLS_PER_LOOK === 0) await this.#lookForEnd();
      else if (given > 0) this.#lastLooks = LAST_LOOKS;
      this.#polls += 1;
    } catch (error) {
      this.#endAll((watcher) => watcher.fail(error));
    }
    this.#timer = undefined;
    if (this.#live.size > 0 && !this.#closed) this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  /** Reads the next events and gives them to all who are this far; how many they were. */
  async #giveNext(): Promise<number> {
    const items = await this.#read(this.#position);
    for (const item of items) {
      this.#position = item.event.seq;
      for (const watch of this.#live) this.#give(watch, item);
    }
    return items.length;
  }

  #give(watch: Watch, item: FeedItem): void {
    if (item.event.seq <= watch.after) return;
    watch.after = item.event.seq;
    const taken = watch.watcher.take(item);
    if (!taken) return;
    // Whoever is slower than the others reads on alone: nothing is kept for him.
    this.#live.delete(watch);
    this.#readOn(watch, taken);
  }

  async #lookForEnd(): Promise<void> {
    const looked = await this.#look();
    if (looked && !looked.isOver) return;
    this.#lastLooks -= 1;
    // Looked at again at once.
    this.#polls = POLLS_PER_LOOK - 1;
    if (this.#lastLooks > 0) return;
    this.#endAll((watcher) => {
      if (looked) watcher.end(looked.run);
      else watcher.fail(new Error('the run is not there any more'));
    });
  }

  /** Tells each, once, that nothing more comes; it may take a while to go. */
  #endAll(tell: (watcher: Watcher) => void): void {
    const live = [...this.#live];
    this.#live.clear();
    for (const watch of live) {
      watch.isOver = true;
      tell(watch.watcher);
    }
    this.#leaveIfEmpty();
  }

  /** Whoever asks meanwhile is told the same. */
  async #look(): ReturnType<FeedParts['look']> {
    this.#looking ??= this.#parts.look(this.#id).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The page behind that number, read once for all who are at the same place; only a full one is the same a moment later. */
  async #page(after: number): Promise<readonly FeedItem[]> {
    const known = this.#pages.get(after);
    if (known) return known;
    const page = this.#read(after);
    this.#pages.set(after, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break;
      this.#pages.delete(oldest);
    }
    let isFull = false;
    try {
      const items = await page;
      isFull = items.length === PAGE;
      return items;
    } finally {
      if (!isFull && this.#pages.get(after) === page) this.#pages.delete(after);
    }
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
    if (this.#live.size > 0 || this.#catchingUp.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onEmpty();
  }
}

function serverEnds(): CallError {
  return new CallError(
    503,
    {code: 'UNAVAILABLE', message: 'the server ends'},
    {hint: 'watch the run again, behind the last event'},
  );
}
