import {z} from 'zod';
import {STATES} from '../../core/history/records.ts';
import type {
  ActionRecord,
  BuildRecord,
  LogRecord,
  RunRecord,
  StoredEvent,
  VerificationRecord,
} from '../../core/history/records.ts';
import {counts, moment, name, runId} from './common.ts';
import type {DeepReadonly} from './common.ts';
import {offer} from './verbs.ts';

const state = z.enum(STATES);

/** A run as `history --json` has it. */
const runRecord = z.object({
  id: z.string(),
  verb: z.string(),
  state,
  phase: z.string(),
  reason: z.string().nullable(),
  exitCode: z.int().nullable(),
  counts: counts.nullable(),
  startedAt: moment,
  endedAt: moment.nullable(),
  heartbeatAt: moment,
  elapsedMs: z.number(),
  clouds: z.array(z.string()),
  definitions: z.array(z.string()),
  who: z.object({
    user: z.string(),
    sudoUser: z.string().nullable(),
    ci: z.string().nullable(),
    job: z.string().nullable(),
    jobUrl: z.string().nullable(),
    requestedBy: z.string().nullable(),
  }),
  host: z.string(),
  pid: z.int(),
  commandLine: z.array(z.string()),
  version: z.string(),
  lastSeq: z.int(),
}) satisfies z.ZodType<RunRecord>;

/** What the server knows of a run that it started itself. */
const startedHere = z.object({
  /** Name of the token or user who asked for it. */
  by: z.string(),
  at: moment,
  /** The plan that it carries out. */
  plan: z.string().nullable(),
  /** Who asked for its end; null: nobody did. */
  cancelledBy: z.string().nullable(),
});

/** A row of the list of runs. */
export const runRow = runRecord.extend({
  /** Null: it was started by somebody else, on a command line or by a timer. */
  server: startedHere.nullable(),
  /** Its command line as text. */
  command: z.string(),
});
export type RunRow = DeepReadonly<z.infer<typeof runRow>>;

