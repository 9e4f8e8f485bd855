import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {selectClouds} from '../../src/config/clouds.ts';
import {readTextFile} from '../../src/config/config-context.ts';
import type {CloudAuth, DomainRef, OpenStackCloud, ProjectRef, UserRef} from '../../src/core/resolved-cloud.ts';
import {ImgmgrError} from '../../src/errors.ts';

/** One configuration: files below the case's folder (`~/…` below its home), variables, and the cloud that is asked for. */
interface Case {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cloud?: string;
}

const USER = 'username: u, password: p, user_domain_name: Default, project_name: pr, project_domain_name: Default';
const AUTH = `auth_url: https://k.example/v3, ${USER}`;
const PLAIN = `clouds: {a: {auth: {${AUTH}}}}`;
const ENV = {
  OS_AUTH_URL: 'https://k.example/v3',
  OS_USERNAME: 'u',
  OS_PASSWORD: 'p',
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PROJECT_NAME: 'pr',
  OS_PROJECT_DOMAIN_NAME: 'Default',
};
/** A cloud of that one entry, in block style. */
function entry(...lines: readonly string[]): Case {
  return {files: {'clouds.yaml': ['clouds:', '  a:', ...lines.map((line) => `    ${line}`)].join('\n')}, cloud: 'a'};
}
function login(more: string, ...lines: readonly string[]): Case {
  return entry(`auth: {auth_url: https://k.example/v3, ${more}}`, ...lines);
}

