import {Readable} from 'node:stream';
import {ImgmgrError} from '../../../errors.ts';
import type {HttpRequest, HttpResponse} from '../../../http.ts';
import {HttpError} from '../../../http.ts';
import type {Hop} from '../../address.ts';
import {checkHop, hopJudge} from '../../address.ts';
import {sourceError} from '../../download/answer.ts';
import {patiently} from '../../download/patience.ts';
import {type Authorization, repositoryOf} from '../../kinds/oci/authorization.ts';
import type {RegistryContext} from '../../kinds/oci/registry.ts';
import {showUrl} from '../../show-url.ts';
import {drain, hashing} from '../checked-bytes.ts';
import type {Described} from './container-disk.ts';

/** A registry reads a blob of many gigabytes again before it says that it has it; milliseconds. */
const COMMIT_MS = 600_000;
const UNAUTHORIZED = 401;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Answers of registries that take a blob in one PUT alone. */
const NO_PATCH: ReadonlySet<number> = new Set([404, 405, 411, 415, 416, 501]);

/** Bytes to be sent as a blob, and their number. */
export interface BlobBytes {
  readonly size: number;
  /** Begins to read them; may be called again. */
  readonly read: () => Promise<AsyncIterable<Uint8Array>>;
}

interface Call {
  readonly method: 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Read once, so that such a call is not repeated. */
  readonly body?: Readable;
  readonly size?: number;
  readonly timeoutMs?: number;
}

/**
 * Writes into one repository of a registry: blobs, then the manifest that names them
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push). Nothing is sent to another server than the registry.
 */
export class Push {
  readonly #context: RegistryContext;
  readonly #base: string;
  readonly #show: string;
  readonly #authorization: Authorization;

