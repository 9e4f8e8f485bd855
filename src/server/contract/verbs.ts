import {z} from 'zod';
import {imageId, name, planId} from './common.ts';
import type {DeepReadonly} from './common.ts';

/** What the server starts; everything else is left to the CLI. */
export const VERBS = ['manage', 'build', 'verify', 'hold', 'unhold', 'rollback'] as const;
export const verb = z.enum(VERBS);
export type Verb = z.infer<typeof verb>;

/** What a plan can be made of. */
const PLANNED_VERBS = ['manage', 'rollback'] as const;
export const plannedVerb = z.enum(PLANNED_VERBS);

/** At most as many names are taken at once. */
const MOST_NAMES = 1000;
const names = z.array(name).max(MOST_NAMES);
const on = z.literal(true);
/** It has to fit on an image, into a definition and on a command line. */
const reason = z
  .string()
  .min(1)
  .max(255)
  .refine((text) => !/\p{Cc}/u.test(text), {error: 'holds a control character; use other characters'});
const version = z.string().min(1).max(255);

/** Flags of `manage`, by their names on the command line; `build: false` is `--no-build`. */
export const manageFlags = z.strictObject({
  latest: z.exactOptional(on),
  hide: z.exactOptional(on),
  deactivate: z.exactOptional(on),
  keep: z.exactOptional(on),
  reverify: z.exactOptional(on),
  /** Needs `--allow-build`. */
  rebuild: z.exactOptional(on),
  build: z.exactOptional(z.literal(false)),
  publish: z.exactOptional(z.literal(false)),
  jobs: z.exactOptional(z.int().min(1).max(32)),
});

/** Flags of a plan of `manage`: a plan may also delete. */
const managePlanFlags = manageFlags.extend({delete: z.exactOptional(on)});

/** Flags of `build`; `force`: definitions that are off in their files, too, which have to be named. */
export const buildFlags = z.strictObject({
  upload: z.exactOptional(on),
  rebuild: z.exactOptional(on),
  force: z.exactOptional(on),
});

/** Flags of `verify`; `image`: that image instead of the current ones of the definitions. */
export const verifyFlags = z.strictObject({
  deep: z.exactOptional(on),
  presence: z.exactOptional(on),
  image: z.exactOptional(imageId),
});

/** Flags of `hold`; `all`: every definition on the cloud. */
export const holdFlags = z.strictObject({
  /** A day (until its end, UTC) or a moment, as `--until` takes it. */
  until: z.string().min(1).max(40),
  all: z.exactOptional(on),
  reason: z.exactOptional(reason),
  publicReason: z.exactOptional(on),
});

/** Flags of `unhold`. */
export const unholdFlags = z.strictObject({all: z.exactOptional(on)});

/** Flags of a plan of `rollback`; `undo`: the version whose revocation is lifted, alone. */
export const rollbackFlags = z.strictObject({
  to: z.exactOptional(version),
  reason: z.exactOptional(reason),
  publicReason: z.exactOptional(on),
  pull: z.exactOptional(on),
  undo: z.exactOptional(version),
});

/** Empty: all that the server knows, where the verb works on all. */
const definitions = names.default([]);
/** At least one, by name. */
const clouds = names.min(1);

/** The body of `POST /v1/runs` that carries out a plan, which brings its own definitions, clouds and flags; `confirm`: the text that it asks to be typed. */
export const approvalRequest = z.strictObject({
  verb: plannedVerb,
  plan: planId,
  confirm: z.exactOptional(z.string().max(1000)),
});
export type ApprovalRequest = DeepReadonly<z.infer<typeof approvalRequest>>;

/** The body of `POST /v1/runs` that needs no plan. */
export const directRequest = z.discriminatedUnion('verb', [
  z.strictObject({verb: z.literal('manage'), definitions, clouds, flags: manageFlags.default({})}),
  z.strictObject({
    verb: z.literal('build'),
    definitions,
    /** With `upload` alone. */
    clouds: names.default([]),
    flags: buildFlags.default({}),
  }),
  z.strictObject({verb: z.literal('verify'), definitions, clouds, flags: verifyFlags.default({})}),
  z.strictObject({verb: z.literal('hold'), definitions: names.max(1).default([]), clouds, flags: holdFlags}),
  z.strictObject({
    verb: z.literal('unhold'),
    definitions: names.max(1).default([]),
    clouds,
    flags: unholdFlags.default({}),
  }),
]);
export type DirectRequest = DeepReadonly<z.infer<typeof directRequest>>;

/** The body of `POST /v1/runs`. */
export const runRequest = z.union([approvalRequest, directRequest]);

/** The body of `POST /v1/plans`. */
export const planRequest = z.discriminatedUnion('verb', [
  z.strictObject({verb: z.literal('manage'), definitions, clouds, flags: managePlanFlags.default({})}),
  z.strictObject({verb: z.literal('rollback'), definitions: names.length(1), clouds, flags: rollbackFlags}),
]);
export type PlanRequest = DeepReadonly<z.infer<typeof planRequest>>;

/**
 * Something that can be started from here, and how it is written on a command line. What `asks` names is to be filled into `flags` by the
 * person; `confirm` is what the plan then asks to be typed.
 */
export const offer = z.object({
  verb,
  /** Where it is to be posted: a plan is made first, or it starts at once. */
  via: z.enum(['plans', 'runs']),
  definitions: z.array(z.string()),
  clouds: z.array(z.string()),
  flags: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Names of flags that a person has to give. */
  asks: z.array(z.string()),
  /** The equivalent command; what a person has to give is written in capitals. */
  command: z.string(),
  /** Why it cannot be started by this user on this server; null: it can. */
  refused: z.string().nullable(),
});
export type Offer = DeepReadonly<z.infer<typeof offer>>;