const SAME: Readonly<Record<string, Case>> = {
  'a plain entry': {files: {'clouds.yaml': PLAIN}, cloud: 'a'},
  'the only cloud of the file': {files: {'clouds.yaml': PLAIN}},
  OS_CLOUD: {
    files: {'clouds.yaml': `${PLAIN.slice(0, -1)}, b: {auth: {${AUTH}, domain_id: d}}}`},
    env: {OS_CLOUD: 'b'},
  },
  'clouds.yml': {files: {'clouds.yml': PLAIN}, cloud: 'a'},
  'clouds.yaml before clouds.yml before clouds.json': {
    files: {'clouds.json': '{"clouds": {"a": {}}}', 'clouds.yml': 'clouds: {a: {}}', 'clouds.yaml': PLAIN},
    cloud: 'a',
  },
  'clouds.json': {
    files: {
      'clouds.json':
        '{"clouds": {"a": {"identity_api_version": 3.0, "compute_api_version": 2, "auth": {"auth_url": "https://k/v3", "username": "\\u00fc", "password": 12345678901234567890, "user_domain_id": "default", "project_id": 7}}}}',
    },
    cloud: 'a',
  },
  'the working directory before the home': {
    files: {'clouds.yaml': PLAIN, '~/.config/openstack/clouds.yaml': 'clouds: {a: {}}'},
    cloud: 'a',
  },
  'the home': {files: {'~/.config/openstack/clouds.yaml': PLAIN}, cloud: 'a'},
  'XDG_CONFIG_HOME before the home': {
    files: {'xdg/openstack/clouds.yaml': PLAIN, '~/.config/openstack/clouds.yaml': 'clouds: {a: {}}'},
    env: {XDG_CONFIG_HOME: '$DIR/xdg'},
    cloud: 'a',
  },
  'the home when XDG_CONFIG_HOME has none': {
    files: {'~/.config/openstack/clouds.yaml': PLAIN},
    env: {XDG_CONFIG_HOME: '$DIR/xdg'},
    cloud: 'a',
  },
  'a site folder': {files: {'site/openstack/clouds.yaml': PLAIN}, cloud: 'a'},
  'the real home of a snap': {
    files: {'real/.config/openstack/clouds.yaml': PLAIN},
    env: {SNAP_REAL_HOME: '$DIR/real'},
    cloud: 'a',
  },
  'OS_CLIENT_CONFIG_FILE before everything': {
    files: {'else.yaml': PLAIN, 'clouds.yaml': 'clouds: {a: {}}'},
    env: {OS_CLIENT_CONFIG_FILE: '$DIR/else.yaml'},
    cloud: 'a',
  },
  'OS_CLIENT_CONFIG_FILE relative to the working directory': {
    files: {'else/where.yaml': PLAIN},
    env: {OS_CLIENT_CONFIG_FILE: 'else/where.yaml'},
    cloud: 'a',
  },
  'OS_CLIENT_CONFIG_FILE that is not there': {
    files: {'clouds.yaml': PLAIN},
    env: {OS_CLIENT_CONFIG_FILE: '/nonexistent/clouds.yaml'},
    cloud: 'a',
  },
  'secure.yaml over clouds.yaml': {
    files: {
      'clouds.yaml': `clouds: {a: {auth: {${AUTH}}, verify: true}}`,
      'secure.yaml': 'clouds: {a: {auth: {password: other, username: v}, region_name: R}}',
    },
    cloud: 'a',
  },
  'secure.yaml elsewhere': {
    files: {'clouds.yaml': PLAIN, '~/.config/openstack/secure.yaml': 'clouds: {a: {auth: {password: home}}}'},
    cloud: 'a',
  },
  OS_CLIENT_SECURE_FILE: {
    files: {
      'clouds.yaml': PLAIN,
      'secure.yaml': 'clouds: {a: {auth: {password: no}}}',
      's.yaml': 'clouds: {a: {auth: {password: yes it is}}}',
    },
    env: {OS_CLIENT_SECURE_FILE: '$DIR/s.yaml'},
    cloud: 'a',
  },
  'a cloud that only secure.yaml has': {files: {'secure.yaml': PLAIN}, cloud: 'a'},
  'a profile of clouds-public.yaml': {
    files: {
      'clouds.yaml':
        'clouds: {a: {profile: v, auth: {username: u, password: p, user_domain_id: d, project_name: pr, project_domain_id: d}}}',
      'clouds-public.yaml':
        'public-clouds: {v: {auth: {auth_url: "https://{region_name}.example/v3", username: nobody}, regions: [R1, R2], interface: internal, image_api_version: 2}}',
    },
    cloud: 'a',
  },
  'a profile by its old name, with one region': {
    files: {
      'clouds.yaml': `clouds: {a: {cloud: v, auth: {${AUTH}}}}`,
      'clouds-public.yaml': 'public-clouds: {v: {region_name: Only, identity_api_version: 3}}',
    },
    cloud: 'a',
  },
  'profile before cloud': {
    files: {
      'clouds.yaml': `clouds: {a: {cloud: w, profile: v, auth: {${AUTH}}}}`,
      'clouds-public.yaml': 'public-clouds: {v: {region_name: V}, w: {region_name: W}}',
    },
    cloud: 'a',
  },
  'the region of the entry before those of the profile': {
    files: {
      'clouds.yaml': `clouds: {a: {profile: v, region_name: Mine, auth: {${AUTH}}}}`,
      'clouds-public.yaml': 'public-clouds: {v: {regions: [R1, R2]}}',
    },
    cloud: 'a',
  },
  'the first of several regions with its values': login(
    'username: u, password: p, user_domain_id: d, project_name: pr, project_domain_id: d',
    'interface: public',
    'regions:',
    '- name: R1',
    '  values: {interface: internal, image_endpoint_override: "https://i.r1/", auth: {project_name: other}, verify: null}',
    '- R2',
  ),
  'regions as names': {...login(USER, 'regions: [R1, R2]', 'region_name: R9')},
  'regions as numbers': login(USER, 'regions: [1, 2]'),
  'no regions': login(USER, 'regions: []', 'region_name: R9'),
  'region_name with commas': login(USER, 'region_name: R1,R2'),
  'region_name as a list': login(USER, 'region_name: [R1, R2]'),
  'region_name as a number': login(USER, 'region_name: 12'),
  'region-name': login(USER, 'region-name: R1'),
  'dashes everywhere': entry(
    'auth-type: v3password',
    'auth: {auth-url: https://k.example/v3, user-name: u, password: p, user-domain-name: D, project-name: pr, project-domain-name: E}',
    'image-endpoint-override: https://i.example',
    'network-api-version: 2.0',
  ),
  'fields beside auth': entry(
    'auth_url: https://k.example/v3',
    'username: u',
    'password: p',
    'user_domain_name: D',
    'project_name: pr',
    'project_domain_name: E',
  ),
  'fields in auth win over those beside it': login(
    'username: in, password: p, user_domain_id: d, project_id: in',
    'username: beside',
    'password: beside',
    'project_id: beside',
  ),
  'an empty field in auth does not win': login(
    'username: "", password: p, user_domain_id: d, project_id: pi',
    'username: beside',
  ),
  tenants: login('username: u, password: p, user_domain_id: d, tenant_name: t, project_domain_id: d'),
  'a tenant id': login('username: u, password: p, user_domain_id: d, tenant-id: t'),
  'projects win over tenants': login(
    'username: u, password: p, user_domain_id: d, tenant_name: t, project_name: pr, project_domain_id: d',
  ),
  'one domain for both': login('username: u, password: p, domain_name: D, project_name: pr'),
  'one domain for both, by id, beside auth': login('username: u, password: p, project_name: pr', 'domain_id: d'),
  'one domain does not replace a named one': login(
    'username: u, password: p, domain_id: d, user_domain_id: e, project_name: pr',
  ),
  default_domain: login('username: u, password: p, default_domain_id: d, project_name: pr'),
  'default_domain does not replace a named one': login(
    'username: u, password: p, default_domain_name: D, user_domain_name: E, project_name: pr',
  ),
  'ids of user and project': login('user_id: u, password: p, project_id: pr'),
  'project_id wins over project_name': login(
    'user_id: u, password: p, project_id: i, project_name: n, project_domain_id: d',
  ),
  'domain scope': login('user_id: u, password: p, domain_id: d'),
  'domain scope by name': login('username: u, user_domain_name: E, password: p, domain_name: D'),
  'system scope': login('user_id: u, password: p, system_scope: all'),
  'a project wins over the system': login('user_id: u, password: p, system_scope: all, project_id: i'),
  'trust scope': login('user_id: u, password: p, trust_id: t'),
  'an application credential by id': login(
    'application_credential_id: i, application_credential_secret: s',
    'auth_type: v3applicationcredential',
  ),
  'an application credential by name': login(
    'application_credential_name: n, application_credential_secret: s, username: u, user_domain_name: D',
    'auth_type: v3applicationcredential',
  ),
  'an application credential by name, with a user id': login(
    'application_credential_name: n, application_credential_secret: s, user_id: u',
    'auth_type: v3applicationcredential',
  ),
  'a token': login('token: t, project_id: i', 'auth_type: v3token'),
  'a token of any version, by its old name': login('auth_token: t, project_id: i', 'auth_type: token'),
  'a token beside auth': login('project_id: i', 'auth_type: token', 'token: t'),
  'auth_type wins over auth_plugin': login('user_id: u, password: p, project_id: i', 'auth_plugin: v3token'),
  'numbers as texts': login('username: 12, password: 0123, user_domain_id: 1.10, project_id: 12345678901234567890123'),
  'dates as texts': login('user_id: u, password: p, project_id: 2024-01-31'),
  'merge keys': {
    files: {
      'clouds.yaml':
        'x: &x {auth_url: "https://k.example/v3", user_domain_id: d, project_domain_id: d}\nclouds:\n  a:\n    auth: {<<: *x, username: u, password: p, project_name: pr}',
    },
    cloud: 'a',
  },
  'auth-type is not known': login('user_id: u, password: p, project_id: i', 'auth-type: v3token'),
  interface: login(USER, 'interface: internal'),
  'endpoint_type wins over interface': login(USER, 'interface: internal', 'endpoint_type: admin'),
  'endpoint-type is not known': login(USER, 'endpoint-type: admin'),
  'a list of interfaces': login(USER, 'interface: [internal, public]'),
  'settings per service': login(
    USER,
    'region_name: R',
    'image_interface: internal',
    'compute_endpoint_type: admin',
    'image_endpoint_override: https://i.example/',
    'network_endpoint: https://n.example',
    'volumev3_endpoint_override: https://b.example/v3/%(project_id)s',
    'volume_api_version: 3',
    'compute_api_version: "2.60"',
    'identity_api_version: 3',
    'image_api_version: 2',
    'image_region_name: S',
    'image_service_type: imagev2',
    'image_service_name: glance',
    'placement_api_version: latest',
  ),
  'overrides with the region in them': login(
    USER,
    'region_name: R',
    'image_endpoint_override: https://{region_name}.example/',
  ),
  'auth_url with the region in it': entry(
    'region_name: R',
    'auth: {auth_url: "https://{region_name}.k.example/v3", user_id: u, password: p, project_id: i}',
  ),
  'auth_url with doubled braces': entry(
    'auth: {auth_url: "https://k/{{x}}/v3", user_id: u, password: p, project_id: i}',
  ),
  'a password with braces': login('user_id: u, password: "{x}", project_id: i'),
  'verify: false': login(USER, 'verify: false'),
  'verify: no': login(USER, 'verify: no'),
  insecure: login(USER, 'insecure: true'),
  'insecure as a text': login(USER, 'insecure: "True"'),
  'insecure as another text': login(USER, 'insecure: "yes"'),
  'insecure wins over cacert': login(USER, 'insecure: true', 'cacert: ca.pem'),
  'verify as a path': {...login(USER, 'verify: ca.pem')},
  'cacert, cert and key': login(USER, 'cacert: ~/ca.pem', 'cert: ~/cert.pem', 'key: ~/key.pem'),
  'cert without key': login(USER, 'cert: ~/cert.pem'),
  'key without cert': login(USER, 'key: ~/key.pem'),
  'the environment': {env: ENV},
  'the environment before the only cloud of the file': {files: {'clouds.yaml': PLAIN}, env: {...ENV, OS_USERNAME: 'e'}},
  'OS_CLOUD before the environment': {files: {'clouds.yaml': PLAIN}, env: {...ENV, OS_USERNAME: 'e', OS_CLOUD: 'a'}},
  'R4: OS_REGION_NAME chooses among the regions of an entry': {
    files: {'clouds.yaml': PLAIN.replace('auth:', 'regions: [A, {name: B, values: {interface: admin}}], auth:')},
    env: {OS_REGION_NAME: 'B'},
    cloud: 'a',
  },
  'a named cloud takes nothing from the environment but the region': {
    files: {'clouds.yaml': PLAIN},
    env: {...ENV, OS_USERNAME: 'e', OS_REGION_NAME: 'E', OS_INTERFACE: 'admin'},
    cloud: 'a',
  },
  'the environment with everything': {
    env: {
      ...ENV,
      OS_REGION_NAME: 'R',
      OS_INTERFACE: 'internal',
      OS_CACERT: '$DIR/home/ca.pem',
      OS_IMAGE_ENDPOINT_OVERRIDE: 'https://i.example',
      OS_VOLUME_API_VERSION: '3',
      OS_IDENTITY_API_VERSION: '3',
      OS_TEST_PATH: 'x',
      OS_STDOUT_CAPTURE: '1',
      OS_LOG_CAPTURE: '1',
    },
  },
  OS_ENDPOINT_TYPE: {env: {...ENV, OS_ENDPOINT_TYPE: 'internalURL'}},
  OS_INSECURE: {env: {...ENV, OS_INSECURE: 'true'}},
  'OS_INSECURE that is not true': {env: {...ENV, OS_INSECURE: '1'}},
  'empty variables': {env: {...ENV, OS_PROJECT_ID: '', OS_USER_ID: '', OS_TENANT_NAME: '', OS_REGION_NAME: ''}},
  'an application credential in the environment': {
    env: {
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_AUTH_URL: 'https://k.example/v3',
      OS_APPLICATION_CREDENTIAL_ID: 'i',
      OS_APPLICATION_CREDENTIAL_SECRET: 's',
    },
  },
  'a token in the environment': {
    env: {OS_AUTH_TYPE: 'token', OS_AUTH_URL: 'https://k.example', OS_TOKEN: 't', OS_PROJECT_ID: 'i'},
  },
  'OS_TENANT_NAME beside OS_PROJECT_NAME': {env: {...ENV, OS_TENANT_NAME: 'tn'}},
  'OS_TENANT_ID alone': {
    env: {OS_AUTH_URL: 'https://k.example/v3', OS_USER_ID: 'u', OS_PASSWORD: 'p', OS_TENANT_ID: 'ti'},
  },
  OS_CLOUD_NAME: {env: {...ENV, OS_CLOUD_NAME: 'mine'}, cloud: 'mine'},
  'the environment by its name': {files: {'clouds.yaml': PLAIN}, env: {...ENV, OS_USERNAME: 'e'}, cloud: 'envvars'},
};

