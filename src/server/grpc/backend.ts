import type {ApiBackend, ApiCall, Caller, Watched} from '../../api/backend.ts';
import {asImgmgrError} from '../../errors.ts';
import {scrubEvent} from '../../secrets/scrub-deep.ts';
import type {TokenAccess, TokenHolder} from '../access/by-token.ts';
import {byToken, tokenOver, withTokens} from '../access/by-token.ts';
import type {AnsweredId} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import {answered} from '../service/answers.ts';
import {checkedParams, checkedQuery, requireRole, routeOf} from '../service/checked.ts';
import type {ServiceContext} from '../service/context.ts';
import {requireWatch} from '../service/runs.ts';
import {Handover} from './handover.ts';

/** The server for its gRPC interface: the tokens, checks and answers that its JSON interface has. */
export class ServerBackend implements ApiBackend {
  readonly #context: ServiceContext;
  readonly #access: TokenAccess;

  constructor(context: ServiceContext, access: TokenAccess) {
    this.#context = context;
    this.#access = access;
  }

  authenticate({
    authorization,
    address,
  }: {
    readonly authorization: string | undefined;
    readonly address: string;
  }): Caller {
    if (authorization !== undefined) return byToken(authorization, address, this.#access);
    throw new CallError(
      401,
      {code: 'AUTH', message: 'no token was sent'},
      {hint: 'send the metadata `authorization: Bearer TOKEN`'},
    );
  }

  again(caller: Caller): void {
    const {tokens} = this.#access;
    if (!withTokens(() => tokens.isThere(holderOf(caller).token))) throw tokenOver();
  }

  async call(id: AnsweredId, {caller, params = {}, query = {}, body}: ApiCall): Promise<unknown> {
    const {secrets} = this.#context.parts;
    try {
      const route = routeOf(id);
      const {identity} = holderOf(caller);
      requireRole(identity, route);
      const call = {identity, params: checkedParams(route, params), query: checkedQuery(route, query), body};
      return scrubEvent(await answered(id, call, this.#context), (text) => secrets.scrub(text));
    } catch (error) {
      throw scrubEvent(asImgmgrError(error), (text) => secrets.scrub(text));
    }
  }

  async *watch({
    caller,
    id,
    after,
    signal,
  }: {
    readonly caller: Caller;
    readonly id: string;
    readonly after: number;
    readonly signal: AbortSignal;
  }): AsyncGenerator<Watched> {
    const {secrets} = this.#context.parts;
    const handover = new Handover(signal);
    let stop = (): void => undefined;
    try {
      const route = routeOf('events');
      const {identity} = holderOf(caller);
      requireRole(identity, route);
      checkedParams(route, {id});
      await requireWatch(id, identity, this.#context);
      stop = this.#context.feeds.watch(id, after, handover);
      for (let next = await handover.next(); next; next = await handover.next()) {
        // Events are scrubbed by the feed.
        yield 'end' in next ? scrubEvent(next, (text) => secrets.scrub(text)) : next;
        if ('end' in next) return;
      }
    } catch (error) {
      throw scrubEvent(asImgmgrError(error), (text) => secrets.scrub(text));
    } finally {
      stop();
      handover.close();
    }
  }

  report(path: string, fault: unknown): void {
    const {secrets, log} = this.#context.parts;
    log(`gRPC ${path}: ${secrets.scrub(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault))}`);
  }
}

/** Callers are those whom {@link ServerBackend.authenticate} gave. */
function holderOf(caller: Caller): TokenHolder {
  return caller as TokenHolder;
}
