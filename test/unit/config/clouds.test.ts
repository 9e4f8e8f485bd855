import {describe, expect, test} from 'vitest';
import {denied, entry, LOGIN, refusal, resolve, select, textOf} from './host.ts';
import type {Host} from './host.ts';

const TWO = `clouds:\n  prod: {auth: {${LOGIN}}}\n  staging: {auth: {${LOGIN}}}\n`;
const ONE = `clouds:\n  prod: {auth: {${LOGIN}}}\n`;
const OS = {OS_AUTH_URL: 'https://e.example/v3', OS_USER_ID: 'u', OS_PASSWORD: 's3cret', OS_PROJECT_ID: 'p'};
const HOME = '/home/op/.config/openstack/clouds.yaml';

function names(host: Host): string[] {
  return select(host).map(({name}) => name);
}

describe('which cloud', () => {
  test.each<[string, Host, string[]]>([
    ['the ones asked for, in their order', {files: {[HOME]: TWO}, requested: ['staging', 'prod']}, ['staging', 'prod']],
    ['each once', {files: {[HOME]: TWO}, requested: ['prod', 'staging', 'prod']}, ['prod', 'staging']],
    ['OS_CLOUD when none is asked for', {files: {[HOME]: TWO}, env: {OS_CLOUD: 'staging'}}, ['staging']],
    [
      'the one asked for before OS_CLOUD',
      {files: {[HOME]: TWO}, env: {OS_CLOUD: 'staging'}, requested: ['prod']},
      ['prod'],
    ],
    ['OS_CLOUD before OS_*', {files: {[HOME]: TWO}, env: {...OS, OS_CLOUD: 'staging'}}, ['staging']],
    ['OS_* before the only cloud of the file', {files: {[HOME]: ONE}, env: OS}, ['envvars']],
    ['OS_* where there are several clouds', {files: {[HOME]: TWO}, env: OS}, ['envvars']],
    ['OS_* by a name of its own', {env: {...OS, OS_CLOUD_NAME: 'mine'}}, ['mine']],
    [
      'OS_* beside others by its name',
      {files: {[HOME]: TWO}, env: OS, requested: ['prod', 'envvars']},
      ['prod', 'envvars'],
    ],
    ['the only cloud of the file', {files: {[HOME]: ONE}}, ['prod']],
    ['an empty OS_CLOUD is none', {files: {[HOME]: ONE}, env: {OS_CLOUD: ''}}, ['prod']],
    [
      'variables without credentials are no cloud',
      {files: {[HOME]: ONE}, env: {OS_IDENTITY_API_VERSION: '3'}},
      ['prod'],
    ],
    ['the built-in cloud', {requested: ['local']}, ['local']],
    ['the built-in cloud beside others', {files: {[HOME]: ONE}, requested: ['local', 'prod']}, ['local', 'prod']],
    ['the built-in cloud through OS_CLOUD', {env: {OS_CLOUD: 'local'}}, ['local']],
  ])('%s', (_rule, host, expected) => {
    expect(names(host)).toEqual(expected);
  });

  test('a named cloud takes nothing from OS_* but the region, as with the openstack command', () => {
    const cloud = resolve({files: {[HOME]: ONE}, env: {...OS, OS_REGION_NAME: 'E'}, requested: ['prod']});
    expect(cloud.auth.authUrl).toBe('https://k.example/v3');
    expect(cloud.region).toBe('E');
    expect(cloud.origin).toEqual([HOME]);
  });

  test('OS_CLOUD is no profile of the cloud of OS_*', () => {
    const host = {files: {[HOME]: ONE}, env: {...OS, OS_CLOUD: 'prod'}, requested: ['envvars']};
    expect(resolve(host).auth.authUrl).toBe('https://e.example/v3');
  });

  test('the cloud of OS_* says where it comes from', () => {
    expect(resolve({env: OS})).toMatchObject({name: 'envvars', origin: ['environment (OS_*)']});
  });

  test.each<[string, Host, string]>([
    [
      'several and none named: they are listed',
      {files: {[HOME]: TWO}},
      `which cloud? ${HOME} names several: prod, staging | at - | hint: say --cloud prod (repeat it for more), or set OS_CLOUD`,
    ],
    [
      'no file: the folders are listed and the built-in cloud is named',
      {},
      'no cloud to work on: no clouds.yaml in /work, /home/op/.config/openstack, /etc/xdg/openstack, /etc/openstack | at - | hint: describe one in clouds.yaml (docs/clouds.md shows how), or say --cloud local to try it without OpenStack',
    ],
    [
      'a file without clouds',
      {files: {[HOME]: 'clouds: {}'}},
      `no cloud to work on: ${HOME} names none | at - | hint: describe one in clouds.yaml (docs/clouds.md shows how), or say --cloud local to try it without OpenStack`,
    ],
    [
      'an unknown name: the nearest and all known ones',
      {files: {[HOME]: TWO}, requested: ['stagin']},
      `unknown cloud "stagin": it is not in ${HOME} | at --cloud | hint: did you mean "staging"? known are prod, staging`,
    ],
    [
      'an unknown name in OS_CLOUD',
      {files: {[HOME]: ONE}, env: {OS_CLOUD: 'x'}},
      `unknown cloud "x": it is not in ${HOME} | at OS_CLOUD | hint: known are prod`,
    ],
    [
      'a name, but no file',
      {requested: ['prod'], env: {OS_CLIENT_CONFIG_FILE: '/nowhere.yaml'}},
      'unknown cloud "prod": no clouds.yaml in /nowhere.yaml (OS_CLIENT_CONFIG_FILE), /work, /home/op/.config/openstack, /etc/xdg/openstack, /etc/openstack | at --cloud | hint: --cloud local needs no clouds.yaml',
    ],
    [
      'U4: a name, but the file cannot be read: that is what has to be mended',
      {files: {'/etc/openstack/clouds.yaml': denied('EACCES')}, requested: ['prod']},
      'unknown cloud "prod": /etc/openstack/clouds.yaml cannot be read (permission denied) | at --cloud | hint: let this user read it',
    ],
    [
      'U4: no name, and the file cannot be read',
      {files: {'/etc/openstack/clouds.yaml': denied('EACCES')}},
      'no cloud to work on: /etc/openstack/clouds.yaml cannot be read (permission denied) | at - | hint: let this user read it',
    ],
    [
      'U4: a file that is a directory',
      {files: {'/etc/openstack/clouds.yaml': denied('EISDIR')}},
      'no cloud to work on: /etc/openstack/clouds.yaml cannot be read (it is a directory) | at - | hint: put the file in its place',
    ],
    [
      'U4: a file that is no text',
      {files: {'/etc/openstack/clouds.yaml': denied('ERR_ENCODING_INVALID_ENCODED_DATA')}},
      'no cloud to work on: /etc/openstack/clouds.yaml cannot be read (it is not UTF-8 text) | at - | hint: save it as UTF-8',
    ],
    [
      'U4: the flag that named a cloud is the place, --verify-cloud too',
      {files: {[HOME]: ONE}, requested: ['nope'], by: '--verify-cloud'},
      `unknown cloud "nope": it is not in ${HOME} | at --verify-cloud | hint: known are prod`,
    ],
    [
      'the environment by its name when it is not set',
      {files: {[HOME]: ONE}, requested: ['envvars']},
      'the cloud "envvars" of the OS_* variables is not set | at --cloud | hint: set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and the rest of them',
    ],
    [
      'the only cloud bears the reserved name',
      {files: {[HOME]: 'clouds:\n  local: {}'}},
      `the only cloud is called "local", which is the name of the built-in cloud | at ${HOME}:2:10 | hint: rename the entry, or say --cloud local for the built-in one`,
    ],
    [
      'a cloud bears the name of the environment',
      {files: {[HOME]: 'clouds:\n  envvars: {}\n  prod: {}'}, requested: ['prod']},
      `a cloud is called "envvars", which is the name of the cloud of the OS_* variables | at ${HOME}:2:12 | hint: rename the entry, or set OS_CLOUD_NAME to another name`,
    ],
    [
      'half a set of OS_*: no guess which cloud was meant',
      {files: {[HOME]: ONE}, env: {OS_USERNAME: 'u', OS_PASSWORD: 's3cret'}},
      'the cloud of the OS_* environment has no OS_AUTH_URL, no OS_USER_DOMAIN_NAME or OS_USER_DOMAIN_ID and no OS_PROJECT_NAME or OS_PROJECT_ID | at environment | hint: set it, or name a cloud with --cloud',
    ],
  ])('refuses %s', (_rule, host, expected) => {
    const error = refusal(() => select(host));
    expect(error.code).toBe('CONFIG');
    expect(textOf(error)).toBe(expected);
  });
});