/** Refused by both. */
const REFUSED: Readonly<Record<string, Case>> = {
  'a list of site folders is never found': {
    files: {'site/openstack/clouds.yaml': PLAIN},
    env: {XDG_CONFIG_DIRS: '$DIR/site:/etc/xdg'},
    cloud: 'a',
  },
  'an empty clouds.yaml ends the search': {
    files: {'clouds.yaml': '', '~/.config/openstack/clouds.yaml': PLAIN},
    cloud: 'a',
  },
  'a region entry with too much': login(USER, 'regions: [{name: R, value: {}}]'),
  'a region entry without a name': login(USER, 'regions: [{values: {}}]'),
  'default_domain with a versioned type': login(
    'username: u, password: p, default_domain_id: d, project_name: pr',
    'auth_type: v3password',
  ),
  'project and trust': login('user_id: u, password: p, trust_id: t, project_id: i'),
  'an application credential without a secret': login(
    'application_credential_id: i',
    'auth_type: v3applicationcredential',
  ),
  'an application credential without a name': login(
    'application_credential_secret: s',
    'auth_type: v3applicationcredential',
  ),
  'an application credential with a user without a domain': login(
    'application_credential_name: i, application_credential_secret: s, username: u',
    'auth_type: v3applicationcredential',
  ),
  'an application credential under the wrong type': login(
    'application_credential_id: i, application_credential_secret: s',
  ),
  'a token under the wrong type': login('token: t, project_id: i'),
  'an unknown auth type': login('user_id: u, password: p, project_id: i', 'auth_type: paswword'),
  'an unknown field': login('user_id: u, password: p, project_id: i, usrname: x'),
  'no auth_url': entry('auth: {username: u, password: p, user_domain_id: d, project_id: i}'),
  'auth_url with something unknown in it': entry(`auth: {${USER}, auth_url: "https://{nothing}.example"}`),
  'no password in the environment and no address': {
    files: {'clouds.yaml': PLAIN},
    env: {OS_USERNAME: 'u', OS_PASSWORD: 'p'},
  },
  'a cloud with the name of the environment': {files: {'clouds.yaml': 'clouds: {envvars: {}, a: {}}'}, cloud: 'a'},
  'an unknown cloud': {files: {'clouds.yaml': PLAIN}, cloud: 'b'},
  'several clouds, none named': {files: {'clouds.yaml': 'clouds: {a: {}, b: {}}'}},
  'nothing at all': {},
  'broken YAML': {files: {'clouds.yaml': 'clouds: {a: ['}, cloud: 'a'},
  'broken JSON': {files: {'clouds.json': '{"clouds": }'}, cloud: 'a'},
};

