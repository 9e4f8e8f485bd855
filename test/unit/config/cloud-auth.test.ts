import {describe, expect, test} from 'vitest';
import type {CloudAuth} from '../../../src/core/resolved-cloud.ts';
import {entry, refusal, resolve, textOf} from './host.ts';
import type {Host} from './host.ts';

const URL = 'https://k.example/v3';

function login(fields: string, ...lines: readonly string[]): Host {
  return entry(`auth: {auth_url: ${URL}, ${fields}}`, ...lines);
}

const project = {type: 'project', project: {id: 'p'}} as const;

describe('what to log in with', () => {
  test.each<[string, Host, CloudAuth]>([
    [
      'a password, everything by name',
      login('username: u, user_domain_name: D, password: x, project_name: p, project_domain_name: E'),
      {
        type: 'password',
        authUrl: URL,
        user: {name: 'u', domain: {name: 'D'}},
        password: 'x',
        scope: {type: 'project', project: {name: 'p', domain: {name: 'E'}}},
      },
    ],
    [
      'a password, everything by id',
      login('user_id: u, password: x, project_id: p', 'auth_type: v3password'),
      {type: 'password', authUrl: URL, user: {id: 'u'}, password: 'x', scope: project},
    ],
    [
      'fields beside auth, old names, one domain for both',
      entry(`auth_url: ${URL}`, 'user-name: u', 'password: x', 'tenant-name: p', 'domain-id: d'),
      {
        type: 'password',
        authUrl: URL,
        user: {name: 'u', domain: {id: 'd'}},
        password: 'x',
        scope: {type: 'project', project: {name: 'p', domain: {id: 'd'}}},
      },
    ],
    [
      'fields in auth before those beside it, unless they are empty',
      login(
        'user_id: in, password: x, project_id: p, username: ""',
        'user_id: beside',
        'password: beside',
        'username: u',
      ),
      {type: 'password', authUrl: URL, user: {id: 'in'}, password: 'x', scope: project},
    ],
    [
      'one domain where the other is named',
      login('username: u, user_domain_id: own, password: x, project_name: p, domain_id: d'),
      {
        type: 'password',
        authUrl: URL,
        user: {name: 'u', domain: {id: 'own'}},
        password: 'x',
        scope: {type: 'project', project: {name: 'p', domain: {id: 'd'}}},
      },
    ],
    [
      'default domains for both',
      login('username: u, password: x, project_name: p, default_domain_name: D'),
      {
        type: 'password',
        authUrl: URL,
        user: {name: 'u', domain: {name: 'D'}},
        password: 'x',
        scope: {type: 'project', project: {name: 'p', domain: {name: 'D'}}},
      },
    ],
    [
      'numbers as texts',
      login('user_id: 12345678901234567890, password: 0777, project_id: 1.10'),
      {
        type: 'password',
        authUrl: URL,
        user: {id: '12345678901234567890'},
        password: '511',
        scope: {type: 'project', project: {id: '1.1'}},
      },
    ],
    [
      'a domain as scope',
      login('user_id: u, password: x, domain_name: D'),
      {type: 'password', authUrl: URL, user: {id: 'u'}, password: 'x', scope: {type: 'domain', domain: {name: 'D'}}},
    ],
    [
      'a trust as scope',
      login('user_id: u, password: x, trust_id: t'),
      {type: 'password', authUrl: URL, user: {id: 'u'}, password: 'x', scope: {type: 'trust', id: 't'}},
    ],
    [
      'the system as scope',
      login('user_id: u, password: x, system_scope: all'),
      {type: 'password', authUrl: URL, user: {id: 'u'}, password: 'x', scope: {type: 'system'}},
    ],
    [
      'an application credential by id',
      login('application_credential_id: i, application_credential_secret: s', 'auth_type: v3applicationcredential'),
      {type: 'application-credential', authUrl: URL, credential: {id: 'i'}, secret: 's'},
    ],
    [
      'an application credential by name',
      login(
        'application_credential_name: n, application_credential_secret: s, username: u, user_domain_id: d',
        'auth_type: v3applicationcredential',
      ),
      {
        type: 'application-credential',
        authUrl: URL,
        credential: {name: 'n', user: {name: 'u', domain: {id: 'd'}}},
        secret: 's',
      },
    ],
    [
      'a token',
      login('token: t, project_id: p', 'auth_type: v3token'),
      {type: 'token', authUrl: URL, token: 't', scope: project},
    ],
    [
      'a token beside auth, by its old name',
      login('project_id: p', 'auth_type: token', 'auth_token: t'),
      {type: 'token', authUrl: URL, token: 't', scope: project},
    ],
    [
      'secure.yaml over clouds.yaml',
      {
        files: {
          '/work/clouds.yaml': `clouds: {a: {auth: {auth_url: ${URL}, user_id: u, project_id: p, password: old}}}`,
          '/home/op/.config/openstack/secure.yaml': 'clouds: {a: {auth: {password: new}}}',
        },
      },
      {type: 'password', authUrl: URL, user: {id: 'u'}, password: 'new', scope: project},
    ],
  ])('%s', (_what, host, expected) => {
    expect(resolve(host).auth).toEqual(expected);
  });
});

const SUPPORTED = 'supported are password, v3password, token, v3token, v3applicationcredential';
const MISSING = 'write it below "auth:" in clouds.yaml, secrets best in secure.yaml beside it';