describe('the built-in cloud', () => {
  test('needs no readable file', () => {
    expect(select({files: {[HOME]: 'clouds: ['}, requested: ['local']})).toEqual([{kind: 'local', name: 'local'}]);
  });

  test('tells of an entry that bears its name', () => {
    const [cloud] = select({files: {[HOME]: 'clouds:\n  local: {x: 1}'}, requested: ['local']});
    expect(cloud).toEqual({kind: 'local', name: 'local', shadowed: `${HOME}:2:10`});
  });
});

describe('secrets', () => {
  const secrets = [
    'password: s3cret',
    'token: s3cret',
    'application_credential_secret: s3cret',
    'application_credential_id: i',
  ];
  const wrongs = [
    'auth_type: nothing',
    'interface: nowhere',
    'verify: "no"',
    'regions: 5',
    'image_api_version: 1',
    'profile: x',
  ];
  test.each(secrets.flatMap((secret) => wrongs.map((wrong) => [secret, wrong] as const)))(
    'stay out of the message for %s with %s',
    (secret, wrong) => {
      const error = refusal(() => select(entry(`auth: {auth_url: "https://u:s3cret@k/v3", ${secret}}`, wrong)));
      expect(textOf(error)).not.toContain('s3cret');
    },
  );

  test.each([
    'auth: {auth_url: "ftp://u:s3cret@k", user_id: u, password: s3cret, project_id: p}',
    'auth: {auth_url: "https://u:s3cret@k/v2.0", user_id: u, password: s3cret, project_id: p}',
    'auth: {auth_url: https://k, user_id: u, password: [s3cret], project_id: p}',
    'auth: {auth_url: https://k, user_id: u, password: {s3cret: x}, project_id: p}',
    'auth: s3cret',
    's3cret',
  ])('stay out of the message for %s', (line) => {
    expect(textOf(refusal(() => select(entry(line))))).not.toContain('s3cret');
  });
});