/** Where imgmgr does something else on purpose: what the SDK does, and what we do. docs/clouds.md names them. */
const DIFFERENT: Readonly<
  Record<string, Case & {readonly sdk: 'resolves' | 'fails'; readonly ours: RegExp | 'resolves'}>
> = {
  'a key that is given twice': {
    ...login('user_id: u, password: p, project_id: i', 'verify: true', 'verify: false'),
    sdk: 'resolves',
    ours: /key verify is given twice/,
  },
  'a token with a domain of the user': {
    ...login('token: t, project_name: n, domain_name: D', 'auth_type: v3token'),
    sdk: 'fails',
    ours: 'resolves',
  },
  'a profile that is not known': {
    ...login('user_id: u, password: p, project_id: i', 'profile: nowhere'),
    sdk: 'resolves',
    ours: /unknown profile "nowhere"/,
  },
  'OS_* that hold no credentials': {
    files: {'clouds.yaml': PLAIN},
    env: {OS_IDENTITY_API_VERSION: '3'},
    sdk: 'fails',
    ours: 'resolves',
  },
  'truth values as names': {
    ...login('user_id: u, password: p, project_name: on, project_domain_id: d'),
    sdk: 'resolves',
    ours: /project_name of cloud "a" is the truth value true/,
  },
  'a project without a value': {
    ...login('user_id: u, password: p, project_id: '),
    sdk: 'resolves',
    ours: /no project_name or project_id/,
  },
  'no password': {...login('user_id: u, project_id: i'), sdk: 'resolves', ours: /has no password/},
  'no project': {...login('user_id: u, password: p'), sdk: 'resolves', ours: /has no project_name or project_id/},
  'no domain': {
    ...login('username: u, password: p, project_name: n'),
    sdk: 'resolves',
    ours: /no user_domain_name or user_domain_id and no project_domain_name/,
  },
  'an application credential with a project': {
    ...login(
      'application_credential_id: i, application_credential_secret: s, project_id: i',
      'auth_type: v3applicationcredential',
    ),
    sdk: 'resolves',
    ours: /application credential together with project_id, which Keystone refuses/,
  },
  'version 2 of Keystone': {
    ...login('username: u, password: p, tenant_name: i', 'auth_type: v2password'),
    sdk: 'resolves',
    ours: /"v2password" of cloud "a" is not supported/,
  },
  'no authentication': {
    ...entry('auth_type: none', 'auth: {endpoint: https://i}'),
    sdk: 'resolves',
    ours: /"none" of cloud "a"/,
  },
  'a fixed token': {
    ...entry('auth_type: admin_token', 'auth: {endpoint: https://i, token: t}'),
    sdk: 'resolves',
    ours: /"admin_token" of cloud "a"/,
  },
  'verify as a text': {
    ...login('user_id: u, password: p, project_id: i', 'verify: "false"'),
    sdk: 'resolves',
    ours: /verify of cloud "a" is the text "false"/,
  },
  'an interface that does not exist': {
    ...login('user_id: u, password: p, project_id: i', 'interface: pubic'),
    sdk: 'resolves',
    ours: /interface of cloud "a" is "pubic"/,
  },
  'version 1 of the image API': {
    ...login('user_id: u, password: p, project_id: i', 'image_api_version: 1'),
    sdk: 'resolves',
    ours: /image_api_version of cloud "a" is 1/,
  },
  'authorities that are not there': {
    ...login('user_id: u, password: p, project_id: i', 'cacert: /nonexistent/ca.pem'),
    sdk: 'resolves',
    ours: /\/nonexistent\/ca.pem does not exist/,
  },
};

