import {z} from 'zod';
import {COUNT_FIELDS} from '../counts.ts';

/** Every kind of action. */
export const KINDS = [
  ...(['remove', 'acquire', 'resume', 'verify', 'publish', 'retire', 'revoke', 'lift', 'adopt'] as const),
  ...(['update', 'hide', 'deactivate', 'reactivate', 'share', 'copy', 'delete'] as const),
] as const;

const visibility = z.enum(['public', 'private', 'shared', 'community']);
/** What messages say as it stands: no name of a cloud or a definition is longer. */
export const storedName = z.string().max(1000);
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

const value = z.union([z.string(), z.number(), z.boolean(), texts, z.null()]);

/** What the action was decided on, and exactly what it writes; URLs as in {@link release}. */
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
  /** What that changes: every field or property with its value before and after. */
  changes: z.record(z.string(), z.strictObject({from: value, to: value})).optional(),
  stores: texts.optional(),
  members: z.strictObject({add: texts, accept: texts, remove: texts, record: texts}).optional(),
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
  name: storedName,
  actions: z.array(action),
  failures: z.array(z.strictObject({id: z.string(), version: z.string(), code: z.string()})),
  /** Code of the error for which nothing is planned. */
  error: z.string().optional(),
  /** Another run works on it. */
  busy: z.boolean(),
});

/** The plan of one cloud in a file: compared with a fresh one, never carried out. */
export const storedPlan = z.strictObject({
  cloud: storedName,
  /** Glance's id of the project that the login leads to. */
  project: z.string(),
  /** Leases of dead runs. */
  leftovers: z.array(action),
  definitions: z.array(definition),
});

export type StoredPlan = z.infer<typeof storedPlan>;

/** One action of a {@link StoredPlan}. */
export type StoredAction = z.infer<typeof action>;

/** One definition of a {@link StoredPlan}. */
export type StoredDefinition = z.infer<typeof definition>;
