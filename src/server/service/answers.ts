import type {Identity} from '../access/identity.ts';
import type {AnsweredId} from '../contract/routes.ts';
import type {ImagesQuery} from '../reading/images.ts';
import {deleteBuilds} from './builds.ts';
import type {ServiceContext} from './context.ts';
import {sessionOf} from './context.ts';
import {getImage, listDefinitions, listImages} from './images.ts';
import {getPlan, listPlans, makePlan} from './plans.ts';
import type {RunsQuery} from './runs.ts';
import {cancelRun, getRun, listRuns, readRunLog, startRun} from './runs.ts';

/** Who calls, and what the call says: `params` and `query` as its route reads them, `body` as it came. */
interface AnsweredCall<Params = object, Query = object> {
  readonly identity: Identity;
  readonly params: Params;
  readonly query: Query;
  readonly body: unknown;
}

type Answer<Params, Query> = (call: AnsweredCall<Params, Query>, context: ServiceContext) => object | Promise<object>;

interface ById {
  readonly id: string;
}

/** The answer to a call whose role, params and query were checked (`checked.ts`), in the form of its route; errors are ImgmgrErrors. */
export async function answered(
  id: AnsweredId,
  call: {readonly identity: Identity; readonly params: unknown; readonly query: unknown; readonly body: unknown},
  context: ServiceContext,
): Promise<object> {
  const answer = ANSWERS[id] as Answer<object, object>;
  return answer(call as AnsweredCall, context);
}

const ANSWERS = {
  session: ({identity}, context) => sessionOf(identity, context),
  images: async ({identity, query}: AnsweredCall<object, ImagesQuery>, context) => listImages(query, identity, context),
  image: async (
    {identity, params, query}: AnsweredCall<{cloud: string; target: string}, {refresh?: '1' | undefined}>,
    context,
  ) => getImage({...params, ...query}, identity, context),
  definitions: async (_, context) => listDefinitions(context),
  runs: async ({identity, query}: AnsweredCall<object, RunsQuery>, context) => listRuns(query, identity, context),
  run: async ({identity, params}: AnsweredCall<ById>, context) => getRun(params.id, identity, context),
  log: async (
    {identity, params, query}: AnsweredCall<ById, {readonly log: string; readonly offset: number}>,
    context,
  ) => readRunLog({...params, ...query}, identity, context),
  start: async ({identity, body}, context) => {
    const started = await startRun(body, identity, context);
    context.parts.log(`${identity.user} starts run ${started.id}: ${started.command}`);
    return started;
  },
  cancel: async ({identity, params}: AnsweredCall<ById>, context) => {
    const cancelled = await cancelRun(params.id, identity, context);
    context.parts.log(`${identity.user} cancels run ${cancelled.id}`);
    return cancelled;
  },
  deleteBuilds: async ({identity, params, body}: AnsweredCall<ById>, context) => {
    const started = await deleteBuilds(params.id, body, identity, context);
    context.parts.log(`${identity.user} deletes the builds of run ${params.id} by run ${started.id}`);
    return started;
  },
  plans: ({identity}, context) => listPlans(identity, context),
  makePlan: async ({identity, body}, context) => makePlan(body, identity, context),
  plan: async ({identity, params, query}: AnsweredCall<ById, {compare?: '1' | undefined}>, context) =>
    getPlan({...params, compare: query.compare === '1'}, identity, context),
} as const satisfies Readonly<Record<AnsweredId, Answer<never, never>>>;