const root = mkdtempSync(join(tmpdir(), 'imgmgr-clouds-'));
afterAll(() => rmSync(root, {recursive: true}));

/** Writes the files of a case and answers where and with which variables it happens. */
function prepare({files = {}, env = {}}: Case, index: number): {cwd: string; env: Record<string, string>} {
  const cwd = join(root, String(index));
  const home = join(cwd, 'home');
  mkdirSync(home, {recursive: true});
  for (const pem of [join(cwd, 'ca.pem'), ...['ca', 'cert', 'key'].map((name) => join(home, `${name}.pem`))])
    writeFileSync(pem, 'PEM');
  for (const [name, text] of Object.entries(files)) {
    const path = name.startsWith('~/') ? join(home, name.slice(2)) : join(cwd, name);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
  }
  const all = {HOME: home, XDG_CONFIG_DIRS: '$DIR/site', ...env};
  return {cwd, env: Object.fromEntries(Object.entries(all).map(([key, text]) => [key, text.replaceAll('$DIR', cwd)]))};
}

type Answer = Readonly<Record<string, unknown>>;
const cases: readonly (readonly [string, Case])[] = [
  ...Object.entries(SAME),
  ...Object.entries(REFUSED),
  ...Object.entries(DIFFERENT),
];
const prepared = cases.map(([, each], index) => ({...prepare(each, index), cloud: each.cloud}));
const sdk = new Map<string, Answer>();

