import {didYouMean} from '../core/nearest.ts';
import type {CloudAuth} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import {textOf} from './cloud-entry.ts';
import type {CloudEntry} from './cloud-entry.ts';
import type {CloudSettings} from './cloud-settings.ts';
import type {AuthFields, Missing} from './cloud-scope.ts';
import {readScope, readUser} from './cloud-scope.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';

/** The auth types that imgmgr can log in with, and their other names. */
const AUTH_TYPES: readonly string[] = ['password', 'v3password', 'token', 'v3token', 'v3applicationcredential'];

/**
 * What to log in with. Throws CONFIG for an unsupported auth type, for fields that the type does not take, and for everything
 * that is missing, in one message.
 */
export function readAuth(merged: CloudSettings, entry: CloudEntry): CloudAuth {
  const type = textOf(merged.settings.auth_type, 'auth_type', entry) ?? '';
  const kind = kindOf(type, entry);
  const fields = fieldsFor({type, kind}, merged, entry);
  const missing: Missing = [];
  const auth = BUILDERS[kind]({fields, missing, entry});
  if (auth && missing.length === 0) {
    requireAddress(auth.authUrl, entry);
    return auth;
  }
  const names = missing.map((choices) => choices.map((field) => entry.spell(field)).join(' or '));
  throw new ImgmgrError('CONFIG', `${entry.subject} has no ${listing(names)}`, {
    place: entry.at('auth'),
    hint: entry.fromEnvironment ? 'set it, or name a cloud with --cloud' : MISSING_HINT,
  });
}

const MISSING_HINT = 'write it below "auth:" in clouds.yaml, secrets best in secure.yaml beside it';

type AuthKind = 'password' | 'token' | 'application-credential';

function kindOf(type: string, entry: CloudEntry): AuthKind {
  const kind = KINDS.get(type);
  if (kind !== undefined) return kind;
  const reason = REFUSED.find(({pattern}) => pattern.test(type))?.reason ?? didYouMean(type, AUTH_TYPES);
  const supported = `supported are ${AUTH_TYPES.join(', ')}`;
  throw new ImgmgrError('CONFIG', `auth_type "${type}" of ${entry.subject} is not supported`, {
    place: entry.at('auth_type'),
    hint: reason === undefined ? supported : `${reason}; ${supported}`,
  });
}

const KINDS: ReadonlyMap<string, AuthKind> = new Map([
  ['password', 'password'],
  ['v3password', 'password'],
  ['token', 'token'],
  ['v3token', 'token'],
  ['v3applicationcredential', 'application-credential'],
]);

const REFUSED: readonly {readonly pattern: RegExp; readonly reason: string}[] = [
  {pattern: /^v2/, reason: 'Keystone no longer offers version 2'},
  {
    pattern: /^(?:|none|None|noauth|admin_token|token_endpoint|http_basic)$/,
    reason: 'it gives neither a project nor a catalog',
  },
  {pattern: /^v3(?:oidc|saml|adfs|oauth|kerberos|totp|multifactor|tokenless)/, reason: 'use an application credential'},
];

const COMMON = [
  'auth_url',
  'system_scope',
  'domain_id',
  'domain_name',
  'project_id',
  'project_name',
  'project_domain_id',
  'project_domain_name',
  'trust_id',
];
const USER = ['user_id', 'username', 'user_domain_id', 'user_domain_name'];
/** Only the types without a version take them; for the others they are mistakes, as they are for the SDK. */
const GENERIC = ['default_domain_id', 'default_domain_name'];

const FIELDS: Readonly<Record<AuthKind, readonly string[]>> = {
  password: [...COMMON, ...USER, ...GENERIC, 'password'],
  token: [...COMMON, ...GENERIC, 'token'],
  'application-credential': [
    ...COMMON,
    ...USER,
    'application_credential_secret',
    'application_credential_id',
    'application_credential_name',
  ],
};
const OLD_NAMES: Readonly<Record<string, readonly string[]>> = {username: ['user_name']};
/** A domain that is written once becomes the user's too, even where no user logs in. */
const PASSED_OVER = ['user_domain_id', 'user_domain_name'];

