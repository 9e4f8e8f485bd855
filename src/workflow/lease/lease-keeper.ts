import type {ImageStore} from '../../ports/image-store.ts';
import type {Emit} from '../../core/events.ts';
import type {Image} from '../../core/image/image.ts';
import type {Holder, Lease} from '../../core/lease.ts';
import {LEASE_MS, claims, expiry, holds, newLease, readLeases, waitsBefore} from '../../core/lease.ts';
import {notRemoved} from '../../core/warnings.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {createSurely} from '../sure-writes.ts';
import type {Runtime} from '../types.ts';

const HEARTBEAT_MS = 20_000;
const POLL_MS = 2_000;
/** A holder that could not beat its heart for this long stops writing: others may soon take it for dead. */
const SAFE_MS = LEASE_MS - 10_000;

/** What a lease keeper works with. */
export interface LeaseContext {
  readonly store: ImageStore;
  readonly projectId: string;
  readonly run: string;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Which definitions a run got, and the listing that decided it. */
export interface Claim {
  readonly held: ReadonlySet<string>;
  readonly lost: ReadonlySet<string>;
  readonly images: readonly Image[];
}

/**
 * Keeps the one lease of a run. Mutual exclusion works as with raised flags: raise ours (the record with `held`), then
 * look; a run that sees another flag on a definition lowers its own and waits. Since every run raises before it looks, of two
 * runs at least one sees the other, whatever the clocks say; that both step back is possible and harmless: then the older
 * record tries again first.
 */
export class LeaseKeeper {
  readonly #context: LeaseContext;
  readonly #stop = new AbortController();
  #record: Image | undefined;
  #held = new Set<string>();
  #waiting = new Set<string>();
  /** The living leases of others, as last seen. */
  #seen: readonly Lease[] = [];
  #beatMs = 0;
  #beating: Promise<void> | undefined;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  /** Raises the flag on all definitions, looks, and lowers it on those that somebody else holds. One POST when nobody does. */
  async take(definitions: readonly string[]): Promise<Claim> {
    const {store, runtime} = this.#context;
    this.#held = new Set(definitions);
    this.#beatMs = runtime.monotonic();
    const id = runtime.uuid();
    const record = newLease({id, holder: this.#holder(), definitions, now: store.now()});
    this.#record = await createSurely(store, {...record, id});
    this.#beating = this.#beat();
    return this.#look();
  }

  /** The record, for the probe of rights. */
  get record(): Image | undefined {
    return this.#record;
  }

  /** Who held the definition when it was last looked: run, process, host and since when. */
  holderOf(definition: string): string {
    const lease = this.#seen.find((other) => holds(other, definition)) ?? this.#seen[0];
    if (lease === undefined) return 'another run';
    const {holder, image} = lease;
    return `run ${holder.run} (process ${holder.pid} on ${holder.hostName}, since ${image.createdAt})`;
  }

  /** Waits for lost definitions until the time is over; empty `held` then. */
  async waitFor(limitMs: number): Promise<Claim> {
    const {store, runtime, emit, signal, projectId} = this.#context;
    const startMs = runtime.monotonic();
    for (;;) {
      const elapsedMs = runtime.monotonic() - startMs;
      if (elapsedMs >= limitMs) return {held: new Set(), lost: new Set(this.#waiting), images: []};
      emit({
        type: 'waiting',
        cloud: store.cloud,
        message: [...this.#waiting].map((name) => `${name} is locked by ${this.holderOf(name)}`).join('; '),
        elapsedMs,
        limitMs,
      });
      await runtime.sleep(Math.min(POLL_MS, limitMs - elapsedMs), signal);
      const others = this.#others(readLeases(await store.listTagged('managed_by_imgmgr'), projectId));
      const ours = this.#require();
      const free = [...this.#waiting].filter(
        (name) => !others.some((other) => holds(other, name) || waitsBefore(other, ours, name)),
      );
      if (free.length === 0) continue;
      const before = new Set(this.#held);
      await this.#claim(
        [...this.#held, ...free],
        [...this.#waiting].filter((name) => !free.includes(name)),
      );
      const claim = await this.#look();
      const won = new Set([...claim.held].filter((name) => !before.has(name)));
      if (won.size > 0) return {...claim, held: won};
    }
  }

  /** Throws LOCKED when the heart has not beaten for so long that another run may take over. */
  assertAlive(): void {
    if (this.#context.runtime.monotonic() - this.#beatMs < SAFE_MS) return;
    throw new ImgmgrError('LOCKED', `the lease of this run could not be renewed for ${SAFE_MS / 1000} s`, {
      hint: 'another run may have taken over; run again',
    });
  }

  /** Ends the heartbeat and deletes the record; the last thing that a run does. Never throws. */
  async release(): Promise<void> {
    const {store, emit} = this.#context;
    this.#stop.abort();
    await this.#beating;
    if (!this.#record) return;
    try {
      await store.delete(this.#record.id);
      this.#record = undefined;
    } catch (error) {
      emit({
        type: 'warning',
        cloud: store.cloud,
        image: this.#require().id,
        ...notRemoved({
          what: `the lease ${this.#require().id}`,
          reason: asImgmgrError(error).message,
          hint: 'it ends by itself within a minute; the next run removes it',
        }),
      });
    }
  }

  async #look(): Promise<Claim> {
    const {store, projectId} = this.#context;
    const images = await store.listTagged('managed_by_imgmgr');
    const others = this.#others(readLeases(images, projectId));
    const lost = [...this.#held].filter((name) => others.some((other) => holds(other, name)));
    if (lost.length > 0)
      await this.#claim(
        [...this.#held].filter((name) => !lost.includes(name)),
        [...this.#waiting, ...lost],
      );
    return {held: new Set(this.#held), lost: new Set(this.#waiting), images};
  }

  #others(leases: readonly Lease[]): readonly Lease[] {
    const {store, runtime} = this.#context;
    const others = leases.filter(
      (lease) => lease.image.id !== this.#record?.id && isLeaseAlive(lease, store.now(), runtime),
    );
    if (others.length > 0) this.#seen = others;
    return others;
  }

  async #claim(held: readonly string[], waiting: readonly string[]): Promise<void> {
    this.#record = await this.#context.store.update(this.#require(), {set: claims(held, waiting)});
    this.#held = new Set(held);
    this.#waiting = new Set(waiting);
  }

  async #beat(): Promise<void> {
    const {runtime, store} = this.#context;
    for (;;) {
      try {
        await runtime.sleep(HEARTBEAT_MS, this.#stop.signal);
      } catch {
        return;
      }
      const sentMs = runtime.monotonic();
      try {
        await store.update(this.#require(), {set: expiry(store.now())});
        this.#beatMs = sentMs;
      } catch (error) {
        this.#context.emit({
          type: 'decision',
          cloud: store.cloud,
          message: `the lease could not be renewed: ${String(error)}`,
        });
      }
    }
  }

  #holder(): Holder {
    const {run, runtime} = this.#context;
    return {run, ...runtime.host};
  }

  #require(): Image {
    if (!this.#record) throw new ImgmgrError('INTERNAL', 'the lease was used before it was taken');
    return this.#record;
  }
}

/** A lease whose holder lives: on this host by its process and run, elsewhere by its time. */
export function isLeaseAlive(lease: Lease, now: Date, runtime: Runtime): boolean {
  if (lease.expiresMs <= now.getTime()) return false;
  if (lease.holder.bootId !== runtime.host.bootId) return true;
  return runtime.runAlive(lease.holder);
}
