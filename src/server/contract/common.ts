import {z} from 'zod';
import {COUNT_FIELDS} from '../../core/counts.ts';
import type {Counts} from '../../core/counts.ts';
import type {FilePosition, Problem} from '../../errors.ts';
import type {Finding} from '../../core/rules/finding.ts';
import {RULE_IDS} from '../../core/rules/ids.ts';
import {SEVERITIES} from '../../core/rules/rule-text.ts';

/** A value of JSON that nobody changes. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? {readonly [Key in keyof T]: DeepReadonly<T[Key]>}
    : T;

/** A moment: ISO 8601, UTC. */
export const moment = z.string();

/** The name of a definition or a cloud; nothing is longer. */
export const name = z.string().min(1).max(1000);

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of a run: a UUID in lower case. */
export const runId = z.string().regex(UUID);

/** The id of a plan that the server keeps. */
export const planId = z.string().regex(UUID);

/** A Glance id. */
export const imageId = z.string().regex(UUID);

/** What is counted; the numbers of the last line of the CLI. */
export const counts: z.ZodType<Counts> = z.object(
  Object.fromEntries(COUNT_FIELDS.map((field) => [field, z.int().min(0)])) as Record<keyof Counts, z.ZodInt>,
);

/** A place in a file. */
export const filePosition = z.object({
  file: z.string(),
  line: z.int(),
  column: z.int(),
}) satisfies z.ZodType<FilePosition>;

/** A problem of a definition file. */
export const problem = z.object({
  message: z.string(),
  place: filePosition,
  hint: z.exactOptional(z.string()),
}) satisfies z.ZodType<Problem>;

/** A finding of the audit, as `status --json` has it. */
export const finding = z.object({
  rule: z.enum(RULE_IDS),
  severity: z.enum(SEVERITIES),
  decides: z.boolean(),
  tested: z.boolean(),
  subject: z.string(),
  definition: z.exactOptional(z.string()),
  version: z.exactOptional(z.string()),
  image: z.exactOptional(z.string()),
  field: z.string(),
  found: z.string().nullable(),
  wanted: z.string(),
  message: z.string(),
  remedy: z.string(),
  section: z.string(),
  by: z.enum(['manage', 'update', 'upstream', 'you']),
  place: z.exactOptional(filePosition),
  ignored: z.exactOptional(z.object({reason: z.string(), until: z.string()})),
}) satisfies z.ZodType<Finding>;

/** A finding that will be there from a moment on. */
export const findingAhead = finding.extend({from: moment});

/** The hold of a definition, over or not. */
export const hold = z.object({
  until: moment.nullable(),
  lasts: z.boolean(),
  by: z.enum(['definition', 'cloud', 'all']),
  origin: z.string(),
  reason: z.string().nullable(),
});

/** What an error says; `code` is one of the closed set of docs/api.md. */
export const errorText = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.exactOptional(z.string()),
  place: z.exactOptional(z.string()),
});
export type ErrorText = DeepReadonly<z.infer<typeof errorText>>;

/** The answer of every call that fails. `run`: this server's own run that is in the way (409). */
export const errorAnswer = z.object({
  error: errorText.extend({run: z.exactOptional(runId), problems: z.exactOptional(z.array(problem))}),
});
export type ErrorAnswer = DeepReadonly<z.infer<typeof errorAnswer>>;

/** How the server came to know a cloud. */
export const cloudReading = z.object({
  cloud: z.string(),
  /** `unknown`: it was not looked at yet. */
  state: z.enum(['reachable', 'unreachable', 'unknown']),
  /** Why it could not be looked at the last time. */
  error: errorText.nullable(),
  /** When what is shown of it was read; null: never. */
  observedAt: moment.nullable(),
  /** It is being read at this moment. */
  refreshing: z.boolean(),
});
export type CloudReading = DeepReadonly<z.infer<typeof cloudReading>>;