/** `auth` wins over the same field beside it. */
function fieldsFor(
  {type, kind}: {type: string; kind: AuthKind},
  {auth, settings}: CloudSettings,
  entry: CloudEntry,
): AuthFields {
  const taken = FIELDS[kind].filter((field) => !type.startsWith('v3') || !GENERIC.includes(field));
  const unknown = Object.keys(auth).find(
    (key) => ![...taken, ...PASSED_OVER, ...taken.flatMap((field) => OLD_NAMES[field] ?? [])].includes(key),
  );
  if (unknown !== undefined) throw notTaken(unknown, {type, taken, entry});
  const fields: Record<string, string> = {};
  for (const field of taken) {
    const spellings = [field, ...(OLD_NAMES[field] ?? [])];
    const value = textOf(winner(spellings, auth) ?? winner(spellings, settings), field, entry);
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

function winner(spellings: readonly string[], from: ConfigMap): ConfigValue | undefined {
  const value = from[spellings.find((name) => Object.hasOwn(from, name)) ?? ''];
  return value === '' || value === null ? undefined : value;
}

interface Taken {
  readonly type: string;
  readonly taken: readonly string[];
  readonly entry: CloudEntry;
}

function notTaken(field: string, {type, taken, entry}: Taken): ImgmgrError {
  const right = TYPE_OF_FIELD.find(({kind}) => FIELDS[kind].includes(field));
  const hint = right && `it belongs to auth_type ${right.type}: set that, or remove it`;
  return new ImgmgrError('CONFIG', `unknown key "${entry.spell(field)}" of ${entry.subject} for auth_type ${type}`, {
    place: entry.at(field),
    hint: hint ?? didYouMean(field, taken) ?? `it takes ${taken.join(', ')}`,
  });
}

const TYPE_OF_FIELD: readonly {readonly kind: AuthKind; readonly type: string}[] = [
  {kind: 'password', type: 'password'},
  {kind: 'token', type: 'v3token'},
  {kind: 'application-credential', type: 'v3applicationcredential'},
];

interface Parts {
  readonly fields: AuthFields;
  readonly missing: Missing;
  readonly entry: CloudEntry;
}

/** Each notes what is missing, and answers nothing then. */
const BUILDERS: Readonly<Record<AuthKind, (parts: Parts) => CloudAuth | undefined>> = {
  password: ({fields, missing, entry}) => {
    const authUrl = need(fields, 'auth_url', missing);
    const user = readUser(fields, missing);
    const password = need(fields, 'password', missing);
    const scope = readScope(fields, missing, entry);
    if (authUrl === undefined || !user || password === undefined || !scope) return undefined;
    return {type: 'password', authUrl, user, password, scope};
  },
  token: ({fields, missing, entry}) => {
    const authUrl = need(fields, 'auth_url', missing);
    const token = need(fields, 'token', missing);
    const scope = readScope(fields, missing, entry);
    if (authUrl === undefined || token === undefined || !scope) return undefined;
    return {type: 'token', authUrl, token, scope};
  },
  'application-credential': ({fields, missing, entry}) => {
    refuseScope(fields, entry);
    const authUrl = need(fields, 'auth_url', missing);
    const secret = need(fields, 'application_credential_secret', missing);
    const {application_credential_id: id, application_credential_name: name} = fields;
    if (id === undefined && name === undefined)
      missing.push(['application_credential_id', 'application_credential_name']);
    const user = id === undefined && name !== undefined ? readUser(fields, missing) : undefined;
    const credential = id !== undefined ? {id} : name !== undefined && user ? {name, user} : undefined;
    if (authUrl === undefined || secret === undefined || !credential) return undefined;
    return {type: 'application-credential', authUrl, credential, secret};
  },
};

function need(fields: AuthFields, field: string, missing: Missing): string | undefined {
  if (fields[field] === undefined) missing.push([field]);
  return fields[field];
}

/** https://opendev.org/openstack/keystone/src/branch/master/keystone/auth/core.py: "cannot request a scope". */
function refuseScope(fields: AuthFields, entry: CloudEntry): void {
  const scope = SCOPE_FIELDS.find((field) => fields[field] !== undefined);
  if (scope === undefined) return;
  throw new ImgmgrError(
    'CONFIG',
    `${entry.subject} has an application credential together with ${entry.spell(scope)}, which Keystone refuses`,
    {place: entry.at(scope), hint: `remove ${entry.spell(scope)}: the credential carries its project`},
  );
}

const SCOPE_FIELDS = ['project_id', 'project_name', 'domain_id', 'domain_name', 'trust_id', 'system_scope'];

function requireAddress(authUrl: string, entry: CloudEntry): void {
  const url = URL.canParse(authUrl) ? new URL(authUrl) : undefined;
  const web = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (web && !/\/v2(?:\.0)?\/?$/.test(url.pathname)) return;
  const old = web ? 'leads to version 2 of Keystone, which is gone' : 'is no http or https URL';
  throw new ImgmgrError('CONFIG', `${entry.spell('auth_url')} of ${entry.subject} ${old}`, {
    place: entry.at('auth_url'),
    hint: 'write it like https://cloud.example.com:5000/v3',
  });
}

function listing(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', no ')} and no ${names.at(-1) ?? ''}`;
}
