import type {StoredEvent} from '../core/history/records.ts';
import type {AnsweredId} from '../server/contract/routes.ts';
import type {RunRow} from '../server/contract/runs.ts';

/** Who calls, as the server knows him; nothing here looks into it. */
export type Caller = object;

/** A call of the JSON interface: `params`, `query` and `body` as a client of that writes them, not checked yet. */
export interface ApiCall {
  readonly caller: Caller;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** The client does not wait any more. */
  readonly signal: AbortSignal;
}

/** What a watcher of a run gets: its events, and at last how it ended. */
export type Watched = {readonly event: StoredEvent} | {readonly end: RunRow};

/** What the gRPC interface needs of the server: the same calls that its JSON interface answers. Everything throws `ImgmgrError`s. */
export interface ApiBackend {
  /** AUTH: no token, a wrong one, or one that is over; LIMIT: too many attempts from there. `address`: of the other end, without a port. */
  authenticate(shown: {readonly authorization: string | undefined; readonly address: string}): Caller;
  /** AUTH when the token of the caller was removed or is over by now. */
  again(caller: Caller): void;
  /** Tells whoever reads the log of the server of a fault, of which the caller is told nothing. */
  report(path: string, fault: unknown): void;
  /** Checks role, clouds and fields of a call, then answers it with the JSON of its contract. */
  call(id: AnsweredId, call: ApiCall): Promise<unknown>;
  /**
   * The events of a run with a number above `after`, as they happen, and its end, each read when it is asked for. Checks as `call` does; LIMIT:
   * too many watchers.
   */
  watch(watch: {
    readonly caller: Caller;
    readonly id: string;
    readonly after: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<Watched>;
}
