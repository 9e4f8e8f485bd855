import {createHash} from 'node:crypto';
import {z} from 'zod';
import type {OciReference} from '../../../core/oci-reference.ts';
import {isLoopback} from '../../../core/public-url.ts';
import {ImgmgrError} from '../../../errors.ts';
import type {Answer} from '../../download/answer.ts';
import {downloadBody} from '../../download/body.ts';
import {entityOf} from '../../download/entity.ts';
import type {Web} from '../../download/follow.ts';
import {getFollowing} from '../../download/follow.ts';
import {showUrl} from '../../show-url.ts';
import type {Patience} from '../../download/patience.ts';
import {patiently} from '../../download/patience.ts';
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
}

/** As the specification recommends: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests */
const LARGEST_MANIFEST = 4 * 1024 * 1024;
const LARGEST_TOKEN = 64 * 1024;
const MOST_PARAMETERS = 16;
const LONGEST_CHALLENGE = 4096;

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
  #authorization: string | undefined;

  constructor(context: RegistryContext) {
    const {registry, repository} = context.of;
    this.#context = context;
    const scheme = isLoopback(new URL(`https://${registry}`)) ? 'http' : 'https';
    this.#base = `${scheme}://${registry}/v2/${repository}`;
    this.#show = `oci://${registry}/${repository}`;
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
      this.#authorization = await this.#logIn(answer.headers['www-authenticate'] ?? '');
      const second = await this.#get(url, headers);
      if (second.status !== UNAUTHORIZED) return second;
      second.body.destroy();
      throw this.#denied();
    });
  }

  async #get(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const own = this.#authorization === undefined ? {} : {Authorization: this.#authorization};
    return getFollowing(this.#context.web, {
      ...{url, headers, signal: this.#context.signal},
      ...{ownHeaders: own, alsoExpected: [UNAUTHORIZED]},
    });
  }

  async #logIn(challenge: string): Promise<string> {
    const {scheme, parameters} = readChallenge(challenge);
    const {login} = this.#context.login;
    const basic = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
    if (scheme === 'basic') {
      if (basic === undefined) throw this.#denied();
      return basic;
    }
    const realm = parameters.get('realm');
    if (scheme !== 'bearer' || realm === undefined)
      throw new ImgmgrError('SOURCE_REFUSED', `${this.#show} demands a login in a way that imgmgr does not know`);
    return `Bearer ${await this.#token(this.#realm(realm, parameters), basic)}`;
  }

  /** Where a token is to be had: an address of the registry itself, or of its domain. */
  #realm(text: string, parameters: ReadonlyMap<string, string>): URL {
    const registry = new URL(this.#base);
    const realm = URL.parse(text);
    const isSafe = realm?.protocol === 'https:' || (realm?.protocol === registry.protocol && isLoopback(realm));
    if (realm === null || !isSafe || !isSameDomain(registry, realm))
      throw new ImgmgrError(
        'SOURCE_REFUSED',
        `${this.#show} sends logins to ${showUrl(text).slice(0, 200)}, which is not an https address of its own domain`,
        {hint: 'imgmgr sends no password there; name the registry under the domain of its login service'},
      );
    const service = parameters.get('service');
    if (service !== undefined) realm.searchParams.set('service', service);
    realm.searchParams.set('scope', `repository:${this.#context.of.repository}:pull`);
    return realm;
  }

  async #token(realm: URL, basic: string | undefined): Promise<string> {
    const {web, signal} = this.#context;
    const answer = await getFollowing(web, {
      ...{url: realm.href, headers: {}, signal, alsoExpected: [UNAUTHORIZED]},
      ownHeaders: basic === undefined ? {} : {Authorization: basic},
    });
    if (answer.status === UNAUTHORIZED) {
      answer.body.destroy();
      throw this.#denied();
    }
    const body = await collect(answer, LARGEST_TOKEN, `the login of ${this.#show}`);
    const given = tokenSchema.safeParse(jsonOf(body)).data;
    const token = given?.token ?? given?.access_token;
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
      throw new ImgmgrError('SOURCE_REFUSED', `the login of ${this.#show} gave no token`);
    return token;
  }

  #denied(): ImgmgrError {
    const {login, helper} = this.#context.login;
    const hint =
      login !== undefined
        ? 'check user and password, and that this user may pull the image'
        : helper !== undefined
          ? `the program docker-credential-${helper.slice(0, 40)} knows the login, and imgmgr does not run it; give a file that has it with the variable REGISTRY_AUTH_FILE`
          : 'it wants a login, or does not have the image; log in with podman or docker, or name the file of logins with the variable REGISTRY_AUTH_FILE';
    return new ImgmgrError('SOURCE_REFUSED', `${this.#show} refuses to hand out the image`, {hint});
  }
}

const UNAUTHORIZED = 401;
const tokenSchema = z.object({token: z.string().optional(), access_token: z.string().optional()});

/** `Bearer realm="…",service="…"`: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
function readChallenge(text: string): {readonly scheme: string; readonly parameters: ReadonlyMap<string, string>} {
  const scheme = /^[A-Za-z]+/.exec(text)?.[0] ?? '';
  const parameters = new Map<string, string>();
  const parts = text.slice(scheme.length, LONGEST_CHALLENGE).split('"');
  for (let at = 0; at + 2 < parts.length && parameters.size < MOST_PARAMETERS; at += 2) {
    const before = parts[at] ?? '';
    const name = before.slice(Math.max(before.lastIndexOf(' '), before.lastIndexOf(',')) + 1);
    if (name.endsWith('=')) parameters.set(name.slice(0, -1).toLowerCase(), parts[at + 1] ?? '');
  }
  return {scheme: scheme.toLowerCase(), parameters};
}

/** The same host, one below the registry's parent domain (auth.example.org for registry.example.org), or that parent. */
function isSameDomain(registry: URL, realm: URL): boolean {
  if (realm.hostname === registry.hostname) return true;
  if (isLoopback(registry) || /^\[|^[\d.]+$/.test(registry.hostname)) return false;
  const parent = registry.hostname.split('.').slice(1).join('.');
  return parent.includes('.') && (realm.hostname === parent || realm.hostname.endsWith(`.${parent}`));
}

async function collect({body}: Answer, most: number, what: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    const part = chunk as Uint8Array;
    length += part.length;
    if (length > most) throw new ImgmgrError('SOURCE_REFUSED', `${what} has more than ${most} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
