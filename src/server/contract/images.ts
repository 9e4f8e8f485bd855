import {z} from 'zod';
import {IMAGE_PHASES} from '../../core/phase/phase.ts';
import type {ChainLink, Shown, ShownImage} from '../../core/status/shown.ts';
import type {StatusRow} from '../../core/status/row.ts';
import {cloudReading, filePosition, finding, findingAhead, hold, moment, name, problem} from './common.ts';
import type {DeepReadonly} from './common.ts';
import {offer} from './verbs.ts';

/** A row of `status --json`. */
export const imageRow = z.object({
  cloud: z.string(),
  definition: z.string().nullable(),
  image: z.string().nullable(),
  name: z.string().nullable(),
  owner: z.string().nullable(),
  version: z.string().nullable(),
  built: z.string().nullable(),
  digest: z.string().nullable(),
  until: z.string().nullable(),
  newer: z.string().nullable(),
  verified: z.object({kind: z.enum(['pass', 'fail']), cause: z.string(), at: z.string()}).nullable(),
  redOn: z
    .object({
      at: moment,
      now: z.boolean(),
      rule: finding.shape.rule,
      by: finding.shape.by,
    })
    .nullable(),
  state: z.enum([
    ...(['ok', 'missing', 'disabled', 'definition-gone', 'changed-by-hand', 'revoked', 'pulled'] as const),
    ...(['quarantined', 'importing', 'pending', 'ready', 'newer-format', 'not-ours', 'cloud', 'unreachable'] as const),
  ]),
  detail: z.string().nullable(),
  hold: hold.nullable(),
  offending: z.boolean(),
  findings: z.array(finding),
  ahead: z.array(findingAhead),
  superseded: z.array(
    z.object({image: z.string(), name: z.string().nullable(), version: z.string(), revoked: z.boolean()}),
  ),
}) satisfies z.ZodType<StatusRow>;

export type ImageRow = DeepReadonly<z.infer<typeof imageRow>>;

/** The query of `GET /v1/images`; names may be repeated. */
export const imagesQuery = z.strictObject({
  cloud: z.array(name).max(1000).default([]),
  definition: z.array(name).max(1000).default([]),
  /** Also read the clouds anew now; at most once in 10 seconds for each. */
  refresh: z.literal('1').optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
  /** `next` of the page before. */
  cursor: z.string().max(200).optional(),
});

/** The answer of `GET /v1/images`: the table of `status`, the worst first. */
export const imagesAnswer = z.object({
  /** When this answer was made. */
  asOf: moment,
  /** The profile by which rules judged. */
  profile: z.string(),
  clouds: z.array(cloudReading),
  /** Numbers over all rows of the clouds and definitions that were asked for, not of this page alone. */
  summary: z.object({
    clouds: z.int(),
    unreachable: z.int(),
    rows: z.int(),
    offending: z.int(),
    /** Red now, and from a later moment on. */
    red: z.int(),
    due: z.int(),
    quarantined: z.int(),
  }),
  rows: z.array(imageRow).max(1000),
  next: z.string().nullable(),
  /** The equivalent command. */
  command: z.string(),
  /** What can be started from here. */
  offers: z.array(offer),
});
export type ImagesAnswer = DeepReadonly<z.infer<typeof imagesAnswer>>;

const stampState = z.enum(['lease', 'importing', 'pending', 'ready', 'current', 'retired', 'quarantined']);

/** An image of the same definition: a predecessor, a candidate, one that failed or that was revoked. */
const chainLink = z.object({
  image: z.string(),
  name: z.string().nullable(),
  owner: z.string().nullable(),
  version: z.string().nullable(),
  state: stampState.nullable(),
  visibility: z.string(),
  createdAt: z.string(),
  reason: z.string().nullable(),
  revoked: z.boolean(),
}) satisfies z.ZodType<ChainLink>;

