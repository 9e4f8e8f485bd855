/** A cloud to work on, completely known: nothing more is read from files or the environment for it. */
export type ResolvedCloud = LocalCloud | OpenStackCloud;

/** The built-in cloud that needs no OpenStack; its name is reserved. */
export interface LocalCloud {
  readonly kind: 'local';
  readonly name: 'local';
  /** Place of a clouds.yaml entry that bears the reserved name and is therefore not used. */
  readonly shadowed?: string;
}

/** One OpenStack cloud in one region, as clouds.yaml or the environment describes it. */
export interface OpenStackCloud {
  readonly kind: 'openstack';
  readonly name: string;
  readonly auth: CloudAuth;
  /** Absent: the catalog's first. */
  readonly region?: string;
  /** Further regions of the entry; present where none was chosen and {@link region} is the first of several. */
  readonly otherRegions?: readonly string[];
  readonly interface: Interface;
  /** All acceptable interfaces, best first; the first of them is {@link interface}. */
  readonly interfaces: readonly Interface[];
  readonly tls: CloudTls;
  /** Per service: the URL to use instead of the catalog's. May contain `%(project_id)s`, as the SDK allows. */
  readonly endpointOverrides: PerService<string>;
  /** Per service: the configured `api_version`, where it is a number. */
  readonly apiVersions: PerService<string>;
  /** Per service, where it differs from the cloud as a whole. */
  readonly serviceRegions: PerService<string>;
  readonly serviceInterfaces: PerService<readonly Interface[]>;
  /** Per service: type and name to look for in the catalog, where they are not the usual ones. */
  readonly catalogTypes: PerService<string>;
  readonly catalogNames: PerService<string>;
  /** The files that it comes from, or `environment (OS_*)`; for messages. */
  readonly origin: readonly string[];
}

export type Interface = 'public' | 'internal' | 'admin';

/** Official service types, as the catalog names them. */
export type Service = 'image' | 'compute' | 'network' | 'identity' | 'block-storage' | 'placement';

export type PerService<Value> = Readonly<Partial<Record<Service, Value>>>;

/** Absolute paths of PEM files. */
export interface CloudTls {
  readonly verify: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** What Keystone's v3 login is given; `authUrl` may or may not end in `/v3`. */
export type CloudAuth = PasswordAuth | ApplicationCredentialAuth | TokenAuth;

export interface PasswordAuth {
  readonly type: 'password';
  readonly authUrl: string;
  readonly user: UserRef;
  readonly password: string;
  readonly scope: Scope;
}

/** Asks for no scope: an application credential carries its project, and Keystone refuses any other. */
export interface ApplicationCredentialAuth {
  readonly type: 'application-credential';
  readonly authUrl: string;
  readonly credential: {readonly id: string} | {readonly name: string; readonly user: UserRef};
  readonly secret: string;
}

export interface TokenAuth {
  readonly type: 'token';
  readonly authUrl: string;
  readonly token: string;
  readonly scope: Scope;
}

export type UserRef = {readonly id: string} | {readonly name: string; readonly domain: DomainRef};

export type ProjectRef = {readonly id: string} | {readonly name: string; readonly domain: DomainRef};

export type DomainRef = {readonly id: string} | {readonly name: string};

/** What the token shall be good for. */
export type Scope =
  | {readonly type: 'project'; readonly project: ProjectRef}
  | {readonly type: 'domain'; readonly domain: DomainRef}
  | {readonly type: 'trust'; readonly id: string}
  | {readonly type: 'system'};
