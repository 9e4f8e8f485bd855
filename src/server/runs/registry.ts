import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {makePrivateFolder} from '../../host/private-folder.ts';
import {CallError} from '../errors.ts';
import type {ServerParts} from '../parts.ts';
import {findChild, isThere, signalGroup, startChild} from './child.ts';
import {conflictOf} from './conflicts.ts';
import type {OwnRun} from './own-run.ts';
import {RunFiles} from './own-run.ts';

/** What is to be started. */
export interface NewRun {
  readonly verb: string;
  readonly by: string;
  readonly definitions: readonly string[];
  readonly clouds: readonly string[];
  readonly plan?: string;
  readonly line: readonly string[];
}

/** What the registry is given besides what every part is. */
export interface RegistryParts extends ServerParts {
  /** How imgmgr is started: program and first arguments. */
  readonly entry: readonly string[];
  /** Why no run may start, as far as the history goes; undefined: one may. */
  readonly historyRefusal: () => Promise<string | undefined>;
  /** Is told of every run that began or ended. */
  readonly onChange?: (run: OwnRun) => void;
}

/** As many may be under way at once. */
const MOST_AT_ONCE = 16;
/** So many that ended are remembered. */
const MOST_KEPT = 1000;
/** A process that another server of this folder started is looked at so often. */
const LOOK_MS = 1000;

/** The runs that this server started, and those that an earlier one in the same folder of state did. */
export class Runs {
  readonly files: RunFiles;
  readonly #parts: RegistryParts;
  readonly #folder: string;
  readonly #runs = new Map<string, OwnRun>();
  readonly #signals = new Map<string, number>();
  /** The end of each run that is under way, and what writes its file: one after the other. */
  readonly #ends = new Map<string, Promise<void>>();
  readonly #starting: NewRun[] = [];
  #closed: string | undefined;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.#folder = join(parts.folder, 'runs');
    this.files = new RunFiles(this.#folder);
  }

