import {z} from 'zod';
import type {OciReference} from '../../../core/oci-reference.ts';
import {isLoopback} from '../../../core/public-url.ts';
import {ImgmgrError} from '../../../errors.ts';
import type {Answer} from '../../download/answer.ts';
import type {Web} from '../../download/follow.ts';
import {getFollowing} from '../../download/follow.ts';
import {showUrl} from '../../show-url.ts';
import type {FoundLogin} from './login.ts';

/** Whom a registry is to know, and for what. */
export interface AuthorizationParts {
  readonly web: Web;
  readonly of: OciReference;
  readonly login: FoundLogin;
  readonly signal: AbortSignal;
  /** See {@link baseOf}. */
  readonly base: string;
  /** How messages name the repository. */
  readonly show: string;
  readonly rights: 'pull' | 'pull,push';
}

const LARGEST_TOKEN = 64 * 1024;
const MOST_PARAMETERS = 16;
const LONGEST_CHALLENGE = 4096;
const UNAUTHORIZED = 401;

/** The address of a repository's calls. Plain http is used with this host alone. */
function baseOf({registry, repository}: OciReference): string {
  const scheme = isLoopback(new URL(`https://${registry}`)) ? 'http' : 'https';
  return `${scheme}://${registry}/v2/${repository}`;
}

/** How the calls of one repository are made: their address, its name in messages, the login. */
export function repositoryOf(
  context: Omit<AuthorizationParts, 'base' | 'show'>,
): Pick<AuthorizationParts, 'base' | 'show'> & {readonly authorization: Authorization} {
  const {registry, repository} = context.of;
  const named = {base: baseOf(context.of), show: `oci://${registry}/${repository}`};
  return {...named, authorization: new Authorization({...context, ...named})};
}

/** The login at one repository: its header is for the registry alone, a password also for the realm that the registry names. */
export class Authorization {
  readonly #of: AuthorizationParts;
  #header: string | undefined;

  constructor(of: AuthorizationParts) {
    this.#of = of;
  }

  /** What requests to the registry carry; nothing before a login. */
  headers(): Readonly<Record<string, string>> {
    return this.#header === undefined ? {} : {Authorization: this.#header};
  }

  /** Logs in as a refusal (its `WWW-Authenticate`) demands. SOURCE_REFUSED where that cannot be, or would send a password elsewhere. */
  async logIn(challenge: string): Promise<void> {
    const {scheme, parameters} = readChallenge(challenge);
    const {login} = this.#of.login;
    const basic = login && `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
    if (scheme === 'basic') {
      if (basic === undefined) throw this.denied();
      this.#header = basic;
      return;
    }
    const realm = parameters.get('realm');
    if (scheme !== 'bearer' || realm === undefined)
      throw new ImgmgrError('SOURCE_REFUSED', `${this.#of.show} demands a login in a way that imgmgr does not know`);
    this.#header = `Bearer ${await this.#token(this.#realm(realm, parameters), basic)}`;
  }

  /** Where a token is to be had: an address of the registry itself, or of its domain. */
  #realm(text: string, parameters: ReadonlyMap<string, string>): URL {
    const registry = new URL(this.#of.base);
    const realm = URL.parse(text);
    const isSafe = realm?.protocol === 'https:' || (realm?.protocol === registry.protocol && isLoopback(realm));
    if (realm === null || !isSafe || !isSameDomain(registry, realm))
      throw new ImgmgrError(
        'SOURCE_REFUSED',
        `${this.#of.show} sends logins to ${showUrl(text).slice(0, 200)}, which is not an https address of its own domain`,
        {hint: 'imgmgr sends no password there; name the registry under the domain of its login service'},
      );
    const service = parameters.get('service');
    if (service !== undefined) realm.searchParams.set('service', service);
    realm.searchParams.set('scope', `repository:${this.#of.of.repository}:${this.#of.rights}`);
    return realm;
  }

  async #token(realm: URL, basic: string | undefined): Promise<string> {
    const {web, signal} = this.#of;
    const answer = await getFollowing(web, {
      ...{url: realm.href, headers: {}, signal, alsoExpected: [UNAUTHORIZED]},
      ownHeaders: basic === undefined ? {} : {Authorization: basic},
    });
    if (answer.status === UNAUTHORIZED) {
      answer.body.destroy();
      throw this.denied();
    }
    const body = await collect(answer, LARGEST_TOKEN, `the login of ${this.#of.show}`);
    const given = tokenSchema.safeParse(jsonOf(body)).data;
    const token = given?.token ?? given?.access_token;
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
      throw new ImgmgrError('SOURCE_REFUSED', `the login of ${this.#of.show} gave no token`);
    return token;
  }

  /** What is said where the login is not taken. */
  denied(): ImgmgrError {
    const {login, helper} = this.#of.login;
    const isPush = this.#of.rights !== 'pull';
    const hint =
      login !== undefined
        ? `check user and password, and that this user may ${isPush ? 'push to this repository' : 'pull the image'}`
        : helper !== undefined
          ? `the program docker-credential-${helper.slice(0, 40)} knows the login, and imgmgr does not run it; give a file that has it with the variable REGISTRY_AUTH_FILE`
          : `it wants a login${isPush ? '' : ', or does not have the image'}; log in with podman or docker, or name the file of logins with the variable REGISTRY_AUTH_FILE`;
    return new ImgmgrError('SOURCE_REFUSED', `${this.#of.show} refuses to ${isPush ? 'take' : 'hand out'} the image`, {
      hint,
    });
  }
}

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

/** The whole answer; SOURCE_REFUSED for one of more than `most` bytes. */
export async function collect({body}: Answer, most: number, what: string): Promise<Buffer> {
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
