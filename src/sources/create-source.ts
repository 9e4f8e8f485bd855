import type {Readable} from 'node:stream';
import type {ImageSource, SourceRequest} from '../ports/image-source.ts';
import {limitsOf} from '../core/limits.ts';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Http} from '../http.ts';
import type {Logins} from './kinds/oci/login.ts';
import {openInTime, probeInTime} from './deadline.ts';
import {openServed} from './opened.ts';
import {PROBE_BYTES, probeServed} from './probe.ts';
import {readPublishedDigest} from './published-digest.ts';
import {createKinds, kindFor} from './registry.ts';
import type {ReadRequest, Served, SourceKind} from './served.ts';
import {servedStream} from './stream.ts';

/** What sources are read with; all but `http` and `exec` have defaults. */
export interface SourceOptions {
  /** Closed with the source. */
  readonly http: Http;
  readonly exec: Exec;
  /** What `-` reads. */
  readonly stdin?: Readable;
  /** Hears what came of it. */
  readonly settled?: (error?: unknown) => void;
  /** Longest silence of a server; default 60 s. */
  readonly silenceMs?: number;
  /** Attempts to get a first answer; default 3. */
  readonly attempts?: number;
  /** Before a repetition, doubled each time; default 500 ms. */
  readonly delayMs?: number;
  /** Redirects may lead to this host and to private networks; default: false. */
  readonly allowPrivate?: boolean;
  /** Where logins of container registries are kept, and who gets to know them; default: nowhere. */
  readonly logins?: Logins;
}

/** Every kind of source, read with these options. */
export function kindsOf(options: SourceOptions): readonly SourceKind[] {
  return createKinds({
    web: {http: options.http, allowPrivate: options.allowPrivate ?? false, silenceMs: options.silenceMs ?? 60_000},
    patience: {attempts: options.attempts ?? 3, delayMs: options.delayMs ?? 500},
    stdin: options.stdin && {stream: options.stdin, ...(options.settled && {settled: options.settled})},
    exec: options.exec,
    logins: options.logins ?? {files: {others: []}},
  });
}

/** The sources of image bytes: http, file, stdin, oci. */
export function createSource(options: SourceOptions): ImageSource {
  const kinds = kindsOf(options);
  return {
    probe: async (asked) =>
      probeInTime(asked, async (request) =>
        firstThatAnswers(kinds, {...request, firstBytes: PROBE_BYTES}, (served) =>
          toldOfFailure(served, probeServed(served, request)),
        ),
      ),
    open: async (asked) =>
      openInTime(asked, async (request) =>
        firstThatAnswers(kinds, request, (served) => openServed(served, {request, exec: options.exec})),
      ),
    findDigest: async (place, signal) => readPublishedDigest(kindFor(kinds, place.url), place, signal),
    close: () => {
      options.http.close();
      return Promise.resolve();
    },
  };
}

/** Tries the places in order; the error is the last one's, and includes what the others said. */
async function firstThatAnswers<T>(
  kinds: readonly SourceKind[],
  request: SourceRequest & Pick<ReadRequest, 'firstBytes'>,
  use: (served: Served) => Promise<T>,
): Promise<T> {
  if (request.stream) return use(await servedStream(request.stream, request.signal));
  const failures: ImgmgrError[] = [];
  for (const url of request.urls) {
    try {
      return await use(await kindFor(kinds, url).read(reading(request, url)));
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      failures.push(asImgmgrError(error));
    }
  }
  const last = failures.pop();
  if (last === undefined) throw new ImgmgrError('SOURCE_REFUSED', 'no place to read from was given');
  if (failures.length === 0) throw last;
  const before = failures.map(({message}) => message).join('; ');
  throw new ImgmgrError(last.code, `${last.message}; tried before: ${before}`, {
    cause: last,
    ...(last.hint === undefined ? {} : {hint: last.hint}),
  });
}

function reading(request: SourceRequest & Pick<ReadRequest, 'firstBytes'>, url: string): ReadRequest {
  return {
    url,
    ...(request.firstBytes !== undefined && {firstBytes: request.firstBytes}),
    baseDir: request.baseDir,
    digestDemanded: request.digest !== undefined,
    limits: limitsOf(request.limits),
    ...(request.architecture !== undefined && {architecture: request.architecture}),
    allowHttpRedirect: request.allowHttpRedirect === true && request.digest !== undefined,
    ...(request.signal === undefined ? {} : {signal: request.signal}),
  };
}

/** Who sends the bytes learns already from a first look that they are unfit. */
async function toldOfFailure<T>({settled}: Served, look: Promise<T>): Promise<T> {
  try {
    return await look;
  } catch (error) {
    settled?.(error);
    throw error;
  }
}
