import type {CloudAuth, DomainRef, OpenStackCloud, ProjectRef, Scope, UserRef} from '../core/resolved-cloud.ts';
import {withoutSlashes} from '../core/without-slashes.ts';
import {z} from 'zod';
import type {Account} from '../ports/image-store.ts';
import {ImgmgrError} from '../errors.ts';
import {HttpError, publicUrl} from '../http.ts';
import type {Http} from '../http.ts';
import type {CatalogService} from './catalog.ts';
import {explanation, placeOf, refusal} from './refusal.ts';

/** A fresh token and what came with it. */
export interface Login {
  readonly token: string;
  /** Undefined when the token is not for a project. */
  readonly account: Account | undefined;
  readonly catalog: readonly CatalogService[];
  /** The application credential that it was made with, by the ids of its user and its own; absent: another login. */
  readonly credential?: {readonly userId: string; readonly id: string};
  /** Keystone's clock when it made the token, ISO 8601. */
  readonly issuedAt: string;
  readonly lifeMs: number;
}

const LOGIN_TIMEOUT_MS = 30_000;

const named = z.object({id: z.string(), name: z.string()});

// https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization
const tokenAnswer = z.object({
  token: z.object({
    issued_at: z.string(),
    expires_at: z.string(),
    user: named,
    project: named.optional(),
    // https://opendev.org/openstack/keystone/src/branch/stable/zed/keystone/common/render_token.py
    application_credential: z.object({id: z.string()}).nullish().catch(undefined),
    roles: z.array(z.object({name: z.string()})).default([]),
    catalog: z
      .array(
        z.object({
          type: z.string(),
          name: z.string().nullish(),
          endpoints: z.array(
            z.object({
              interface: z.string(),
              region: z.string().nullish(),
              region_id: z.string().nullish(),
              url: z.string(),
            }),
          ),
        }),
      )
      .default([]),
  }),
});

/** Logs in with one call, `POST /v3/auth/tokens`. Throws AUTH, UNAVAILABLE, CONFIG or PROTOCOL with what to do about it. */
export async function logIn(http: Http, cloud: OpenStackCloud): Promise<Login> {
  const {auth} = cloud;
  const url = `${identityBase(auth.authUrl)}/auth/tokens`;
  try {
    const answer = await http.request({
      method: 'POST',
      url,
      json: {auth: {identity: identity(auth), ...scope(cloud)}},
      response: 'json',
      expect: [201, 200],
      timeoutMs: LOGIN_TIMEOUT_MS,
      // A login leaves nothing behind, so it may be repeated.
      retry: {attempts: 3},
    });
    const token = answer.headers['x-subject-token'];
    const parsed = tokenAnswer.safeParse(answer.body);
    if (token === undefined || !parsed.success) throw noKeystone(cloud, 'answered something that is no token');
    return toLogin(token, parsed.data.token);
  } catch (error) {
    throw error instanceof HttpError ? loginRefusal(error, cloud) : error;
  }
}

/** `…/v3`, whatever version the auth_url of clouds.yaml ends with. */
export function identityBase(authUrl: string): string {
  const base = withoutSlashes(authUrl).replace(/\/v\d+(\.\d+)?$/, '');
  return `${base}/v3`;
}

function identity(auth: CloudAuth): unknown {
  switch (auth.type) {
    case 'password':
      return {methods: ['password'], password: {user: {...principal(auth.user), password: auth.password}}};
    case 'application-credential':
      return {
        methods: ['application_credential'],
        application_credential: {
          ...('id' in auth.credential ? auth.credential : {...auth.credential, user: principal(auth.credential.user)}),
          secret: auth.secret,
        },
      };
    case 'token':
      return {methods: ['token'], token: {id: auth.token}};
  }
}

// An application credential carries its project; Keystone refuses a scope beside it.
function scope({auth, name}: OpenStackCloud): {scope?: unknown} {
  return auth.type === 'application-credential' ? {} : {scope: scopeBody(auth.scope, name)};
}

