import type {Account} from '../ports/image-store.ts';
import {ImgmgrError} from '../errors.ts';
import type {Http} from '../http.ts';
import {badEndpoint, findEndpoint, inRegion, noEndpoint, regionOf, regionsWithSameImages} from './catalog.ts';
import type {CatalogService, ServiceType} from './catalog.ts';
import type {ServerClock, Monotonic} from './clock.ts';
import type {OpenStackCloud} from '../core/resolved-cloud.ts';
import {logIn} from './login.ts';
import type {Login} from './login.ts';

/** What a session works with. */
export interface SessionParts {
  readonly cloud: OpenStackCloud;
  readonly http: Http;
  readonly clock: ServerClock;
  readonly monotonic: Monotonic;
}

/** How long a token must still live: a moment for a call, longer for a stream, which cannot be sent twice. */
export type TokenNeed = 'call' | 'stream';

const NEEDED_MS: Readonly<Record<TokenNeed, number>> = {call: 60_000, stream: 5 * 60_000};

/**
 * One login to one cloud, made when first needed. The token lives in memory only; it is renewed before it expires and when the
 * cloud refuses it; a caller that asks meanwhile shares the one renewal.
 */
export class Session {
  readonly #parts: SessionParts;
  #login: Promise<Login> | undefined;
  #current: {readonly login: Login; readonly sinceMs: number} | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  get cloud(): OpenStackCloud {
    return this.#parts.cloud;
  }

  /** A token with enough life left for the need; at least half of its life where tokens are short-lived. */
  async token(need: TokenNeed): Promise<string> {
    const left = this.#lifeLeft();
    if (left !== undefined && left.ms < Math.min(NEEDED_MS[need], left.ofMs / 2) && this.#mayRenew())
      return this.#renew();
    return (await this.#loggedIn()).token;
  }

  /** A token other than the one that was just refused. Throws AUTH where the login is a bare token, which cannot be renewed. */
  async tokenAfter(refused: string): Promise<string> {
    const asked = this.#login;
    const {token} = await this.#loggedIn();
    if (token !== refused) return token;
    // Somebody else was refused at the same time and has begun the renewal.
    if (this.#login !== asked) return (await this.#loggedIn()).token;
    if (!this.#mayRenew())
      throw new ImgmgrError('AUTH', `the token of cloud '${this.cloud.name}' was refused or has expired`, {
        hint: 'a v3token login cannot be renewed: get a new token, or use a password or an application credential',
      });
    return this.#renew();
  }

  /** Who we are. Throws CONFIG when the login is for no project, because images belong to one. */
  async account(): Promise<Account> {
    const {account, catalog} = await this.#loggedIn();
    if (account !== undefined) return {...account, ...this.#regions(catalog)};
    throw new ImgmgrError(
      'CONFIG',
      `the login to cloud '${this.cloud.name}' is for no project, and images belong to one`,
      {
        hint: 'set project_name (or project_id) and its domain in clouds.yaml instead of a domain or system scope',
      },
    );
  }

  /** The application credential that we log in with; undefined: we log in another way, or Keystone does not say. */
  async credential(): Promise<Login['credential']> {
    return (await this.#loggedIn()).credential;
  }

  /** The service's base URL, in another region where one is given; throws CONFIG with what the catalog does have. */
  async endpoint(type: ServiceType, region?: string): Promise<string> {
    const {catalog, account} = await this.#loggedIn();
    const cloud = region === undefined ? this.cloud : inRegion(this.cloud, region);
    const found = findEndpoint(catalog, type, {...cloud, ...(account && {projectId: account.projectId})});
    if (found === undefined) throw noEndpoint(catalog, type, cloud);
    if (!/^https?:$/.test(URL.parse(found)?.protocol ?? '')) throw badEndpoint(found, type, this.cloud);
    return found;
  }

  /** True when the catalog (or an override) has the service in our region and interface. */
  async has(type: ServiceType): Promise<boolean> {
    return findEndpoint((await this.#loggedIn()).catalog, type, this.cloud) !== undefined;
  }

  #regions(catalog: readonly CatalogService[]): Pick<Account, 'region' | 'otherRegions'> {
    const {region, others} = regionOf(catalog, 'image', this.cloud);
    const otherRegions = this.cloud.otherRegions ?? others;
    return {...(region !== undefined && {region}), ...(otherRegions.length > 0 && {otherRegions})};
  }

  /** The regions whose servers can run on our images: ours (undefined) and those with the same image endpoint, as far as they have Nova. */
  async computeRegions(): Promise<readonly (string | undefined)[]> {
    const {catalog} = await this.#loggedIn();
    const others = regionsWithSameImages(catalog, this.cloud);
    const own = regionOf(catalog, 'compute', this.cloud).region;
    const further = others.filter(
      (region) => region !== own && findEndpoint(catalog, 'compute', inRegion(this.cloud, region)) !== undefined,
    );
    return [...((await this.has('compute')) ? [undefined] : []), ...further];
  }

  async #loggedIn(): Promise<Login> {
    this.#login ??= this.#logIn();
    return this.#login;
  }

  // The old token is no use to anybody who asks from now on, so they all wait for the new one.
  async #renew(): Promise<string> {
    this.#current = undefined;
    this.#login = this.#logIn();
    return (await this.#login).token;
  }

  async #logIn(): Promise<Login> {
    try {
      const login = await logIn(this.#parts.http, this.cloud);
      this.#parts.clock.hear(login.issuedAt);
      this.#current = {login, sinceMs: this.#parts.monotonic()};
      return login;
    } catch (error) {
      this.#login = undefined;
      throw error;
    }
  }

  #lifeLeft(): {readonly ms: number; readonly ofMs: number} | undefined {
    if (this.#current === undefined) return undefined;
    const {login, sinceMs} = this.#current;
    return {ms: login.lifeMs - (this.#parts.monotonic() - sinceMs), ofMs: login.lifeMs};
  }

  #mayRenew(): boolean {
    return this.cloud.auth.type !== 'token';
  }
}
