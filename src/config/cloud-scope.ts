import type {DomainRef, Scope, UserRef} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import type {CloudEntry} from './cloud-entry.ts';

/** The fields of `auth` that count, all of them texts. */
export type AuthFields = Readonly<Partial<Record<string, string>>>;

/** What is missing: each time the fields of which one would do. */
export type Missing = string[][];

/** The user that logs in; what is missing is noted and nothing answered. */
export function readUser(fields: AuthFields, missing: Missing): UserRef | undefined {
  if (fields.user_id !== undefined) return {id: fields.user_id};
  const domain = domainOf(fields, 'user');
  const {username: name} = fields;
  if (name === undefined) missing.push(['username', 'user_id']);
  else if (!domain) missing.push(['user_domain_name', 'user_domain_id']);
  return name !== undefined && domain ? {name, domain} : undefined;
}

/**
 * What the token shall be good for. Two scopes at once throw CONFIG, except that anything wins over the system, as in
 * keystoneauth; none is noted as missing, since a token without a scope has no catalog.
 * https://opendev.org/openstack/keystoneauth/src/tag/5.0.0/keystoneauth1/identity/v3/base.py#L157
 */
export function readScope(fields: AuthFields, missing: Missing, entry: CloudEntry): Scope | undefined {
  const {project_id: id, project_name: name, trust_id: trust, system_scope: system} = fields;
  const domain = refOf(fields.domain_id, fields.domain_name);
  refuseSeveral(fields, entry);
  if (domain) return {type: 'domain', domain};
  if (id !== undefined) return {type: 'project', project: {id}};
  if (name !== undefined) return projectByName(name, fields, missing);
  if (trust !== undefined) return {type: 'trust', id: trust};
  if (system === 'all') return {type: 'system'};
  if (system === undefined) missing.push(['project_name', 'project_id']);
  else throw badSystemScope(system, entry);
  return undefined;
}

function projectByName(name: string, fields: AuthFields, missing: Missing): Scope | undefined {
  const domain = domainOf(fields, 'project');
  if (domain) return {type: 'project', project: {name, domain}};
  missing.push(['project_domain_name', 'project_domain_id']);
  return undefined;
}

function domainOf(fields: AuthFields, of: 'user' | 'project'): DomainRef | undefined {
  return refOf(
    fields[`${of}_domain_id`] ?? fields.default_domain_id,
    fields[`${of}_domain_name`] ?? fields.default_domain_name,
  );
}

function refOf(id: string | undefined, name: string | undefined): DomainRef | undefined {
  if (id !== undefined) return {id};
  return name === undefined ? undefined : {name};
}

function refuseSeveral(fields: AuthFields, entry: CloudEntry): void {
  const given = [['project_id', 'project_name'], ['domain_id', 'domain_name'], ['trust_id']].flatMap((names) =>
    names.filter((name) => fields[name] !== undefined).slice(0, 1),
  );
  const [first, second] = given;
  if (first === undefined || second === undefined) return;
  throw new ImgmgrError(
    'CONFIG',
    `${entry.subject} names two scopes: ${entry.spell(first)} and ${entry.spell(second)}`,
    {
      place: entry.at(second),
      hint: 'keep one of them; a token is good for one project, one trust or one domain',
    },
  );
}

function badSystemScope(value: string, entry: CloudEntry): ImgmgrError {
  return new ImgmgrError('CONFIG', `${entry.spell('system_scope')} of ${entry.subject} is "${value}"`, {
    place: entry.at('system_scope'),
    hint: 'the only system scope that Keystone has is "all"',
  });
}