function scopeBody(wanted: Scope, cloud: string): unknown {
  switch (wanted.type) {
    case 'project':
      return {project: principal(wanted.project)};
    case 'domain':
      return {domain: wanted.domain};
    case 'system':
      return {system: {all: true}};
    case 'trust':
      throw new ImgmgrError('CONFIG', `cloud ${cloud} logs in by a trust, which imgmgr does not do`, {
        hint: 'use a project, or an application credential',
      });
  }
}

function principal(who: UserRef | ProjectRef): {id: string} | {name: string; domain: DomainRef} {
  return 'id' in who ? {id: who.id} : {name: who.name, domain: who.domain};
}

function toLogin(token: string, answer: z.infer<typeof tokenAnswer>['token']): Login {
  const {project, application_credential: credential} = answer;
  return {
    token,
    account: project && {
      projectId: project.id,
      projectName: project.name,
      userName: answer.user.name,
      roles: answer.roles.map((role) => role.name),
    },
    ...(credential && {credential: {userId: answer.user.id, id: credential.id}}),
    catalog: answer.catalog.map((service) => ({
      type: service.type,
      ...(service.name != null && {name: service.name}),
      endpoints: service.endpoints.map((each) => ({
        interface: each.interface,
        region: each.region ?? each.region_id ?? '',
        url: each.url,
      })),
    })),
    issuedAt: answer.issued_at,
    lifeMs: Math.max(0, Date.parse(answer.expires_at) - Date.parse(answer.issued_at)),
  };
}

function loginRefusal(error: HttpError, cloud: OpenStackCloud): ImgmgrError {
  const detail = {place: placeOf(error), cause: error};
  const url = publicUrl(cloud.auth.authUrl);
  if (error.status === 401 || error.status === 403) {
    const words = explanation(error.body);
    return new ImgmgrError(
      'AUTH',
      `cloud '${cloud.name}' refused the login of ${who(cloud.auth)} at ${url}${words === '' ? '' : `: ${words}`}`,
      {
        ...detail,
        hint: AUTH_HINTS[cloud.auth.type],
      },
    );
  }
  if (isNoKeystone(error)) return noKeystone(cloud, `${error.message}${bodyWords(error)}`, detail);
  const general = refusal(error);
  return new ImgmgrError(
    general.code,
    `cannot log in to cloud '${cloud.name}' at ${url}: ${error.message}${bodyWords(error)}`,
    {
      ...detail,
      hint: general.hint ?? 'check auth_url in clouds.yaml, the network, and whether Keystone is up',
    },
  );
}

// Glance answers 300, a web server 404 or a page; 400 is Keystone's own word for a login that it does not understand.
function isNoKeystone({kind, status = 0}: HttpError): boolean {
  if (kind === 'status') return status < 500 && status !== 429 && status !== 408;
  return kind === 'invalid-body' || kind === 'redirect' || kind === 'too-large';
}

const AUTH_HINTS: Readonly<Record<CloudAuth['type'], string>> = {
  password: 'check username, password, their domains and the project in clouds.yaml, secure.yaml or OS_*',
  'application-credential': 'check the id and secret of the application credential, and that it has not expired',
  token: 'the token is wrong or has expired; get a new one, or use a login that can be renewed',
};

function noKeystone(cloud: OpenStackCloud, what: string, detail: {place?: string; cause?: unknown} = {}): ImgmgrError {
  return new ImgmgrError(
    'CONFIG',
    `the auth_url of cloud '${cloud.name}' does not work as a Keystone v3: ${identityBase(publicUrl(cloud.auth.authUrl))} ${what}`,
    {
      ...detail,
      hint: 'check auth_url in clouds.yaml (scheme, host, port, path; /v3 may stand at its end) and the domains beside it',
    },
  );
}

function who(auth: CloudAuth): string {
  if (auth.type === 'password') return `user '${nameOrId(auth.user)}'`;
  return auth.type === 'token' ? 'a token' : `application credential '${nameOrId(auth.credential)}'`;
}

function nameOrId(one: {readonly id: string} | {readonly name: string}): string {
  return 'name' in one ? one.name : one.id;
}

function bodyWords(error: HttpError): string {
  const words = explanation(error.body);
  return words === '' ? '' : ` (${words})`;
}
