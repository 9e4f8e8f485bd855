import {ImgmgrError} from '../errors.ts';
import type {AnsweredId} from '../server/contract/routes.ts';
import type {ApiCall} from './backend.ts';

type Json = Readonly<Record<string, unknown>>;
type Parts = Omit<ApiCall, 'caller' | 'signal'>;

/** Asks the server; `ask` has caller and signal already. */
export type Ask = (id: AnsweredId, parts: Parts) => Promise<unknown>;

/** What answers a method: the JSON of its request becomes calls of the JSON interface, and their answer the JSON of its response. */
type Answer = (request: Json, ask: Ask) => Promise<unknown>;

/** Every method that answers once, by service and name. */
export const ANSWERS: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  'imgmgr.api.v1.ImageService': {
    List: (request, ask) => ask('images', {query: refreshed(request)}),
    Get: ({cloud = '', target = '', ...query}, ask) => ask('image', {params: {cloud, target}, query: refreshed(query)}),
    Verify: start('verify'),
    Rollback: rollback,
    Hold: start('hold'),
  },
  'imgmgr.api.v1.BuildService': {
    Create: start('build'),
    Get: async ({id = ''}, ask) => ({details: await buildOf(id, ask)}),
    List: async (query, ask) => ({page: await ask('runs', {query: {...query, verb: ['build']}})}),
    Cancel: async ({id = ''}, ask) => {
      await buildOf(id, ask);
      return ask('cancel', {params: {id}});
    },
    Delete: async ({id = '', ...body}, ask) => ({started: await ask('deleteBuilds', {params: {id}, body})}),
  },
  'imgmgr.api.v1.RunService': {
    Start: async (request, ask) => ({started: await ask('start', {body: runOf(request)})}),
    Get: ({id = ''}, ask) => ask('run', {params: {id}}),
    List: (query, ask) => ask('runs', {query}),
    Cancel: ({id = ''}, ask) => ask('cancel', {params: {id}}),
    Log: ({id = '', ...query}, ask) => ask('log', {params: {id}, query}),
  },
};

/** A flag of the address is `1` or missing. */
function refreshed({refresh, ...query}: Json): Json {
  return {...query, ...(refresh === true && {refresh: '1'})};
}

function start(verb: string): Answer {
  return async (body, ask) => ({started: await ask('start', {body: {...body, verb}})});
}

async function rollback({make, approve}: Json, ask: Ask): Promise<unknown> {
  if (make !== undefined) return {plan: await ask('makePlan', {body: {...(make as Json), verb: 'rollback'}})};
  if (approve !== undefined) return {started: await ask('start', {body: {...(approve as Json), verb: 'rollback'}})};
  throw new ImgmgrError('USAGE', 'the request of a rollback has no step', {
    hint: 'set `make` for a plan, and `approve` to carry it out',
  });
}

const FLAGGED = ['manage', 'build', 'verify', 'hold', 'unhold'];

/** The oneof of flags becomes `flags`. It has to be that of the verb. */
function runOf(request: Json): Json {
  const others = Object.entries(request).filter(([key]) => !FLAGGED.includes(key));
  const [given] = FLAGGED.filter((verb) => request[verb] !== undefined);
  if (given !== undefined && given !== request['verb'])
    throw new ImgmgrError(
      'USAGE',
      `the verb is ${JSON.stringify(request['verb'] ?? null)}, the flags are those of ${given}`,
      {
        hint: 'set the flags of the verb',
      },
    );
  return {...Object.fromEntries(others), ...(given !== undefined && {flags: request[given]})};
}

/** The run of a build; NOT_FOUND for one that built nothing and was not asked to. */
async function buildOf(id: unknown, ask: Ask): Promise<unknown> {
  const answer = (await ask('run', {params: {id}})) as {
    readonly run: {readonly verb: string};
    readonly builds: readonly unknown[];
  };
  if (answer.run.verb === 'build' || answer.builds.length > 0) return answer;
  throw new ImgmgrError('NOT_FOUND', `the run ${String(id)} built nothing`, {hint: 'ask RunService for it'});
}
