import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {DatabaseSync} from 'node:sqlite';
import {setImmediate, setTimeout as sleep} from 'node:timers/promises';
import type {Counts} from '../core/counts.ts';
import type {StampedEvent} from '../core/events.ts';
import type {Warning} from '../core/warnings.ts';
import {makePrivateFolder} from '../host/private-folder.ts';
import type {HistoryKeeper, RunStart} from '../ports/history.ts';
import {Backlog} from './backlog.ts';
import {fileSystemOf} from './file-system.ts';
import {lossText} from './loss.ts';
import {DATABASE, ReplacedError, makeOwnFile, openForWriting, setAside} from './open-database.ts';
import {beginRun, forgetOld, markLost} from './run-rows.ts';
import {Recorder} from './recorder.ts';
import {inTransaction, sqliteRefusal} from './sqlite.ts';

/** What the history of one run is kept with. */
export interface KeeperParts {
  /** The folder of state. */
  readonly folder: string;
  readonly start: RunStart;
  readonly host: string;
  /** Of imgmgr. */
  readonly version: string;
  readonly now: () => Date;
  readonly warn: (warning: Warning) => void;
}

/** An event is in the database so soon; milliseconds. */
const FLUSH_MS = 100;
/** So long after another process had the database it is tried again. */
const RETRY_MS = 500;
const HEARTBEAT_MS = 20_000;
/** The end of a run waits so long for the database at most. */
const END_MS = 1000;
const END_RETRY_MS = 50;
/** Parts of a long history that one run forgets at most, and how long apart. */
const FORGET_SLICES = 40;
const FORGET_EVERY_MS = 250;

interface End {
  readonly exitCode: number;
  readonly counts?: Counts;
}

/** Opens the database in its own time, keeps events until then, and writes them in batches; see {@link HistoryKeeper}. */
export function createKeeper(parts: KeeperParts): HistoryKeeper {
  const keeper = new Keeper(parts);
  keeper.begin();
  return keeper;
}

