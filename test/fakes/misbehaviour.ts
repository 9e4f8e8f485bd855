import type {FakeRequest} from './exchange.ts';

/** Everything a fake cloud can be told to do wrong; `MISBEHAVIOURS` says what each one does. */
export type MisbehaviourName = keyof typeof MISBEHAVIOURS;

interface Kind {
  /** What a client sees, in one sentence. */
  readonly shows: string;
  /** How often it happens unless told otherwise. */
  readonly times: number;
  /** Which requests it befalls unless told otherwise. */
  readonly match?: RequestMatch;
}

/** Which requests are meant; a text in `path` is looked for anywhere in the path (which starts with `/v2`, `/v3` …). */
export interface RequestMatch {
  readonly method?: string | readonly string[];
  readonly path?: string | RegExp;
  /** Only requests whose JSON body, as text, matches. */
  readonly body?: RegExp;
}

export interface MisbehaveOptions {
  /** How often; `Infinity` for ever. */
  readonly times?: number;
  readonly match?: RequestMatch;
  /** Lets that many matching requests pass before the first misdeed. */
  readonly after?: number;
  /** The answer's status, where the misdeed is an answer. */
  readonly status?: number;
  readonly delayMs?: number;
  readonly retryAfter?: string;
  /** The store that fails or is lost. */
  readonly store?: string;
  /** How far the clock goes ahead. */
  readonly aheadMs?: number;
  readonly url?: string;
  /** The message that the task or the error gives. */
  readonly message?: string;
}

/** A misdeed under way. */
export interface Misbehaviour {
  readonly name: MisbehaviourName;
  /** How often it has happened. */
  readonly happened: () => number;
  stop(): void;
}

/** A misdeed that befalls the request at hand. */
export interface Misdeed {
  readonly name: MisbehaviourName;
  readonly options: MisbehaveOptions;
}

const IMPORT = /\/import$/;
const IMAGE = /^\/v2\/images\/[^/]+$/;
const UPLOAD = /\/(?:file|stage)$/;
const ANY_IMAGE_CALL = /^\/v2\/(?:images|info|stores)/;

/** Each name with what it shows; request matches here are only the defaults. */
export const MISBEHAVIOURS = {
  imageStuckInQueued: kind(
    'the import is accepted and never starts: status queued, its task pending',
    1,
    'POST',
    IMPORT,
  ),
  imageStuckInSaving: kind('the bytes are taken (204) and the status stays saving for ever', 1, 'PUT', /\/file$/),
  imageStuckInImporting: kind('the record stays importing, only its task tells the failure', 1, 'POST', IMPORT),
  importNeverEnds: kind('the record stays importing, its task processing', 1, 'POST', IMPORT),
  importFailsBackToQueued: kind('back to queued with os_glance_failed_import, the task failed', 1, 'POST', IMPORT),
  importTaskFails: kind('back to queued without a failed store, only the task tells why', 1, 'POST', IMPORT),
  someStoresFail: kind('active, but a store is missing and stands in os_glance_failed_import', 1, 'POST', IMPORT),
  imageDeletedUnderUs: kind('the image is gone just before the request is looked at', 1, undefined, IMAGE),
  tokenExpiresMidUpload: kind('the token ends while the bytes are coming; the upload ends well', 1, 'PUT', UPLOAD),
  tokenRevoked: kind('the token is no longer valid: 401', 1, undefined, ANY_IMAGE_CALL),
  glance500: kind('500 instead of doing anything', 1, undefined, ANY_IMAGE_CALL),
  glance502: kind('502 of a proxy instead of doing anything', 1, undefined, ANY_IMAGE_CALL),
  glance503: kind('503 instead of doing anything', 1, undefined, ANY_IMAGE_CALL),
  doneButAnswers504: kind(
    'the request is done, the proxy answers 504',
    1,
    ['POST', 'PATCH', 'PUT', 'DELETE'],
    ANY_IMAGE_CALL,
  ),
  neverAnswers: kind('the connection stays open and nothing comes', 1),
  slowAnswers: kind('answers come after delayMs (default 200)', Infinity),
  connectionReset: kind('the connection is reset before anything is done', 1, undefined, ANY_IMAGE_CALL),
  halfAnswer: kind(
    'the request is done, the connection is cut in the middle of the answer',
    1,
    undefined,
    ANY_IMAGE_CALL,
  ),
  htmlInsteadOfJson: kind('200 and a web page instead of the answer', 1, 'GET', ANY_IMAGE_CALL),
  conflict409: kind('409 instead of doing anything', 1, ['POST', 'PATCH', 'PUT', 'DELETE'], ANY_IMAGE_CALL),
  quota413: kind('413, the quota is full', 1, ['POST', 'PUT'], /^\/v2\/images(?:$|\/[^/]+\/(?:import|file|stage)$)/),
  unsupported415: kind('415, the bytes are not of the declared format', 1, 'PUT', UPLOAD),
  forbiddenImport: kind('403 (or status) for an import', Infinity, 'POST', IMPORT),
  forbiddenPublish: {
    shows: '403 for a PATCH to public',
    times: Infinity,
    match: {method: 'PATCH', path: IMAGE, body: /"public"/},
  },
  forbiddenDelete: kind('403 for a DELETE', Infinity, 'DELETE', IMAGE),
  deleteInUse409: kind('409 for a DELETE: the image is in use', Infinity, 'DELETE', IMAGE),
  deletePartlyDone: kind('409 for a DELETE, and the bytes in one store are gone', 1, 'DELETE', IMAGE),
  patchRefused: kind('403 (or status) for a PATCH', 1, 'PATCH', IMAGE),
  rateLimited429: kind('429 with Retry-After (default 0)', 1, undefined, ANY_IMAGE_CALL),
  stagingFails: kind('503 after the bytes were sent, the record back to queued', 1, 'PUT', /\/stage$/),
  conversionPlugin: kind('imports are stored as raw: other format, size and hash', Infinity, 'POST', IMPORT),
  noUsageApi: kind('404 for info/usage, as before 2021', Infinity, 'GET', /^\/v2\/info\/usage/),
  keystoneDown: kind('503 for every login', Infinity, undefined, /^\/v3/),
  unreachableCompute: kind(
    'the catalog leads to a compute service that nobody listens for',
    Infinity,
    undefined,
    /^never/,
  ),
  brokenEndpointInCatalog: kind('the image endpoint of the catalog is no address', Infinity, undefined, /^never/),
  serverClockAhead: kind(
    'every time that the cloud tells is aheadMs (default 1 h) ahead',
    Infinity,
    undefined,
    /^never/,
  ),
} as const satisfies Readonly<Record<string, Kind>>;