/** An image as `show --json` has it. */
const shownImage = z.object({
  id: z.string(),
  name: z.string().nullable(),
  owner: z.string().nullable(),
  status: z.enum([
    ...(['queued', 'saving', 'uploading', 'importing', 'active', 'deactivated'] as const),
    ...(['killed', 'deleted', 'pending_delete'] as const),
  ]),
  visibility: z.enum(['public', 'private', 'shared', 'community']),
  osHidden: z.boolean(),
  protected: z.boolean(),
  tags: z.array(z.string()),
  minDisk: z.number(),
  minRam: z.number(),
  diskFormat: z.string().nullable(),
  containerFormat: z.string().nullable(),
  size: z.number().nullable(),
  virtualSize: z.number().nullable(),
  osHashAlgo: z.string().nullable(),
  osHashValue: z.string().nullable(),
  checksum: z.exactOptional(z.string()),
  createdAt: z.string(),
  updatedAt: z.string(),
  stores: z.array(z.string()),
  properties: z.record(z.string(), z.string()),
  /** Where its bytes are, and why: docs/cli.md has the names. */
  phase: z.enum(IMAGE_PHASES),
  reason: z.string(),
  digests: z.object({glance: z.array(z.string()), imgmgr: z.array(z.string())}),
  source: z.string().nullable(),
  origin: z.string().nullable(),
  stamp: z.object({definition: z.string(), version: z.string(), state: z.string(), run: z.string()}).nullable(),
  verdict: z
    .object({
      kind: z.enum(['pass', 'fail']),
      cause: z.string(),
      failed: z.array(z.string()),
      agent: z.string(),
      at: z.string(),
      boot: z.string(),
    })
    .nullable(),
  revoked: z.string().nullable(),
  evidence: z.string().nullable(),
  findings: z.array(finding),
  ahead: z.array(findingAhead),
}) satisfies z.ZodType<ShownImage>;

/** What a definition offers, as `show --json` has it. */
const shownDefinition = z.object({
  name: z.string(),
  enabled: z.boolean(),
  place: filePosition,
  multi: z.boolean(),
  visibility: z.string(),
  isBuilt: z.boolean(),
  versions: z.array(z.string()),
  newest: z.string().nullable(),
});

/** The answer of `show --json` about one cloud. */
const shown = z.object({
  cloud: z.string(),
  target: z.string(),
  asOf: moment,
  definition: shownDefinition.nullable(),
  hold: hold.nullable(),
  images: z.array(shownImage),
  chain: z.array(chainLink),
}) satisfies z.ZodType<Omit<Shown, 'servers'>>;

/** A verification of an image as the history of this host has it, every check included. */
const verificationSeen = z.object({
  run: z.string(),
  image: z.string(),
  version: z.string().nullable(),
  datasource: z.string().nullable(),
  state: z.string(),
  verdict: z.string().nullable(),
  cause: z.string().nullable(),
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  checks: z.array(z.object({id: z.string(), severity: z.string(), outcome: z.string()})),
});

/** The query of `GET /v1/images/CLOUD/TARGET`. */
export const imageQuery = z.strictObject({refresh: z.literal('1').optional()});

/** The answer of `GET /v1/images/CLOUD/TARGET`: one definition or image on one cloud. */
export const imageAnswer = z.object({
  reading: cloudReading,
  shown,
  /** The latest verifications of these images by runs of this host, the newest first. */
  verifications: z.array(verificationSeen),
  command: z.string(),
  /** Roll back, hold, lift a hold, verify, manage. */
  offers: z.array(offer),
});
export type ImageAnswer = DeepReadonly<z.infer<typeof imageAnswer>>;

/** The answer of `GET /v1/definitions`: what the files say, and what is wrong with them. */
export const definitionsAnswer = z.object({
  asOf: moment,
  definitions: z.array(shownDefinition).max(1000),
  /** More than 1,000 there are. */
  more: z.boolean(),
  files: z.array(z.string()),
  problems: z.array(problem),
  findings: z.array(finding).max(1000),
  ahead: z.array(findingAhead).max(1000),
  /** `imgmgr validate`. */
  command: z.string(),
});
export type DefinitionsAnswer = DeepReadonly<z.infer<typeof definitionsAnswer>>;