describe('refuses', () => {
  test.each<[string, Host, string]>([
    [
      'everything that is missing, told together',
      entry('auth: {username: u}'),
      `cloud "a" has no auth_url, no user_domain_name or user_domain_id, no password and no project_name or project_id | at /work/clouds.yaml:3:11 | hint: ${MISSING}`,
    ],
    [
      'no user',
      login('password: x, project_id: p'),
      `cloud "a" has no username or user_id | at /work/clouds.yaml:3:11 | hint: ${MISSING}`,
    ],
    [
      'a project by name without a domain',
      login('user_id: u, password: x, project_name: p'),
      `cloud "a" has no project_domain_name or project_domain_id | at /work/clouds.yaml:3:11 | hint: ${MISSING}`,
    ],
    [
      'a token without a scope',
      login('token: t', 'auth_type: v3token'),
      `cloud "a" has no project_name or project_id | at /work/clouds.yaml:3:11 | hint: ${MISSING}`,
    ],
    [
      'an application credential without name and secret',
      login('user_id: u', 'auth_type: v3applicationcredential'),
      `cloud "a" has no application_credential_secret and no application_credential_id or application_credential_name | at /work/clouds.yaml:3:11 | hint: ${MISSING}`,
    ],
    [
      'an application credential with a project',
      login(
        'application_credential_id: i, application_credential_secret: s, project_id: p',
        'auth_type: v3applicationcredential',
      ),
      'cloud "a" has an application credential together with project_id, which Keystone refuses | at /work/clouds.yaml:3:120 | hint: remove project_id: the credential carries its project',
    ],
    [
      'an application credential under the default type',
      login('application_credential_id: i, application_credential_secret: s'),
      'unknown key "application_credential_id" of cloud "a" for auth_type password | at /work/clouds.yaml:3:71 | hint: it belongs to auth_type v3applicationcredential: set that, or remove it',
    ],
    [
      'a misspelt field',
      login('usrname: u, password: x, project_id: p'),
      'unknown key "usrname" of cloud "a" for auth_type password | at /work/clouds.yaml:3:53 | hint: did you mean "username"?',
    ],
    [
      'a field of the types without a version',
      login('user_id: u, password: x, project_id: p, default_domain_id: d', 'auth_type: v3password'),
      'unknown key "default_domain_id" of cloud "a" for auth_type v3password | at /work/clouds.yaml:3:103 | hint: it belongs to auth_type password: set that, or remove it',
    ],
    [
      'a misspelt auth type',
      login('user_id: u, password: x, project_id: p', 'auth_type: pasword'),
      `auth_type "pasword" of cloud "a" is not supported | at /work/clouds.yaml:4:16 | hint: did you mean "password" or "v3password"?; ${SUPPORTED}`,
    ],
    [
      'version 2',
      login('username: u, password: x, tenant_name: p', 'auth_type: v2password'),
      `auth_type "v2password" of cloud "a" is not supported | at /work/clouds.yaml:4:16 | hint: Keystone no longer offers version 2; ${SUPPORTED}`,
    ],
    [
      'single sign-on',
      login('user_id: u', 'auth_type: v3oidcpassword'),
      `auth_type "v3oidcpassword" of cloud "a" is not supported | at /work/clouds.yaml:4:16 | hint: use an application credential; ${SUPPORTED}`,
    ],
    [
      'a fixed token',
      entry('auth_type: admin_token', 'auth: {endpoint: https://x, token: t}'),
      `auth_type "admin_token" of cloud "a" is not supported | at /work/clouds.yaml:3:16 | hint: it gives neither a project nor a catalog; ${SUPPORTED}`,
    ],
    [
      'two scopes',
      login('user_id: u, password: x, project_id: p, trust_id: t'),
      'cloud "a" names two scopes: project_id and trust_id | at /work/clouds.yaml:3:94 | hint: keep one of them; a token is good for one project, one trust or one domain',
    ],
    [
      'part of the system',
      login('user_id: u, password: x, system_scope: some'),
      'system_scope of cloud "a" is "some" | at /work/clouds.yaml:3:83 | hint: the only system scope that Keystone has is "all"',
    ],
    [
      'a truth value as a name',
      login('user_id: u, password: yes, project_id: p'),
      'password of cloud "a" is the truth value true, not a text | at /work/clouds.yaml:3:66 | hint: put the value into quotes',
    ],
    [
      'an address that is none',
      entry('auth: {auth_url: k.example, user_id: u, password: x, project_id: p}'),
      'auth_url of cloud "a" is no http or https URL | at /work/clouds.yaml:3:22 | hint: write it like https://cloud.example.com:5000/v3',
    ],
    [
      'the address of version 2',
      entry('auth: {auth_url: http://k.example/v2.0/, user_id: u, password: x, project_id: p}'),
      'auth_url of cloud "a" leads to version 2 of Keystone, which is gone | at /work/clouds.yaml:3:22 | hint: write it like https://cloud.example.com:5000/v3',
    ],
    [
      'a wrong variable by its name',
      {env: {OS_AUTH_URL: 'nonsense', OS_USER_ID: 'u', OS_PASSWORD: 'x', OS_PROJECT_ID: 'p'}},
      'OS_AUTH_URL of the cloud of the OS_* environment is no http or https URL | at environment variable OS_AUTH_URL | hint: write it like https://cloud.example.com:5000/v3',
    ],
  ])('%s', (_what, host, expected) => {
    const error = refusal(() => resolve(host));
    expect(error.code).toBe('CONFIG');
    expect(textOf(error)).toBe(expected);
  });
});
