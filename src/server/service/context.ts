import type {HistoryReader} from '../../ports/history.ts';
import {VERSION} from '../../version.ts';
import type {Identity} from '../access/identity.ts';
import {seesCloud} from '../access/identity.ts';
import type {Session} from '../contract/session.ts';
import type {Clouds} from '../reading/clouds.ts';
import type {Definitions} from '../reading/definitions.ts';
import type {Plans} from '../plans/plans.ts';
import type {ServerParts} from '../parts.ts';
import type {Feeds} from '../runs/feeds.ts';
import type {History} from '../runs/history.ts';
import type {Runs} from '../runs/registry.ts';
import type {OfferContext} from '../verbs/offers.ts';
import type {Known, Permissions} from '../verbs/permit.ts';
import {verbsOf} from '../verbs/permit.ts';
import {cloudsOf} from '../reading/images.ts';

/** Everything that calls are answered with, whatever they come by: HTTP or gRPC. */
export interface ServiceContext {
  readonly parts: ServerParts;
  readonly permissions: Permissions;
  /** As `--profile` names it. */
  readonly profile: string;
  readonly clouds: Clouds;
  readonly definitions: Definitions;
  readonly history: History;
  readonly runs: Runs;
  readonly feeds: Feeds;
  readonly plans: Plans;
}

/** By whom and where something is offered. */
export function offerContext({permissions, parts}: ServiceContext, identity: Identity): OfferContext {
  return {identity, permissions, flags: parts.flags};
}

/** What the server knows by name: clouds that this user sees, definitions of files and of images there. */
export async function knownTo({clouds, definitions}: ServiceContext, identity: Identity): Promise<Known> {
  const seen = cloudsOf([], clouds.names, identity);
  return {clouds: seen, definitions: new Set([...(await definitions.names()), ...clouds.definitions(seen)])};
}

/** Who asks, and what that user may do on this server. */
export function sessionOf(identity: Identity, {permissions, clouds, parts, runs}: ServiceContext): Session {
  const {user, role, by, expiresMs} = identity;
  return {
    ...{user, role, by, version: VERSION, host: parts.host, ...permissions},
    expiresAt: expiresMs === undefined || !Number.isFinite(expiresMs) ? null : new Date(expiresMs).toISOString(),
    verbs: verbsOf(identity, permissions),
    clouds: clouds.names.filter((cloud) => seesCloud(identity, cloud)),
    closed: runs.closed ?? null,
  };
}

/** A run whose end the history has may have its process for a moment yet, in which it must not be in the way of the next one. */
export async function waitForEndedRuns({runs, history}: ServiceContext): Promise<void> {
  const isOver = (reader: HistoryReader, id: string): boolean => (reader.details(id)?.run.endedAt ?? null) !== null;
  // Where the history cannot be read, no run starts, and that is said by those who start it.
  const over = await history
    .read((reader) => runs.underWay().filter(({id}) => isOver(reader, id)))
    .catch(() => undefined);
  await Promise.all((over ?? []).map(({id}) => runs.gone(id, GONE_MS)));
}

const GONE_MS = 3000;
