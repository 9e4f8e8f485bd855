import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {COUNT_FIELDS} from '../counts.ts';
import {fnv1a} from '../fnv1a.ts';

/** What a plan of this form calls itself. */
export const PLAN_SCHEMA = 'imgmgr-plan';

/** The version of the form that this program writes, and the newest one that it reads. */
export const PLAN_VERSION = 1;

const KINDS = [
  ...(['remove', 'acquire', 'resume', 'verify', 'publish', 'retire', 'adopt'] as const),
  ...(['update', 'hide', 'deactivate', 'reactivate', 'copy', 'delete'] as const),
] as const;

const visibility = z.enum(['public', 'private', 'shared', 'community']);
const texts = z.array(z.string());
const properties = z.record(z.string(), z.string());

const image = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  status: z.string(),
  visibility,
  osHidden: z.boolean(),
  protected: z.boolean(),
});

/** URLs are without signatures and passwords. */
const release = z.strictObject({
  version: z.string(),
  latest: z.boolean(),
  url: z.string(),
  mirrorUrl: z.string().optional(),
  digest: z.string().optional(),
  id: z.string().optional(),
  inputs: z.string().optional(),
});

const patch = z.strictObject({
  name: z.string().optional(),
  visibility: visibility.optional(),
  osHidden: z.boolean().optional(),
  protected: z.boolean().optional(),
  diskFormat: z.string().optional(),
  minDisk: z.number().optional(),
  minRam: z.number().optional(),
  tags: texts.optional(),
  set: properties.optional(),
  remove: texts.optional(),
});

const form = z.strictObject({
  name: z.string(),
  visibility,
  osHidden: z.boolean(),
  protected: z.boolean(),
  status: z.enum(['active', 'deactivated']),
  minDisk: z.number(),
  minRam: z.number(),
  tags: texts,
  flagTags: texts,
  properties,
});

/** What the action was decided on, and exactly what it writes. */
const facts = z.strictObject({
  image: image.optional(),
  /** Id of the action that makes the image. */
  made: z.string().optional(),
  release: release.optional(),
  reuse: image.optional(),
  twin: image.optional(),
  as: z.enum(['current', 'retired']).optional(),
  form: form.optional(),
  patch: patch.optional(),
  stores: texts.optional(),
  unprotect: z.boolean().optional(),
});

/** What is true afterwards. */
const effects = z.strictObject({
  next: z.enum(['verify', 'publish', 'ready']).optional(),
  /** The name under which users find the image. */
  publishes: z.string().optional(),
  /** Id of the image that is taken out of use, and of the publication that replaces it. */
  retires: z.string().optional(),
  replacedBy: z.string().optional(),
  counts: z.enum(COUNT_FIELDS).optional(),
});

const action = z.strictObject({
  id: z.string(),
  kind: z.enum(KINDS),
  dependsOn: texts,
  reason: z.string(),
  effects,
  facts,
});

const definition = z.strictObject({
  name: z.string(),
  actions: z.array(action),
  failures: z.array(z.strictObject({id: z.string(), version: z.string(), code: z.string()})),
  /** Code of the error for which nothing is planned. */
  error: z.string().optional(),
  /** Another run works on it. */
  busy: z.boolean(),
});

const content = {
  schema: z.literal(PLAN_SCHEMA),
  version: z.literal(PLAN_VERSION),
  cloud: z.string(),
  leftovers: z.array(action),
  definitions: z.array(definition),
};

const stored = z.strictObject({...content, checksum: z.string()});

/** A plan of one cloud as JSON: to be shown, kept, and compared with a fresh one; nothing is ever carried out from it. */
export type StoredPlan = z.infer<typeof stored>;

/** One action of a {@link StoredPlan}. */
export type StoredAction = z.infer<typeof action>;

/** One definition of a {@link StoredPlan}. */
export type StoredDefinition = z.infer<typeof definition>;

/**
 * Reads a plan that was written before: USAGE for what is no JSON or cut off, no plan, or changed since; NEWER_FORMAT for a plan of a later
 * version. The checksum shows changes made by mistake; whatever else was changed shows when the plan is compared with a fresh one.
 */
export function readPlan(text: string): StoredPlan {
  const json = parseJson(text);
  const head = z.object({schema: content.schema, version: z.int()}).safeParse(json);
  if (!head.success) throw unusable('it is no plan of imgmgr');
  if (head.data.version > PLAN_VERSION)
    throw new ImgmgrError(
      'NEWER_FORMAT',
      `the plan is of version ${head.data.version}, this version of imgmgr reads version ${PLAN_VERSION}`,
      {hint: 'use the version of imgmgr that made the plan, or make the plan again'},
    );
  const plan = stored.safeParse(json);
  if (!plan.success) throw unusable(`it was changed: ${describeIssue(plan.error)}`);
  if (plan.data.checksum !== checksumOf(plan.data)) throw unusable('it was changed: its checksum does not fit');
  return plan.data;
}

/** The checksum of everything else in the plan, whatever the order of its fields. */
export function checksumOf(plan: Omit<StoredPlan, 'checksum'>): string {
  return fnv1a(canonicalText({...plan, checksum: undefined}));
}

/** JSON with the fields of each object in one order; text as every writer of JSON keeps it. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'string') return inner.toWellFormed();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw unusable('it is cut off or no JSON');
  }
}

function unusable(why: string): ImgmgrError {
  return new ImgmgrError('USAGE', `the plan cannot be used: ${why}`, {hint: 'make the plan again'});
}

function describeIssue({issues}: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'it has another form';
}
