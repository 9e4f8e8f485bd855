import {randomBytes, randomUUID} from 'node:crypto';
import type {FakeClock} from './clock.ts';
import {asRecord, Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';

/** A user with its one project, as the fake Keystone knows it. */
export interface FakeAccount {
  readonly user: string;
  readonly userId: string;
  readonly password: string;
  readonly project: string;
  readonly projectId: string;
  readonly roles: readonly string[];
  readonly applicationCredential: {
    readonly id: string;
    readonly name: string;
    readonly secret: string;
    /** As Keystone writes it: without a zone. */
    expiresAt?: string;
    /** A policy does not allow that it is looked at. */
    hidden?: true;
  };
}

/** An endpoint of the catalog. */
export interface FakeEndpoint {
  readonly type: string;
  readonly name: string;
  readonly url: string;
  readonly region: string;
  /** Default: public, internal and admin. */
  readonly interfaces?: readonly string[];
}

/** A domain besides the accounts' own, with its projects. */
export interface FakeDomain {
  readonly id: string;
  readonly name: string;
  projects: readonly string[];
  /** Keystone lists a part of them only. */
  truncated?: boolean;
}

export interface KeystoneOptions {
  readonly domains: readonly FakeDomain[];
  readonly clock: FakeClock;
  readonly accounts: readonly FakeAccount[];
  readonly tokenSeconds: number;
  /** Asked at each login, so that a test can change the catalog. */
  readonly catalog: () => readonly FakeEndpoint[];
}

export interface FakeKeystone {
  answer(request: FakeRequest): Promise<Reply>;
  /** The account behind a token, or undefined when it is unknown, expired or revoked. */
  accountOf(token: string | undefined): FakeAccount | undefined;
  /** Ends every token that was given out. */
  revokeAll(): void;
  /** Ends one token. */
  readonly revoke: (token: string) => void;
  /** Gives out a token without a request. */
  issue(account: FakeAccount): string;
}

interface Token {
  readonly account: FakeAccount;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly methods: readonly string[];
}

/** A Keystone v3 that knows logins by password, application credential and token, lists domains and projects, and nothing else. */
export function createKeystone(options: KeystoneOptions): FakeKeystone {
  const tokens = new Map<string, Token>();

  const living = (id: string | undefined): Token | undefined => {
    const token = id === undefined ? undefined : tokens.get(id);
    return token !== undefined && token.expiresAt > options.clock.now() ? token : undefined;
  };

  const give = (account: FakeAccount, methods: readonly string[], notAfter?: Date): {id: string; token: Token} => {
    const issuedAt = options.clock.now();
    const expiresAt = notAfter ?? new Date(issuedAt.getTime() + options.tokenSeconds * 1000);
    const token = {account, issuedAt, expiresAt, methods};
    const id = `gAAAAAB${randomBytes(60).toString('base64url')}`;
    tokens.set(id, token);
    return {id, token};
  };

  const login = async (request: FakeRequest): Promise<Reply> => {
    const auth = asRecord(asRecord(await request.json())?.['auth']);
    const identity = asRecord(auth?.['identity']);
    const methods = identity?.['methods'];
    if (identity === undefined || !Array.isArray(methods)) {
      throw new Refusal(400, "'identity' is a required property");
    }
    if (methods.includes('token')) {
      const previous = living(text(asRecord(identity['token'])?.['id']));
      if (previous === undefined) throw unauthorized();
      checkScope(auth?.['scope'], previous.account);
      const given = give(previous.account, ['token', ...previous.methods], previous.expiresAt);
      return tokenReply(given.id, given.token, options.catalog());
    }
    const account = methods.includes('application_credential')
      ? byApplicationCredential(options.accounts, identity['application_credential'])
      : byPassword(options.accounts, identity['password']);
    if (account === undefined) throw unauthorized();
    checkScope(auth?.['scope'], account);
    const given = give(account, methods.map(String));
    return withScope(auth?.['scope'], tokenReply(given.id, given.token, options.catalog()));
  };

  return {
    answer: async (request) => {
      const where = `${request.method} ${request.path.replace(/\/$/, '')}`;
      if (where === 'POST /v3/auth/tokens') return await login(request);
      if (where === 'GET /v3/auth/tokens') {
        const id = header(request, 'x-subject-token');
        const token = living(id);
        if (living(header(request, 'x-auth-token')) === undefined) throw unauthorized();
        if (token === undefined || id === undefined) throw new Refusal(404, 'This is not a recognized Fernet token');
        return {...tokenReply(id, token, options.catalog()), status: 200};
      }
      if (where === 'DELETE /v3/auth/tokens') {
        tokens.delete(header(request, 'x-subject-token') ?? '');
        return {status: 204};
      }
      if (where === 'GET /v3/domains' || where === 'GET /v3/projects') {
        const caller = living(header(request, 'x-auth-token'))?.account;
        if (caller === undefined) throw unauthorized();
        if (!caller.roles.includes('admin'))
          throw new Refusal(403, 'You are not authorized to perform the requested action');
        return where === 'GET /v3/domains' ? listDomains(options, request) : listProjects(options, request);
      }
      if (where.startsWith('GET /v3/users/')) return showCredential(living(header(request, 'x-auth-token')), where);
      if (where === 'GET /v3' || where === 'GET ') return versions(request);
      throw new Refusal(404, `(${request.path}): The resource could not be found.`);
    },
    accountOf: (id) => living(id)?.account,
    revokeAll: () => tokens.clear(),
    revoke: (id) => void tokens.delete(id),
    issue: (account) => give(account, ['password']).id,
  };
}

/** Only its own user asks; keystone/api/users.py (UserAppCredGetDeleteResource). */
function showCredential(token: Token | undefined, where: string): Reply {
  if (token === undefined) throw unauthorized();
  const {userId, applicationCredential} = token.account;
  const {id, name, expiresAt = null, hidden} = applicationCredential;
  if (hidden) throw new Refusal(403, 'You are not authorized to perform the requested action');
  if (where !== `GET /v3/users/${userId}/application_credentials/${id}`)
    throw new Refusal(404, 'Could not find application credential');
  return {status: 200, json: {application_credential: {id, name, expires_at: expiresAt, unrestricted: false}}};
}

function listDomains({domains}: KeystoneOptions, {query}: FakeRequest): Reply {
  const found = domains.filter(({name}) => name === query.get('name'));
  return {status: 200, json: {domains: found.map(({id, name}) => ({id, name, enabled: true})), links: {next: null}}};
}

function listProjects({domains}: KeystoneOptions, {query}: FakeRequest): Reply {
  const domain = domains.find(({id}) => id === query.get('domain_id'));
  const projects = (domain?.projects ?? []).map((id) => ({id, name: id, domain_id: domain?.id, enabled: true}));
  const truncated = domain?.truncated === true && {truncated: true};
  return {status: 200, json: {projects, links: {next: null}, ...truncated}};
}

/** An account with made-up ids; the roles tell what it may do. */
export function account(user: string, password: string, roles: readonly string[]): FakeAccount {
  return {
    user,
    password,
    roles,
    project: user,
    userId: hexId(),
    projectId: hexId(),
    applicationCredential: {id: hexId(), name: `${user}-credential`, secret: `${user}-credential-secret`},
  };
}

function hexId(): string {
  return randomUUID().replaceAll('-', '');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function header(request: FakeRequest, name: string): string | undefined {
  return text(request.headers[name]);
}

function unauthorized(): Refusal {
  return new Refusal(401, 'The request you have made requires authentication.', {
    'WWW-Authenticate': 'Keystone uri="/v3"',
  });
}

function byPassword(accounts: readonly FakeAccount[], given: unknown): FakeAccount | undefined {
  const user = asRecord(asRecord(given)?.['user']);
  return accounts.find(
    (known) => (known.user === user?.['name'] || known.userId === user?.['id']) && known.password === user['password'],
  );
}

function byApplicationCredential(accounts: readonly FakeAccount[], given: unknown): FakeAccount | undefined {
  const credential = asRecord(given);
  const user = asRecord(credential?.['user']);
  return accounts.find((known) => {
    const own = known.applicationCredential;
    if (credential?.['secret'] !== own.secret) return false;
    if (credential['id'] !== undefined) return credential['id'] === own.id;
    return credential['name'] === own.name && (user?.['name'] === known.user || user?.['id'] === known.userId);
  });
}

function checkScope(scope: unknown, known: FakeAccount): void {
  const project = asRecord(asRecord(scope)?.['project']);
  if (project === undefined) return;
  if (project['id'] !== known.projectId && project['name'] !== known.project) throw unauthorized();
}

/** A token for a domain or the system names no project. */
function withScope(scope: unknown, reply: Reply): Reply {
  const {domain, system} = asRecord(scope) ?? {};
  if (domain === undefined && system === undefined) return reply;
  const token = asRecord(asRecord(reply.json)?.['token']);
  return {...reply, json: {token: {...token, project: undefined, ...(domain === undefined ? {system} : {domain})}}};
}

function tokenReply(id: string, token: Token, endpoints: readonly FakeEndpoint[]): Reply {
  const {account: owner} = token;
  const domain = {id: 'default', name: 'Default'};
  const body = {
    methods: token.methods,
    user: {domain, id: owner.userId, name: owner.user, password_expires_at: null},
    audit_ids: [randomBytes(16).toString('base64url')],
    expires_at: microseconds(token.expiresAt),
    issued_at: microseconds(token.issuedAt),
    project: {domain, id: owner.projectId, name: owner.project},
    is_domain: false,
    ...(token.methods.includes('application_credential') && {
      application_credential: {
        ...{id: owner.applicationCredential.id, name: owner.applicationCredential.name, restricted: true},
      },
    }),
    roles: owner.roles.map((name) => ({id: `role-${name}`, name})),
    catalog: catalogOf(endpoints),
  };
  return {status: 201, headers: {'X-Subject-Token': id, Vary: 'X-Auth-Token'}, json: {token: body}};
}

/** Keystone prints six digits after the second, always zero. */
function microseconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}.000000Z`;
}

function catalogOf(endpoints: readonly FakeEndpoint[]): readonly unknown[] {
  const types = [...new Set(endpoints.map((endpoint) => endpoint.type))];
  return types.map((type) => {
    const mine = endpoints.filter((endpoint) => endpoint.type === type);
    const entries = mine.flatMap((endpoint) =>
      (endpoint.interfaces ?? ['public', 'internal', 'admin']).map((name) => ({
        id: hexId(),
        interface: name,
        region_id: endpoint.region,
        region: endpoint.region,
        url: endpoint.url,
      })),
    );
    return {endpoints: entries, id: hexId(), type, name: mine[0]?.name ?? type};
  });
}

function versions(request: FakeRequest): Reply {
  const self = `http://${request.headers.host ?? 'localhost'}/identity/v3/`;
  const version = {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{rel: 'self', href: self}],
    'media-types': [{base: 'application/json', type: 'application/vnd.openstack.identity-v3+json'}],
  };
  return request.path.startsWith('/v3')
    ? {status: 200, json: {version}}
    : {status: 300, json: {versions: {values: [version]}}};
}