/** The misdeeds of one fake cloud. */
export interface Misbehaviours {
  start(name: MisbehaviourName, options?: MisbehaveOptions): Misbehaviour;
  /** Is a lasting one (a broken catalog, a wrong clock) under way? Uses up nothing. */
  active(name: MisbehaviourName): Misdeed | undefined;
  /** The first of these that befalls the request; uses up one of its times. */
  take(request: FakeRequest, names: readonly MisbehaviourName[], body?: string): Misdeed | undefined;
  stopAll(): void;
}

interface Entry {
  readonly name: MisbehaviourName;
  readonly options: MisbehaveOptions;
  readonly match: RequestMatch;
  left: number;
  toPass: number;
  happened: number;
}

/** None at first. */
export function createMisbehaviours(): Misbehaviours {
  const entries = new Set<Entry>();
  const living = (name: MisbehaviourName): Entry | undefined =>
    [...entries].find((entry) => entry.name === name && entry.left > 0);

  return {
    start: (name, options = {}) => {
      const defaults: Kind = MISBEHAVIOURS[name];
      const left = options.times ?? defaults.times;
      const match = options.match ?? defaults.match ?? {};
      const entry: Entry = {name, options, match, left, toPass: options.after ?? 0, happened: 0};
      entries.add(entry);
      return {name, happened: () => entry.happened, stop: () => void entries.delete(entry)};
    },
    active: (name) => living(name),
    take: (request, names, body) => {
      for (const entry of entries) {
        if (entry.left <= 0 || !names.includes(entry.name) || !matches(entry.match, request, body)) continue;
        if (entry.toPass > 0) {
          entry.toPass -= 1;
          continue;
        }
        entry.left -= 1;
        entry.happened += 1;
        return entry;
      }
      return undefined;
    },
    stopAll: () => entries.clear(),
  };
}

function kind(shows: string, times: number, method?: string | readonly string[], path?: RegExp): Kind {
  return {shows, times, match: {...(method !== undefined && {method}), ...(path !== undefined && {path})}};
}

/** True when the request is one of those meant. */
function matches(match: RequestMatch, request: Pick<FakeRequest, 'method' | 'path'>, body = ''): boolean {
  const {method, path} = match;
  if (method !== undefined && ![method].flat().includes(request.method)) return false;
  if (typeof path === 'string' && !request.path.includes(path)) return false;
  if (path instanceof RegExp && !path.test(request.path)) return false;
  return match.body === undefined || match.body.test(body);
}