beforeAll(async () => {
  const {stdout} = await execa('/usr/bin/python3', [join(import.meta.dirname, 'openstacksdk-clouds.py')], {
    input: JSON.stringify(prepared),
    env: {PYTHONDONTWRITEBYTECODE: '1'},
  });
  const answers = JSON.parse(stdout) as Answer[];
  for (const [index, [title]] of cases.entries()) sdk.set(title, answers[index] ?? {});
});

function ours(title: string): OpenStackCloud | ImgmgrError {
  const index = cases.findIndex(([name]) => name === title);
  const at = prepared[index];
  if (!at) throw new Error(`no case ${title}`);
  const home = at.env.HOME ?? '/';
  try {
    const requested = at.cloud === undefined ? [] : [at.cloud];
    const [cloud] = selectClouds({requested, env: at.env, cwd: at.cwd, home, readFile: readTextFile});
    if (cloud?.kind !== 'openstack') throw new Error('no OpenStack');
    return cloud;
  } catch (error) {
    if (error instanceof ImgmgrError && error.code === 'CONFIG') return error;
    throw error;
  }
}

/** Our answer in the SDK's words. */
function inSdkWords(cloud: OpenStackCloud, expected: Answer): Answer {
  const {tls} = cloud;
  return {
    name: cloud.name,
    region: cloud.region ?? '',
    interface: Array.isArray(expected.interface) ? cloud.interfaces : cloud.interface,
    login: loginOf(cloud.auth),
    verify: tls.caFile ?? tls.verify,
    cert: tls.certFile === undefined ? null : tls.keyFile === undefined ? tls.certFile : [tls.certFile, tls.keyFile],
    overrides: cloud.endpointOverrides,
    versions: cloud.apiVersions,
    regions: cloud.serviceRegions,
    interfaces: Object.fromEntries(Object.entries(cloud.serviceInterfaces).map(([service, [best]]) => [service, best])),
    types: cloud.catalogTypes,
    names: cloud.catalogNames,
  };
}

