import {z} from 'zod';
import {name, planId, runId} from './common.ts';
import {definitionsAnswer, imageAnswer, imageQuery, imagesAnswer, imagesQuery} from './images.ts';
import {planAnswer, planQuery, plansAnswer} from './plans.ts';
import * as runs from './runs.ts';
import type {Role} from './session.ts';
import {done, loginRequest, session} from './session.ts';
import {planRequest, runRequest} from './verbs.ts';

/** One call of the server. */
export interface Route {
  /** Names it; `operationId` of the OpenAPI document. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parts in braces stand for one part of the path, percent-encoded. */
  readonly path: string;
  /** The least role that may call it; `open`: everybody. */
  readonly role: Role | 'open';
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: {
    readonly status: number;
    readonly type: 'application/json' | 'text/event-stream' | 'text/plain';
    readonly schema: z.ZodType;
  };
}

const json = (schema: z.ZodType, status = 200): Route['answer'] => ({status, type: 'application/json', schema});
const run = z.strictObject({id: runId});
const plan = z.strictObject({id: planId});

/** Every call of the server besides its pages. */
export const ROUTES = [
  {
    id: 'health',
    method: 'GET',
    path: '/healthz',
    role: 'open',
    summary: 'Says that the server answers, nothing else',
    answer: json(done),
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    role: 'metrics',
    summary: 'Metrics in the text format of Prometheus; asks no cloud',
    answer: {status: 200, type: 'text/plain', schema: z.string()},
  },
  {
    id: 'openapi',
    method: 'GET',
    path: '/v1/openapi.json',
    role: 'metrics',
    summary: 'This interface as an OpenAPI 3.1 document',
    answer: json(z.looseObject({openapi: z.string()})),
  },
  {
    id: 'session',
    method: 'GET',
    path: '/v1/session',
    role: 'metrics',
    summary: 'Who asks, and what that user may do',
    answer: json(session),
  },
  {
    id: 'login',
    method: 'POST',
    path: '/v1/session',
    role: 'open',
    summary: 'Logs a browser in with the code of a one-time URL or a token; the answer sets the cookie',
    body: loginRequest,
    answer: json(session),
  },
  {
    id: 'logout',
    method: 'DELETE',
    path: '/v1/session',
    role: 'metrics',
    summary: 'Ends the login of this browser',
    answer: json(done),
  },
  {
    id: 'images',
    method: 'GET',
    path: '/v1/images',
    role: 'viewer',
    summary: 'What is on the clouds: the table of status, the worst first',
    query: imagesQuery,
    answer: json(imagesAnswer),
  },
  {
    id: 'image',
    method: 'GET',
    path: '/v1/images/{cloud}/{target}',
    role: 'viewer',
    summary: 'Everything about one definition or image on one cloud; the target is its name or a Glance id',
    params: z.strictObject({cloud: name, target: name}),
    query: imageQuery,
    answer: json(imageAnswer),
  },
  {
    id: 'definitions',
    method: 'GET',
    path: '/v1/definitions',
    role: 'viewer',
    summary: 'The definitions of this host, judged as validate does',
    answer: json(definitionsAnswer),
  },
  {
    id: 'runs',
    method: 'GET',
    path: '/v1/runs',
    role: 'viewer',
    summary: 'Runs of this host, by its history',
    query: runs.runsQuery,
    answer: json(runs.runsAnswer),
  },
  {
    id: 'run',
    method: 'GET',
    path: '/v1/runs/{id}',
    role: 'viewer',
    summary: 'One run: its actions, builds, verifications and logs',
    params: run,
    answer: json(runs.runAnswer),
  },
  {
    id: 'events',
    method: 'GET',
    path: '/v1/runs/{id}/events',
    role: 'viewer',
    summary:
      'The events of a run as server-sent events, from the first one, or behind the one that Last-Event-ID names; ends with `event: end`',
    params: run,
    answer: {status: 200, type: 'text/event-stream', schema: runs.runEvent},
  },
  {
    id: 'log',
    method: 'GET',
    path: '/v1/runs/{id}/log',
    role: 'viewer',
    summary: 'Lines of what a run printed, of a build log, or of the console of a test server',
    params: run,
    query: runs.logQuery,
    answer: json(runs.logAnswer),
  },
  {
    id: 'start',
    method: 'POST',
    path: '/v1/runs',
    role: 'operator',
    summary: 'Starts a run, or carries out a plan',
    body: runRequest,
    answer: json(runs.startedAnswer, 202),
  },
  {
    id: 'cancel',
    method: 'POST',
    path: '/v1/runs/{id}/cancel',
    role: 'operator',
    summary: 'Ends a run of this server as Ctrl-C does; a second time at once',
    params: run,
    answer: json(runs.cancelAnswer, 202),
  },
  {
    id: 'deleteBuilds',
    method: 'POST',
    path: '/v1/runs/{id}/delete-builds',
    role: 'operator',
    summary: 'Deletes files, manifests and logs of the builds of a run from this host, by a run of its own',
    params: run,
    body: runs.deleteBuildsRequest,
    answer: json(runs.startedAnswer, 202),
  },
  {
    id: 'plans',
    method: 'GET',
    path: '/v1/plans',
    role: 'viewer',
    summary: 'The plans that are kept',
    answer: json(plansAnswer),
  },
  {
    id: 'makePlan',
    method: 'POST',
    path: '/v1/plans',
    role: 'operator',
    summary: 'Plans manage or rollback on clouds, without changing anything, and keeps the plan for its approval',
    body: planRequest,
    answer: json(planAnswer, 201),
  },
  {
    id: 'plan',
    method: 'GET',
    path: '/v1/plans/{id}',
    role: 'viewer',
    summary: 'A plan: what it changes on each cloud, and whether the clouds are still as it was made for',
    params: plan,
    query: planQuery,
    answer: json(planAnswer),
  },
] as const satisfies readonly Route[];

export type RouteId = (typeof ROUTES)[number]['id'];

/** Calls that are answered with JSON for somebody who is known, whatever they come by. */
export type AnsweredId = Exclude<RouteId, 'health' | 'metrics' | 'openapi' | 'login' | 'logout' | 'events'>;

/** The answer of every call that fails, by HTTP status. */
export const ERROR_STATUSES: Readonly<Record<number, string>> = {
  400: 'USAGE: a field, flag or name is wrong; the nearest one is named',
  401: 'AUTH: no login or token, or one that is over',
  403: 'FORBIDDEN: the role, the clouds of the token, or the flags of the server do not allow it; or a foreign Origin or Host',
  404: 'NOT_FOUND: there is no such thing, or this user may not see it',
  405: 'USAGE: the address takes other methods',
  409: 'CONFLICT: a run of this server works on that cloud and definition, or a plan does not fit any more; DEFINITION: a definition file is wrong',
  413: 'LIMIT: the body is larger than 64 KiB',
  415: 'USAGE: the body is no application/json',
  429: 'LIMIT: too many attempts, plans or watchers',
  500: 'INTERNAL: a fault of imgmgr',
  503: 'UNAVAILABLE: history cannot be written, a cloud does not answer, or the server is about to end',
};
