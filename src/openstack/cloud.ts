/** What a login may be limited to; a project is what images need. */
export type Scope =
  | {readonly kind: 'project'; readonly project: Named}
  | {readonly kind: 'domain'; readonly domain: Domain}
  | {readonly kind: 'system'};

/** A domain by id or by name; the id wins. */
export interface Domain {
  readonly id?: string;
  readonly name?: string;
}

/** A user or project by id, or by name within a domain; the id wins. */
export interface Named {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: Domain;
}

/** How to log in (Keystone v3); without a scope Keystone takes the user's default project. */
export type Auth =
  | {
      readonly type: 'password';
      readonly authUrl: string;
      readonly user: Named;
      readonly password: string;
      readonly scope?: Scope;
    }
  | {
      readonly type: 'application-credential';
      readonly authUrl: string;
      readonly id?: string;
      readonly name?: string;
      /** Needed with {@link name}. */
      readonly user?: Named;
      readonly secret: string;
    }
  | {readonly type: 'token'; readonly authUrl: string; readonly token: string; readonly scope?: Scope};

/** One cloud of clouds.yaml, resolved; the TLS options went into the HTTP client. */
export interface OpenStackCloud {
  readonly name: string;
  readonly auth: Auth;
  readonly region?: string;
  /** Further regions of its entry in clouds.yaml, where none was chosen and {@link region} is the first of several. */
  readonly otherRegions?: readonly string[];
  /** `public`, `internal` or `admin`; clouds.yaml's `publicURL` form is taken too. */
  readonly interface: string;
  /** `<service>_endpoint_override`, by service type (`image`, `compute`, …); wins over the catalog. */
  readonly endpointOverrides: Readonly<Record<string, string>>;
  /** Per service type, what is to be looked for instead: region, interfaces (best first), type and name in the catalog. */
  readonly services?: Readonly<Record<string, ServiceChoice>>;
}

/** How one service is found in the catalog where it is not found as the others are. */
export interface ServiceChoice {
  readonly region?: string;
  readonly interfaces?: readonly string[];
  readonly type?: string;
  /** Services of another name are passed over; a catalog without names is not asked for them. */
  readonly serviceName?: string;
}