class Keeper implements HistoryKeeper {
  readonly #parts: KeeperParts;
  readonly #path: string;
  readonly #backlog = new Backlog();
  #ready: Promise<void> = Promise.resolve();
  #shared: boolean | undefined;
  #db: DatabaseSync | undefined;
  /** The file that was opened last. */
  #file = '';
  #recorder: Recorder | undefined;
  #end: End | undefined;
  #wasSetAside = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #forgetting: NodeJS.Timeout | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#path = join(parts.folder, DATABASE);
  }

  begin(): void {
    this.#ready = this.#prepare();
    this.#heartbeat = setInterval(() => this.#flush(), HEARTBEAT_MS).unref();
  }

  take(stamped: StampedEvent): void {
    if (this.#over) return;
    if (!this.#backlog.add(stamped)) {
      this.#lose(this.#whyWaiting());
      return;
    }
    const {event} = stamped;
    if (event.type === 'interrupted' && event.again) {
      // The process ends now.
      this.#end = {exitCode: event.signal === 'SIGINT' ? 130 : 143};
      this.#flush();
    } else this.#schedule(FLUSH_MS);
  }

  async end(end: End): Promise<void> {
    if (this.#over) return;
    this.#end = end;
    // A file system may never answer.
    await Promise.race([this.#ready, sleep(END_MS, undefined, {ref: false})]);
    let waitedMs = 0;
    for (let written = this.#flush(); written !== 'all' && waitedMs < END_MS; written = this.#flush()) {
      if (written === 'some') await setImmediate();
      else await sleep(END_RETRY_MS);
      if (written === 'nothing') waitedMs += END_RETRY_MS;
    }
    if (this.#isWaiting()) this.#lose(this.#whyWaiting());
  }

  close(): void {
    if (this.#db && !this.#over) this.#flush();
    this.#stop();
  }

  async #prepare(): Promise<void> {
    const {folder, warn} = this.#parts;
    try {
      await makePrivateFolder(folder);
      const shared = await fileSystemOf(folder);
      if (this.#over) return;
      this.#shared = shared !== undefined;
      if (shared !== undefined)
        warn({
          code: 'history-on-network',
          message: `${folder} lies on ${shared}, where the history is written more slowly, and is read while nobody writes`,
          hint: 'XDG_STATE_HOME names a folder on a disk of this host',
        });
      this.#flush();
    } catch (error) {
      this.#lose(lossText(error));
    }
  }

  /** The end of the run is not written yet, and may be. */
  #isWaiting(): boolean {
    return !this.#over && this.#end !== undefined;
  }

  /** `all`: nothing is left to write, or nothing can be written any more. */
  #flush(): 'all' | 'some' | 'nothing' {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#over) return 'all';
    if (this.#shared === undefined) return 'nothing';
    try {
      this.#open(this.#shared);
      const left = this.#writeSlice();
      if (left) this.#schedule(0);
      return left ? 'some' : 'all';
    } catch (error) {
      this.#refused(error);
      return 'nothing';
    }
  }

  #open(shared: boolean): void {
    if (this.#db) return;
    this.#file = makeOwnFile(this.#path);
    const db = openForWriting(this.#path, {file: this.#file, shared});
    try {
      const run = inTransaction(db, () => beginRun(db, this.#parts));
      this.#recorder = new Recorder(db, run);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#forgetLater(FORGET_SLICES);
  }

  #writeSlice(): boolean {
    const [db, recorder, end] = [this.#db, this.#recorder, this.#end];
    if (!db || !recorder) return true;
    const slice = this.#backlog.slice();
    const now = this.#parts.now().getTime();
    const isLast = slice.isLast && end !== undefined;
    inTransaction(db, () => {
      for (const {stamped, keep} of slice.entries) recorder.record(stamped, keep);
      recorder.beat(now, this.#parts.start.elapsedMs());
      if (isLast) recorder.end(end, now);
    });
    this.#backlog.drop(slice);
    if (isLast) this.#end = undefined;
    return !slice.isLast;
  }

  #refused(error: unknown): void {
    const refusal = sqliteRefusal(error);
    if (refusal === 'locked' || error instanceof ReplacedError) this.#schedule(RETRY_MS);
    else if (refusal === 'damaged' && !this.#wasSetAside) this.#beginAnew(error);
    else this.#lose(lossText(error));
  }

  #beginAnew(error: unknown): void {
    this.#wasSetAside = true;
    this.#closeDatabase();
    try {
      const aside = setAside(this.#path, this.#file, this.#parts.now());
      if (aside === undefined) {
        this.#schedule(0);
        return;
      }
      this.#parts.warn({
        code: 'history-set-aside',
        message: `${this.#path} is damaged (${lossText(error)}), so it is now ${aside}, and a new history begins`,
        hint: 'no decision depends on the history; remove that file, or recover it with sqlite3 FILE .recover',
      });
      this.#schedule(0);
    } catch (refused) {
      this.#lose(lossText(refused));
    }
  }

  #whyWaiting(): string {
    return this.#shared === undefined ? 'does not answer' : 'is locked by another process';
  }

  /** Says once that the run is not in the history, and keeps nothing any more. */
  #lose(reason: string): void {
    if (this.#over) return;
    this.#stop();
    this.#parts.warn({
      code: 'history-lost',
      message: `this run is not, or not wholly, in the history: ${this.#path} ${reason}`,
      hint: 'the run goes on without; XDG_STATE_HOME names another folder',
    });
  }

  /** Begins to forget old runs, a few rows at a time. */
  #forgetLater(slices: number): void {
    if (slices === 0) return;
    this.#forgetting = setTimeout(() => {
      if (!this.#db) return;
      try {
        this.#forget(this.#db, slices);
      } catch {
        // The next run does it; what is wrong with the database shows when this one writes.
      }
    }, FORGET_EVERY_MS).unref();
  }

  #forget(db: DatabaseSync, slices: number): void {
    const now = this.#parts.now().getTime();
    if (slices === FORGET_SLICES) inTransaction(db, () => markLost(db, now));
    const {evidence, more} = inTransaction(db, () => forgetOld(db, now - this.#parts.start.keepMs));
    const place = join(this.#parts.folder, 'evidence', '/');
    for (const path of evidence)
      if (path.startsWith(place) && !path.includes('/../')) void rm(path, {force: true}).catch(() => undefined);
    if (more) this.#forgetLater(slices - 1);
  }

  #schedule(ms: number): void {
    if (this.#over) return;
    // Nobody waits for it: the end of the run writes what is left.
    this.#timer ??= setTimeout(() => this.#flush(), ms).unref();
  }

  #stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#forgetting);
    clearInterval(this.#heartbeat);
    this.#closeDatabase();
  }

  #closeDatabase(): void {
    try {
      this.#db?.close();
    } catch {
      // Nothing is left that could be done with it.
    }
    this.#db = undefined;
    this.#recorder = undefined;
  }
}
