import {didYouMean} from '../../core/nearest.ts';
import {parseUntil} from '../../core/time-text.ts';
import type {Identity} from '../access/identity.ts';
import {mayAs} from '../access/identity.ts';
import type {Verb} from '../contract/verbs.ts';
import {VERBS} from '../contract/verbs.ts';
import type {DirectRequest, PlanRequest} from '../contract/verbs.ts';
import {CallError} from '../errors.ts';

/** What the server was started with. */
export interface Permissions {
  readonly allowWrite: boolean;
  readonly allowBuild: boolean;
}

/** The verbs that this user may start on this server. */
export function verbsOf(identity: Identity, {allowWrite, allowBuild}: Permissions): readonly Verb[] {
  if (!allowWrite || !mayAs(identity.role, 'operator')) return [];
  return VERBS.filter((verb) => verb !== 'build' || allowBuild);
}

/** FORBIDDEN where this user or this server may not do that. */
export function requirePermission(
  request: DirectRequest | PlanRequest,
  identity: Identity,
  permissions: Permissions,
): void {
  const refusal = refusalOf(request, identity, permissions);
  if (refusal === undefined) return;
  throw new CallError(
    403,
    {code: 'FORBIDDEN', message: refusal},
    {hint: 'the equivalent command works for whoever may log in there'},
  );
}

/** Why this user cannot start it here; undefined: it may be started. */
export function refusalOf(
  {verb, clouds, flags}: {readonly verb: Verb; readonly clouds: readonly string[]; readonly flags: object},
  identity: Identity,
  {allowWrite, allowBuild}: Permissions,
): string | undefined {
  if (!allowWrite) return 'the server is read-only: it was started without --allow-write';
  if (!mayAs(identity.role, 'operator')) return 'the role of this login is not operator';
  const builds = verb === 'build' || 'rebuild' in flags;
  if (builds && !allowBuild) return 'the server was started without --allow-build, so it starts no builds';
  if (verb === 'build' && clouds.length === 0 && identity.clouds !== undefined)
    return 'this login is for some clouds alone, and a build without --upload is for this host';
  return undefined;
}

/** What the server knows by name. */
export interface Known {
  /** Clouds that this user sees. */
  readonly clouds: readonly string[];
  readonly definitions: ReadonlySet<string>;
}

/** USAGE for names of definitions and clouds that the server does not know, and for flags that mean nothing together. */
export function requireKnown(request: DirectRequest | PlanRequest, known: Known): void {
  const cloud = request.clouds.find((name) => !known.clouds.includes(name));
  if (cloud !== undefined) throw unknown('cloud', cloud, known.clouds);
  const definition = request.definitions.find((name) => !known.definitions.has(name));
  if (definition !== undefined) throw unknown('definition', definition, known.definitions);
  const contradiction = contradictionIn(request);
  if (contradiction !== undefined) throw usage(contradiction);
}

function contradictionIn(request: DirectRequest | PlanRequest): string | undefined {
  const {verb, definitions, clouds} = request;
  if (verb === 'build') {
    if (request.flags.upload !== true && clouds.length > 0) return 'clouds mean nothing without the flag upload';
    if (request.flags.upload === true && clouds.length === 0) return 'upload needs the names of clouds';
    if (request.flags.force === true && definitions.length === 0) return 'force needs the names of definitions';
  }
  if (verb === 'hold' || verb === 'unhold') {
    const isAll = request.flags.all === true;
    if (isAll === (definitions.length === 1)) return 'give the name of one definition, or the flag all';
  }
  if (verb === 'hold' && parseUntil(request.flags.until) === undefined)
    return 'until is a day or a moment, like 2026-12-24 or 2026-12-24T18:00Z';
  if (verb === 'verify' && request.flags.image !== undefined && definitions.length > 0)
    return 'give definitions or the flag image, not both';
  if (verb === 'rollback') return rollbackContradiction(request.flags);
  return undefined;
}

function rollbackContradiction({
  to,
  pull,
  undo,
  reason,
  publicReason,
}: Extract<PlanRequest, {verb: 'rollback'}>['flags']): string | undefined {
  if (undo !== undefined)
    return to === undefined && pull === undefined && reason === undefined && publicReason === undefined
      ? undefined
      : 'undo contradicts to, pull, reason and publicReason';
  if (reason === undefined) return 'rollback needs the flag reason';
  return pull === true && to !== undefined ? 'pull contradicts to' : undefined;
}

function unknown(kind: string, name: string, known: Iterable<string>): CallError {
  const names = [...known];
  return usage(
    `the server knows no ${kind} "${name.slice(0, 100)}"`,
    didYouMean(name, names) ?? `it knows: ${names.slice(0, 10).join(', ') || 'none'}`,
  );
}

function usage(message: string, hint?: string): CallError {
  return new CallError(400, {code: 'USAGE', message}, hint === undefined ? {} : {hint});
}
