import {z} from 'zod';
import {KINDS} from '../../core/plan/stored-plan.ts';
import {errorText, moment, planId, runId} from './common.ts';
import type {DeepReadonly} from './common.ts';
import {plannedVerb} from './verbs.ts';

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]);

/** A change of a plan: an action as `dry-run --json` has it, and who notices it. */
const plannedChange = z.object({
  id: z.string(),
  kind: z.enum(KINDS),
  definition: z.string(),
  version: z.exactOptional(z.string()),
  image: z.exactOptional(z.string()),
  name: z.exactOptional(z.string()),
  newName: z.exactOptional(z.string()),
  reason: z.string(),
  built: z.exactOptional(z.literal(true)),
  url: z.exactOptional(z.string()),
  digest: z.exactOptional(z.string()),
  bytes: z.exactOptional(z.number()),
  changes: z.exactOptional(z.array(z.string())),
  fieldChanges: z.exactOptional(z.array(z.object({field: z.string(), from: value, to: value}))),
  /** Who notices it, one clause; null: nobody outside of the project. */
  noticed: z.string().nullable(),
});

/** What a plan does on one cloud. */
export const cloudPlan = z.object({
  cloud: z.string(),
  /** Why nothing could be planned there; null: it was planned. */
  error: errorText.nullable(),
  /** How many actions of each kind. */
  kinds: z.partialRecord(z.enum(KINDS), z.int()),
  /** What carrying it out takes. */
  costs: z.object({transfers: z.int(), bytes: z.number(), unknown: z.int(), boots: z.int()}),
  changes: z.array(plannedChange),
  /** Servers that run on images which are taken out of use, by project. */
  users: z.array(
    z.object({
      image: z.string(),
      count: z.exactOptional(z.int()),
      projects: z.exactOptional(z.array(z.object({projectId: z.string(), count: z.int()}))),
      unknown: z.exactOptional(z.string()),
    }),
  ),
  /** What each definition counts besides its actions, and why. */
  definitions: z.array(
    z.object({
      name: z.string(),
      unchanged: z.int(),
      images: z.array(z.string()),
      quarantined: z.int(),
      failed: z.int(),
      pending: z.int(),
      reasons: z.array(z.object({counted: z.enum(['quarantined', 'failed', 'pending']), message: z.string()})),
    }),
  ),
});
export type CloudPlan = DeepReadonly<z.infer<typeof cloudPlan>>;

/** What differs between a plan and the clouds as they are now; all empty: it can be carried out. */
export const planDifference = z.object({
  /** When the clouds were looked at. */
  at: moment,
  moved: z.boolean(),
  /** One clause each. */
  differences: z.array(z.object({cloud: z.string(), definition: z.string().nullable(), texts: z.array(z.string())})),
});
export type PlanDifference = DeepReadonly<z.infer<typeof planDifference>>;

/** A plan in the list of plans. */
export const planRow = z.object({
  id: planId,
  verb: plannedVerb,
  /** Who made it, and when. */
  by: z.string(),
  at: moment,
  /** It is removed then. */
  expiresAt: moment,
  /** Empty: all. */
  definitions: z.array(z.string()),
  clouds: z.array(z.string()),
  flags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Number of actions, and of deletions among them. */
  actions: z.int(),
  deletions: z.int(),
  /** The run that carries it out, or did; a plan is carried out once. */
  run: runId.nullable(),
});
export type PlanRow = DeepReadonly<z.infer<typeof planRow>>;

/** The query of `GET /v1/plans/ID`; `compare=1`: also look at the clouds now, at most every 10 seconds. */
export const planQuery = z.strictObject({compare: z.literal('1').optional()});

/** The answer of `GET /v1/plans/ID` and `POST /v1/plans`. */
export const planAnswer = z.object({
  plan: planRow,
  clouds: z.array(cloudPlan),
  /** The text that has to be typed to approve it, and why; null: nothing has to be. */
  confirm: z.object({text: z.string(), why: z.string()}).nullable(),
  /** The latest comparison; null: none was made since it was made. */
  difference: planDifference.nullable(),
  /** Why it cannot be approved here and now by this user; null: it can. */
  refused: z.string().nullable(),
  /** The command that makes the same plan and carries it out. */
  command: z.string(),
});
export type PlanAnswer = DeepReadonly<z.infer<typeof planAnswer>>;

/** The answer of `GET /v1/plans`, the newest first. */
export const plansAnswer = z.object({asOf: moment, plans: z.array(planRow).max(1000)});
export type PlansAnswer = DeepReadonly<z.infer<typeof plansAnswer>>;
