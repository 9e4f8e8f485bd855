import {ImgmgrError} from '../../../src/errors.ts';
import type {ApiBackend, ApiCall, Caller, Watched} from '../../../src/api/backend.ts';
import {CallError} from '../../../src/server/errors.ts';
import {ROUTES, type AnsweredId, type Route} from '../../../src/server/contract/routes.ts';
import {ROLES, type Role} from '../../../src/server/contract/session.ts';
import {runRow} from '../../../src/server/contract/runs.ts';
import {sample} from './sample.ts';

/** Tokens of the server in memory, by role. */
export const TOKENS: Readonly<Record<Role, string>> = {
  metrics: 'm'.repeat(43),
  viewer: 'v'.repeat(43),
  operator: 'o'.repeat(43),
};

export const RUN = '0b7f6a52-63a4-4d3c-9d5e-0f6f2b7c1a10';

/** A call that came, after it was checked by its contract. */
export interface Asked {
  readonly id: AnsweredId;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A server in memory: tokens, roles and fields are checked by the contract, answers are samples of it. */
export class MemoryBackend implements ApiBackend {
  readonly asked: Asked[] = [];
  readonly removed = new Set<string>();
  readonly faults: string[] = [];
  /** How many events of the run were read. */
  read = 0;
  /** How many there are before its end; with Infinity it does not end. */
  events = 3;
  /** What answers instead, by the call. */
  readonly instead: Partial<Record<AnsweredId, (call: ApiCall) => unknown>> = {};

  authenticate({authorization}: {readonly authorization: string | undefined}): Caller {
    const role = ROLES.find((one) => authorization === `Bearer ${TOKENS[one]}`);
    const caller = {role};
    this.again(caller);
    return caller;
  }

  again(caller: Caller): void {
    const {role} = caller as {readonly role?: Role};
    if (role && !this.removed.has(role)) return;
    throw new CallError(401, {code: 'AUTH', message: 'no such token'}, {hint: 'imgmgr serve token add'});
  }

  report(path: string, fault: unknown): void {
    this.faults.push(`${path}: ${String(fault)}`);
  }

  async call(id: AnsweredId, call: ApiCall): Promise<unknown> {
    const route: Route | undefined = ROUTES.find((one) => one.id === id);
    if (!route) throw new ImgmgrError('NOT_FOUND', id);
    check(call.caller, route.role);
    const {params, query, body} = call;
    this.asked.push({
      id,
      params: parsed(route.params, params),
      query: parsed(route.query, query),
      body: parsed(route.body, body),
    });
    const answer = await this.instead[id]?.(call);
    return answer ?? sample(route.answer.schema);
  }

  async *watch({caller, id, after, signal}: Parameters<ApiBackend['watch']>[0]): AsyncGenerator<Watched> {
    check(caller, 'viewer');
    if (id !== RUN) throw new ImgmgrError('NOT_FOUND', `there is no run ${id}`);
    // Behind the event 1000 there are more than anybody reads.
    const last = after >= 1000 ? Infinity : this.events;
    for (let seq = after + 1; seq <= last; seq++) {
      if (signal.aborted) return;
      this.read += 1;
      // As the real one, which reads from a file.
      await new Promise((resolve) => setImmediate(resolve));
      const at = '2026-11-27T09:00:00.250Z';
      const more = {cloud: 'local', ok: true, nothing: null, list: [1, 'two'], text: 'x'.repeat(1000), half: '\ud800'};
      yield {event: {run: RUN, seq, at, type: 'progress', ...more}};
    }
    yield {end: sample(runRow)} as Watched;
  }
}

function check(caller: Caller, role: Route['role']): void {
  const has = ROLES.indexOf((caller as {readonly role: Role}).role);
  if (role !== 'open' && has < ROLES.indexOf(role))
    throw new CallError(
      403,
      {code: 'FORBIDDEN', message: `the role of this token is not ${role}`},
      {hint: 'use another token'},
    );
}

function parsed(schema: Route['body'], value: unknown): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ImgmgrError('USAGE', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {hint: 'see docs/api.md'});
}