/** Names of interfaces as keystoneauth shortens them when it looks into the catalog; paths from the working directory. */
function shortened(expected: Answer): Answer {
  const {interface: name, verify} = expected;
  return {
    ...expected,
    ...(typeof name === 'string' && {interface: name.replace(/URL$/, '')}),
    ...(verify === 'ca.pem' && {verify: expect.stringMatching(/\/\d+\/ca\.pem$/) as unknown}),
  };
}

function loginOf(auth: CloudAuth): Answer {
  const base = auth.authUrl.replace(/\/$/, '');
  const url = `${base.endsWith('v3') ? base : `${base}/v3`}/auth/tokens`;
  if (auth.type === 'application-credential') {
    const {credential, secret} = auth;
    const data = 'id' in credential ? {id: credential.id} : {name: credential.name, user: user(credential.user)};
    return {
      url,
      body: {auth: {identity: {methods: ['application_credential'], application_credential: {...data, secret}}}},
    };
  }
  const {scope} = auth;
  const scopes = {
    project: () => ({project: project(scope.type === 'project' ? scope.project : {id: ''})}),
    domain: () => ({domain: scope.type === 'domain' ? scope.domain : {id: ''}}),
    trust: () => ({'OS-TRUST:trust': {id: scope.type === 'trust' ? scope.id : ''}}),
    system: () => ({system: {all: true}}),
  };
  const identity =
    auth.type === 'token'
      ? {methods: ['token'], token: {id: auth.token}}
      : {methods: ['password'], password: {user: {...user(auth.user), password: auth.password}}};
  return {url, body: {auth: {identity, scope: scopes[scope.type]()}}};
}

function user(ref: UserRef): Answer {
  return 'id' in ref ? {id: ref.id} : {name: ref.name, domain: domain(ref.domain)};
}

function project(ref: ProjectRef): Answer {
  return 'id' in ref ? {id: ref.id} : {name: ref.name, domain: domain(ref.domain)};
}

function domain(ref: DomainRef): Answer {
  return {...ref};
}

test.each(Object.keys(SAME))('resolves like openstacksdk: %s', (title) => {
  const expected = sdk.get(title) ?? {};
  expect(expected.error).toBeUndefined();
  const found = ours(title);
  if (found instanceof ImgmgrError) expect.fail(`the SDK resolves it, we say: ${found.message}`);
  expect(inSdkWords(found, expected)).toEqual(shortened(expected));
});

test.each(Object.keys(REFUSED))('refuses like openstacksdk: %s', (title) => {
  expect(sdk.get(title)?.error).toBeDefined();
  expect(ours(title)).toBeInstanceOf(ImgmgrError);
});

test.each(Object.entries(DIFFERENT))(
  'differs from openstacksdk on purpose: %s',
  (title, {sdk: theirs, ours: wanted}) => {
    expect(sdk.get(title)?.error === undefined ? 'resolves' : 'fails').toBe(theirs);
    const found = ours(title);
    const said = found instanceof ImgmgrError ? found.message : 'resolves';
    if (typeof wanted === 'string') expect(said).toBe(wanted);
    else expect(said).toMatch(wanted);
  },
);