  constructor(context: RegistryContext) {
    this.#context = context;
    const {base, show, authorization} = repositoryOf({...context, rights: 'pull,push'});
    [this.#base, this.#show, this.#authorization] = [base, show, authorization];
  }

  /** True where the registry says that it has the blob. */
  async has({digest, size}: Pick<Described, 'digest' | 'size'>): Promise<boolean> {
    const answer = await this.#ask({
      method: 'HEAD',
      url: `${this.#base}/blobs/${digest}`,
      expect: [200, 404, ...REDIRECTS],
    });
    if (answer.status === 404) return false;
    this.#requireSame(digest, answer);
    const length = answer.headers['content-length'];
    if (answer.status === 200 && length !== undefined && Number(length) !== size)
      throw new ImgmgrError(
        'DIGEST_MISMATCH',
        `${this.#show}@${digest} has ${length.slice(0, 40)} bytes, and not ${size}`,
        {
          hint: 'the registry has damaged data: have its operator look',
        },
      );
    return true;
  }

  /** Sends a blob in one stream, its digest computed on the way; in a second one where the registry has to know that before. */
  async stream(blob: BlobBytes): Promise<string> {
    const upload = await this.#begin();
    const hash = hashing();
    try {
      const body = Readable.from(hash.through(await blob.read()), {objectMode: false});
      const patched = await this.#send({method: 'PATCH', url: upload, body, size: blob.size, expect: [201, 202, 204]});
      const next = patched.headers['location'];
      await this.#finish(next === undefined ? upload : this.#uploadUrl(next, upload), hash.digest());
      return hash.digest();
    } catch (error) {
      await this.#cancel(upload);
      if (!(error instanceof ImgmgrError && error.cause instanceof HttpError && NO_PATCH.has(error.cause.status ?? 0)))
        throw error;
    }
    const measured = hashing();
    await drain(measured.through(await blob.read()));
    await this.put(measured.digest(), blob);
    return measured.digest();
  }

  /** Sends a blob of a known digest in one PUT. */
  async put(digest: string, blob: BlobBytes): Promise<void> {
    const upload = await this.#begin();
    const hash = hashing();
    try {
      const body = Readable.from(hash.through(await blob.read()), {objectMode: false});
      const url = withDigest(upload, digest);
      const answer = await this.#send({
        method: 'PUT',
        url,
        body,
        size: blob.size,
        expect: [201, 204],
        timeoutMs: COMMIT_MS,
      });
      this.#requireSame(digest, answer);
    } catch (error) {
      await this.#cancel(upload);
      throw error;
    }
    if (hash.digest() !== digest)
      throw new ImgmgrError('DIGEST_MISMATCH', `${this.#show}: what was sent has ${hash.digest()}, not ${digest}`);
  }

  /** Sets the tag on a manifest, whose blobs are there. */
  async tag(
    tag: string,
    {mediaType, digest, bytes}: {readonly mediaType: string; readonly digest: string; readonly bytes: Buffer},
  ): Promise<void> {
    const answer = await this.#ask({
      method: 'PUT',
      url: `${this.#base}/manifests/${tag}`,
      headers: {'Content-Type': mediaType},
      expect: [200, 201, 204],
      content: bytes,
    });
    this.#requireSame(digest, answer);
  }

  async #begin(): Promise<string> {
    const url = `${this.#base}/blobs/uploads/`;
    const answer = await this.#ask({method: 'POST', url, headers: {'Content-Length': '0'}, expect: [202]});
    const location = answer.headers['location'];
    if (location === undefined || location === '')
      throw new ImgmgrError('SOURCE_REFUSED', `${this.#show} began an upload without saying where to`);
    return this.#uploadUrl(location, url);
  }

  /** Neither a login nor the bytes of an image go to a server that the registry names. */
  #uploadUrl(location: string, from: string): string {
    const url = URL.parse(location, from);
    if (url !== null && url.origin === new URL(this.#base).origin && url.username === '' && url.password === '')
      return url.href;
    throw new ImgmgrError(
      'SOURCE_REFUSED',
      `${this.#show} wants the image sent to ${showUrl(url?.href ?? location).slice(0, 200)}, which is another server`,
      {
        hint: 'imgmgr sends images to the registry alone; behind a proxy, have the registry give out its public https address',
      },
    );
  }

  async #finish(upload: string, digest: string): Promise<void> {
    const url = withDigest(upload, digest);
    const answer = await this.#ask({
      method: 'PUT',
      url,
      headers: {'Content-Length': '0'},
      expect: [201, 204],
      timeoutMs: COMMIT_MS,
    });
    this.#requireSame(digest, answer);
  }

  /** What was begun and will not be finished: the registry would keep it for days. */
  async #cancel(upload: string): Promise<void> {
    const {signal, ...context} = this.#context;
    const own = signal.aborted ? AbortSignal.timeout(5000) : signal;
    await this.#once(
      {method: 'DELETE', url: upload, expect: [204, 200, 202, 404], timeoutMs: 5000},
      {...context, signal: own},
    ).catch(() => undefined);
  }

  #requireSame(digest: string, answer: HttpResponse<undefined>): void {
    const found = answer.headers['docker-content-digest'];
    if (found === undefined || found === digest) return;
    throw new ImgmgrError(
      'DIGEST_MISMATCH',
      `${this.#show} has ${found.slice(0, 200)} for what was sent as ${digest}`,
      {
        hint: 'the registry, or something on the way, changed it; export again',
      },
    );
  }

  /** Asks, logs in where that is demanded, and asks again. */
  async #ask(call: Omit<Call, 'body' | 'size'> & {readonly content?: Buffer}): Promise<HttpResponse<undefined>> {
    const {content, ...rest} = call;
    const attempt = (): Promise<HttpResponse<undefined>> =>
      this.#once({
        ...rest,
        expect: [...call.expect, UNAUTHORIZED],
        ...(content && {body: Readable.from([content], {objectMode: false}), size: content.length}),
      });
    return patiently(this.#context.patience, this.#context.signal, async () => {
      const answer = await attempt();
      if (answer.status !== UNAUTHORIZED) return answer;
      await this.#authorization.logIn(answer.headers['www-authenticate'] ?? '');
      const second = await attempt();
      if (second.status === UNAUTHORIZED) throw this.#authorization.denied();
      return second;
    });
  }

  async #send(call: Call): Promise<HttpResponse<undefined>> {
    const answer = await this.#once({...call, expect: [...call.expect, UNAUTHORIZED]});
    if (answer.status !== UNAUTHORIZED) return answer;
    throw new ImgmgrError(
      'SOURCE_UNAVAILABLE',
      `${this.#show} took the login and refused it in the middle of the upload`,
      {
        hint: 'export again; where it happens again, let the tokens of the registry live longer',
      },
    );
  }

  async #once(
    call: Call,
    {web, signal}: Pick<RegistryContext, 'web' | 'signal'> = this.#context,
  ): Promise<HttpResponse<undefined>> {
    const hop: Hop = {url: new URL(call.url), allowPrivate: web.allowPrivate};
    checkHop(hop);
    const {headers = {}, timeoutMs = web.silenceMs, ...rest} = call;
    const request: HttpRequest<'none'> = {
      ...{...rest, timeoutMs, signal},
      headers: {...headers, ...this.#authorization.headers()},
      response: 'none',
      retry: false,
      judgeAddress: hopJudge(hop).judge,
    };
    try {
      return await web.http.request(request);
    } catch (error) {
      throw refusal(sourceError(error, {url: call.url, signal}), this.#show);
    }
  }
}

function withDigest(upload: string, digest: string): string {
  const url = new URL(upload);
  url.searchParams.set('digest', digest);
  return url.href;
}

/** What a source says of a refusal is about reading. */
function refusal(error: unknown, show: string): unknown {
  if (!(error instanceof ImgmgrError) || !(error.cause instanceof HttpError)) return error;
  const {status, message} = error.cause;
  if (status === undefined)
    return new ImgmgrError(error.code, `${show} cannot be written: ${message}`, {
      cause: error.cause,
      ...(error.hint !== undefined && {hint: error.hint}),
    });
  if (error.code !== 'SOURCE_REFUSED') return error;
  return new ImgmgrError('SOURCE_REFUSED', `${show} refuses the image (${status})`, {
    cause: error.cause,
    hint: HINTS[status] ?? 'ask the operator of the registry',
  });
}

const HINTS: Readonly<Record<number, string>> = {
  403: 'the login may not push there: ask for the right, or name another repository',
  404: 'make the repository first, or correct its name',
  413: 'the registry, or a proxy before it, takes no blob of this size',
};
