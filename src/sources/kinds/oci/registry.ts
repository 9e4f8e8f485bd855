import {createHash} from 'node:crypto';
import type {OciReference} from '../../../core/oci-reference.ts';
import {ImgmgrError} from '../../../errors.ts';
import type {Answer} from '../../download/answer.ts';
import {downloadBody} from '../../download/body.ts';
import {entityOf} from '../../download/entity.ts';
import type {Web} from '../../download/follow.ts';
import {getFollowing} from '../../download/follow.ts';
import type {Patience} from '../../download/patience.ts';
import {patiently} from '../../download/patience.ts';
import {type Authorization, collect, repositoryOf} from './authorization.ts';
import type {FoundLogin} from './login.ts';
import type {Descriptor} from './manifest.ts';
import {ACCEPTED, digestOf} from './manifest.ts';

/** What a registry is asked with. */
export interface RegistryContext {
  readonly web: Web;
  readonly patience: Patience;
  readonly of: OciReference;
  /** Sent where the registry demands one. */
  readonly login: FoundLogin;
  readonly signal: AbortSignal;
  /** What a login is asked for; default: to pull. */
  readonly rights?: 'pull' | 'pull,push';
}

/** As the specification recommends: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** A manifest as it was served. */
export interface ServedManifest {
  readonly body: Buffer;
  readonly digest: string;
  readonly contentType: string | undefined;
}

/**
 * One repository of a registry (https://github.com/opencontainers/distribution-spec). Plain http is used with this host alone. A token or
 * password goes to the registry and to the realm that it names, and to nobody that it redirects to.
 */
export class Registry {
  readonly #context: RegistryContext;
  readonly #base: string;
  readonly #show: string;
  readonly #authorization: Authorization;

  constructor(context: RegistryContext) {
    this.#context = context;
    const {base, show, authorization} = repositoryOf({...context, rights: context.rights ?? 'pull'});
    [this.#base, this.#show, this.#authorization] = [base, show, authorization];
  }

  /** The manifest of a tag, or of a digest, which its bytes then have: SOURCE_REFUSED, DIGEST_MISMATCH, SOURCE_UNAVAILABLE. */
  async manifest(reference: string, size?: number): Promise<ServedManifest> {
    const answer = await this.#ask(`${this.#base}/manifests/${reference}`, {Accept: ACCEPTED});
    const body = await collect(answer, LARGEST_MANIFEST, `the manifest of ${this.#show}`);
    const digest = digestOf(body, reference);
    if (reference.includes(':')) this.#check(reference, {digest, size, found: body.length});
    return {body, digest, contentType: answer.headers['content-type']};
  }

  /** A small blob as a whole. */
  async small(blob: Descriptor): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    if (blob.size > LARGEST_MANIFEST)
      throw new ImgmgrError('SOURCE_REFUSED', `${this.#show} has a configuration of ${blob.size} bytes`);
    for await (const part of this.blob(blob)) parts.push(part);
    return Buffer.concat(parts);
  }

  /** The bytes of a blob; breaks with DIGEST_MISMATCH before its end where they are not those that the manifest names. */
  async *blob({digest, size}: Descriptor): AsyncGenerator<Uint8Array> {
    const url = `${this.#base}/blobs/${digest}`;
    const ask = async (headers: Readonly<Record<string, string>>): Promise<Answer> => this.#ask(url, headers);
    const first = await ask({});
    const {size: served, ...rest} = entityOf(first);
    if (served !== undefined && served !== size) {
      first.body.destroy();
      this.#check(digest, {digest, size, found: served});
    }
    const entity = {...rest, size};
    const [algorithm = 'sha256'] = digest.split(':', 1);
    const hash = createHash(algorithm);
    let found = 0;
    const {signal, patience} = this.#context;
    const body = downloadBody({
      ...{url, first, entity, ask, signal},
      ...{partial: false, digestDemanded: true, resumeDelayMs: patience.delayMs},
    });
    for await (const chunk of body) {
      found += chunk.length;
      if (found > size) this.#check(digest, {digest, size, found});
      hash.update(chunk);
      yield chunk;
    }
    this.#check(digest, {digest: `${algorithm}:${hash.digest('hex')}`, size, found});
  }

  #check(
    wanted: string,
    {digest, size, found}: {readonly digest: string; readonly size: number | undefined; readonly found: number},
  ): void {
    if (size !== undefined && found !== size)
      throw new ImgmgrError(
        'DIGEST_MISMATCH',
        `${this.#show}@${wanted} has ${found} bytes, and its manifest says ${size}`,
      );
    if (digest === wanted) return;
    throw new ImgmgrError('DIGEST_MISMATCH', `${this.#show}@${wanted} has the digest ${digest}`, {
      hint: 'the registry, or something on the way, changed it; push the image again',
    });
  }

  /** Asks, logs in where that is demanded, and asks again. */
  async #ask(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const {patience, signal} = this.#context;
    return patiently(patience, signal, async () => {
      const answer = await this.#get(url, headers);
      if (answer.status !== UNAUTHORIZED) return answer;
      answer.body.destroy();
      await this.#authorization.logIn(answer.headers['www-authenticate'] ?? '');
      const second = await this.#get(url, headers);
      if (second.status !== UNAUTHORIZED) return second;
      second.body.destroy();
      throw this.#authorization.denied();
    });
  }

  async #get(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return getFollowing(this.#context.web, {
      ...{url, headers, signal: this.#context.signal},
      ...{ownHeaders: this.#authorization.headers(), alsoExpected: [UNAUTHORIZED]},
    });
  }
}

const UNAUTHORIZED = 401;