/** The query of `GET /v1/runs`. */
export const runsQuery = z.strictObject({
  verb: z.array(z.string().max(40)).max(20).default([]),
  /** `running`, `failed` (or lost), or any. */
  result: z.enum(['running', 'failed']).optional(),
  cloud: z.array(name).max(1000).default([]),
  definition: name.optional(),
  /** The id of a run: only older ones. */
  before: runId.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** The answer of `GET /v1/runs`: running ones first on the first page, then the newest first. */
export const runsAnswer = z.object({
  asOf: moment,
  runs: z.array(runRow).max(1000),
  /** There are older ones: ask with `before`, the id of the last run. */
  more: z.boolean(),
  command: z.string(),
  offers: z.array(offer),
});
export type RunsAnswer = DeepReadonly<z.infer<typeof runsAnswer>>;

const part = {
  state,
  phase: z.string(),
  reason: z.string().nullable(),
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
};

const actionRecord = z.object({
  id: z.string(),
  cloud: z.string(),
  definition: z.string(),
  kind: z.string(),
  version: z.string().nullable(),
  image: z.string().nullable(),
  planned: z.string(),
  bytes: z.number().nullable(),
  total: z.number().nullable(),
  /** Over all stages of the image: 100 only when it is active. */
  percent: z.number().nullable(),
  averageBps: z.number().nullable(),
  /** `CODE: message` of its failure, or why it was left. */
  message: z.string().nullable(),
  ...part,
}) satisfies z.ZodType<ActionRecord>;

/** Without the paths of files on this host. */
const buildRecord = z.object({
  definition: z.string(),
  version: z.string(),
  files: z.array(z.object({format: z.string(), path: z.string(), size: z.number()})),
  manifest: z.string().nullable(),
  gone: z.boolean(),
  ...part,
}) satisfies z.ZodType<BuildRecord>;

const verificationRecord = z.object({
  cloud: z.string(),
  definition: z.string(),
  version: z.string().nullable(),
  image: z.string(),
  datasource: z.string().nullable(),
  verdict: z.string().nullable(),
  cause: z.string().nullable(),
  checks: z.array(z.object({id: z.string(), severity: z.string(), outcome: z.string()})),
  ...part,
}) satisfies z.ZodType<VerificationRecord>;

/** A text of a run that can be read with `GET /v1/runs/ID/log`. */
const logRef = z.object({
  /** What `log=` takes: `output`, `errors`, or the number of a file. */
  log: z.string(),
  /** `output`, `errors`: what the process printed. `build`: the log of a build. `evidence`: the console of a test server. */
  kind: z.enum(['output', 'errors', 'build', 'evidence']),
  cloud: z.string().nullable(),
  definition: z.string().nullable(),
  version: z.string().nullable(),
  image: z.string().nullable(),
}) satisfies z.ZodType<Pick<LogRecord, 'cloud' | 'version' | 'image'>>;
export type LogRef = DeepReadonly<z.infer<typeof logRef>>;

/** The answer of `GET /v1/runs/ID`: everything about a run but its events. */
export const runAnswer = z.object({
  asOf: moment,
  run: runRow,
  actions: z.array(actionRecord),
  builds: z.array(buildRecord),
  verifications: z.array(verificationRecord),
  logs: z.array(logRef),
  /** `imgmgr history ID`. */
  command: z.string(),
  /** The call that ends it; null: it is over, or nobody may from here. */
  cancel: z.object({command: z.string(), refused: z.string().nullable()}).nullable(),
  /** How what is left of its builds on this host is deleted; null: it goes on, or nothing is left. */
  deletion: z
    .object({
      /** The text that has to be typed. */
      confirm: z.string(),
      command: z.string(),
      /** Why this user cannot; null: it can be deleted. */
      refused: z.string().nullable(),
    })
    .nullable(),
  /** What to do next: the same again, roll back. */
  offers: z.array(offer),
});
export type RunAnswer = DeepReadonly<z.infer<typeof runAnswer>>;

/** The answer of `POST /v1/runs` (202): the run is begun, and has its id. */
export const startedAnswer = z.object({id: runId, run: runRow, command: z.string()});
export type StartedAnswer = DeepReadonly<z.infer<typeof startedAnswer>>;

/** The answer of `POST /v1/runs/ID/cancel` (202): it was asked to end, as by Ctrl-C; a second call ends it at once. */
export const cancelAnswer = z.object({id: runId, signals: z.int()});

/** The body of `POST /v1/runs/ID/delete-builds`; `confirm`: the text that `deletion` of the run asks to be typed. */
export const deleteBuildsRequest = z.strictObject({confirm: z.exactOptional(z.string().max(1000))});

/** The query of `GET /v1/runs/ID/log`. */
export const logQuery = z.strictObject({
  log: z
    .string()
    .regex(/^(?:output|errors|\d{1,6})$/)
    .default('output'),
  offset: z.coerce.number().int().min(0).default(0),
  /** `1`: all of it as a file (`text/plain`). */
  download: z.literal('1').optional(),
});

/** The answer of `GET /v1/runs/ID/log`: whole lines from an offset on, at most 256 KiB. */
export const logAnswer = z.object({
  id: z.string(),
  log: z.string(),
  lines: z.array(z.string()),
  /** The offset to ask with next. */
  next: z.int(),
  /** Nothing more will come: the run is over, and this is the end of the text. */
  over: z.boolean(),
});
export type LogAnswer = DeepReadonly<z.infer<typeof logAnswer>>;

/**
 * One message of `GET /v1/runs/ID/events` (server-sent events; `id:` is `seq`, which rises, with gaps): an event as a line of `--json` has it. `progress` and `waiting`
 * are sent as the history has them, each new phase at once, the same phase every 5 seconds. The last message (`event: end`) is the {@link runRow} as the run ended.
 */
export const runEvent: z.ZodType<StoredEvent> = z.looseObject({
  run: z.string(),
  seq: z.int(),
  at: z.string(),
  type: z.string(),
});