  /** Finds the runs of an earlier server again: those whose very process is there go on, the others have ended. */
  async recover(): Promise<void> {
    await makePrivateFolder(this.#folder);
    const all = await this.files.readAll();
    const old = all.slice(0, -MOST_KEPT).filter(({endedAt}) => endedAt !== undefined);
    for (const {id} of old) await this.files.remove(id);
    for (const run of all.filter((one) => !old.includes(one))) {
      // A server that was killed in between has not written down which process it is.
      const found = run.endedAt === undefined && !run.process ? findChild(run.id) : undefined;
      const known = found ? {...run, process: found} : run;
      this.#runs.set(run.id, known);
      if (run.endedAt === undefined) this.#ends.set(run.id, this.#watch(known));
    }
    await this.files.sweep(new Set(this.#runs.keys()));
  }

  /** From now on no run starts, for this reason. */
  close(reason: string): void {
    this.#closed ??= reason;
  }

  /** Why no run starts; undefined: they do, as long as the history can be written. */
  get closed(): string | undefined {
    return this.#closed;
  }

  find(id: string): OwnRun | undefined {
    return this.#runs.get(id);
  }

  /** The newest first. */
  all(): readonly OwnRun[] {
    return [...this.#runs.values()].reverse();
  }

  underWay(): readonly OwnRun[] {
    return this.all().filter(({endedAt}) => endedAt === undefined);
  }

  /** True while the process of the run is there. */
  isUnderWay(id: string): boolean {
    const run = this.#runs.get(id);
    return run !== undefined && run.endedAt === undefined;
  }

  /** Waits for the end of the process of a run, `ms` at most. */
  async gone(id: string, ms: number): Promise<void> {
    await Promise.race([this.#ends.get(id), sleep(ms, undefined, {ref: false})]);
  }

  /** Starts the run as a process of its own; `sees`: whether the caller may know of that run. UNAVAILABLE, CONFLICT with the run that is in the way, LIMIT. */
  async start(wanted: NewRun, sees?: (run: Pick<NewRun, 'clouds'>) => boolean): Promise<OwnRun> {
    const underWay = this.underWay();
    const conflict = conflictOf(wanted, [...underWay, ...this.#starting], sees);
    if (conflict) throw conflict;
    if (underWay.length + this.#starting.length >= MOST_AT_ONCE)
      throw new CallError(429, {
        code: 'LIMIT',
        message: `${MOST_AT_ONCE} runs of this server are under way`,
        retryS: 60,
      });
    // What begins meanwhile sees it, so that of two calls at once one is refused.
    this.#starting.push(wanted);
    try {
      const refusal = this.#closed ?? (await this.#parts.historyRefusal());
      if (refusal !== undefined)
        throw new CallError(
          503,
          {code: 'UNAVAILABLE', message: `no run starts: ${refusal}`},
          {
            hint: 'the CLI still works; the server starts runs again when that is mended',
          },
        );
      return await this.#begin(wanted);
    } finally {
      this.#starting.splice(this.#starting.indexOf(wanted), 1);
    }
  }

  /** Ends the run as Ctrl-C does, the second time at once; gives how often that was asked for. CONFLICT where it is over. */
  async cancel(id: string, by: string): Promise<number> {
    const run = this.#runs.get(id);
    if (!run?.process || run.endedAt !== undefined || !signalGroup(run.process, 'SIGINT'))
      throw new CallError(409, {code: 'CONFLICT', message: 'the run is over, or was not begun by this server'});
    const signals = (this.#signals.get(id) ?? 0) + 1;
    this.#signals.set(id, signals);
    if (run.cancelledBy === null) await this.#change(id, {cancelledBy: by});
    return signals;
  }

  /** Waits until nothing is under way, `ms` at most; true: nothing is. */
  async idle(ms: number, signal?: AbortSignal): Promise<boolean> {
    const waiting = sleep(ms, undefined, {ref: false, ...(signal && {signal})}).catch(() => undefined);
    await Promise.race([Promise.all(this.#ends.values()), waiting]);
    return this.underWay().length === 0;
  }

  async #begin({verb, by, definitions, clouds, plan, line}: NewRun): Promise<OwnRun> {
    const {entry, caller, now} = this.#parts;
    const id = randomUUID();
    const run: OwnRun = {
      ...{version: 1, id, verb, by, at: now().toISOString(), cancelledBy: null},
      ...{definitions: [...definitions], clouds: [...clouds], plan: plan ?? null, line: [...line]},
    };
    await this.files.write(run);
    this.#runs.set(id, run);
    try {
      const child = await startChild({
        ...{entry, line, cwd: caller.cwd},
        env: {...caller.env, IMGMGR_RUN_ID: id, IMGMGR_REQUESTED_BY: by},
        output: this.files.outputPath(id, 'output'),
        errors: this.files.outputPath(id, 'errors'),
      });
      const begun = await this.#change(id, {process: child.process});
      this.#ends.set(
        id,
        child.ended.then((exitCode) => this.#end(id, exitCode)),
      );
      this.#parts.onChange?.(begun);
      return begun;
    } catch (cause) {
      this.#runs.delete(id);
      await this.files.remove(id);
      throw new CallError(503, {code: 'UNAVAILABLE', message: 'the process of the run could not be started'}, {cause});
    }
  }

  /** Nobody tells how a process that this server is not the parent of ended: the history may. */
  async #watch(run: OwnRun): Promise<void> {
    while (run.process && isThere(run.process)) await sleep(LOOK_MS, undefined, {ref: false});
    await this.#end(run.id, null);
  }

  async #end(id: string, exitCode: number | null): Promise<void> {
    this.#ends.delete(id);
    this.#signals.delete(id);
    // The end is known at once, whether or not the disk takes it; whoever reads it finds the clouds as they are now.
    const ended = this.#set(id, {endedAt: this.#parts.now().toISOString(), exitCode});
    this.#parts.onChange?.(ended);
    await this.#keep(ended);
    await this.#forget();
  }

  async #change(id: string, change: Partial<OwnRun>): Promise<OwnRun> {
    const run = this.#set(id, change);
    await this.#keep(run);
    return run;
  }

  #set(id: string, change: Partial<OwnRun>): OwnRun {
    const before = this.#runs.get(id);
    if (!before) throw new CallError(404, {code: 'NOT_FOUND', message: 'the run is forgotten'});
    const run = {...before, ...change};
    this.#runs.set(id, run);
    return run;
  }

  async #keep(run: OwnRun): Promise<void> {
    try {
      await this.files.write(run);
    } catch (error) {
      this.#parts.log(
        `the record of run ${run.id} could not be written: ${error instanceof Error ? error.message : ''}`,
      );
    }
  }

  async #forget(): Promise<void> {
    for (const {id, endedAt} of [...this.#runs.values()]) {
      if (this.#runs.size <= MOST_KEPT) return;
      if (endedAt === undefined) continue;
      this.#runs.delete(id);
      await this.files.remove(id);
    }
  }
}
