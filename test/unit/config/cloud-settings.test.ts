import {describe, expect, test} from 'vitest';
import type {OpenStackCloud} from '../../../src/core/resolved-cloud.ts';
import {entry, LOGIN, refusal, resolve, textOf} from './host.ts';
import type {Host} from './host.ts';

function cloud(...lines: readonly string[]): Host {
  return entry(`auth: {${LOGIN}}`, ...lines);
}

function withProfile(own: string, profile: string): Host {
  return {
    files: {
      '/work/clouds.yaml': `clouds:\n  a: {${own}, auth: {user_id: u, password: x, project_id: p}}`,
      '/etc/openstack/clouds-public.yaml': `public-clouds: {v: ${profile}}`,
    },
  };
}

const PROFILE =
  '{auth: {auth_url: "https://{region_name}.v.example", project_id: q}, regions: [V1, V2], interface: admin}';

describe('regions', () => {
  test.each<[string, readonly string[], string | undefined]>([
    ['none', [], undefined],
    ['region_name', ['region_name: R1'], 'R1'],
    ['region-name', ['region-name: R1'], 'R1'],
    ['a number', ['region_name: 12'], '12'],
    ['the first of names joined by commas', ['region_name: R1,R2'], 'R1'],
    ['the first of a list', ['region_name: [R1, R2]'], 'R1'],
    ['the first of regions, before region_name', ['region_name: R9', 'regions: [R1, R2]'], 'R1'],
    ['no regions at all hide region_name', ['region_name: R9', 'regions: []'], undefined],
    ['an entry of regions', ['regions: [{name: R1}, R2]'], 'R1'],
    ['the name of the entry before its values', ['regions: [{name: R1, values: {region_name: R2}}]'], 'R1'],
  ])('%s', (_what, lines, expected) => {
    expect(resolve(cloud(...lines)).region).toBe(expected);
  });

  test('bring values of their own, merged into auth and replacing the rest', () => {
    const values = '{interface: internal, image_endpoint_override: null, auth: {project_id: other}}';
    const found = resolve(
      cloud('interface: public', 'image_endpoint_override: https://i', `regions: [{name: R, values: ${values}}]`),
    );
    expect(found).toMatchObject({
      interface: 'internal',
      endpointOverrides: {image: 'https://i'},
      auth: {user: {id: 'u'}, scope: {project: {id: 'other'}}},
    });
  });

  test.each(['regions: R1', 'regions: [{values: {}}]', 'regions: [{name: R, value: {}}]', 'regions: [[R]]'])(
    'refuses %s',
    (line) => {
      expect(textOf(refusal(() => resolve(cloud(line))))).toBe(
        'cloud "a" has regions that cannot be read | at /work/clouds.yaml:4:14 | hint: write a list of names, or of entries that have "name" and "values" and nothing else',
      );
    },
  );
});

describe('profiles', () => {
  test('lie under the entry, auth merged and the rest replaced', () => {
    const found = resolve(withProfile('profile: v, interface: internal', PROFILE));
    expect(found).toMatchObject({
      region: 'V1',
      interface: 'internal',
      auth: {authUrl: 'https://V1.v.example', scope: {project: {id: 'p'}}},
      origin: ['/work/clouds.yaml', '/etc/openstack/clouds-public.yaml'],
    });
  });

  test.each<[string, string, string]>([
    ['by their old name', 'cloud: v', 'V1'],
    ['with the new name first', 'profile: v, cloud: nowhere', 'V1'],
    ['with the region of the entry first', 'profile: v, region_name: Mine', 'Mine'],
  ])('%s', (_what, own, region) => {
    expect(resolve(withProfile(own, PROFILE)).region).toBe(region);
  });

  test.each<[string, string, string]>([
    [
      'an unknown one',
      'profile: w',
      'cloud "a" names the unknown profile "w" | at /work/clouds.yaml:2:16 | hint: no vendors are built in: add it to clouds-public.yaml under "public-clouds", or write auth_url and region_name into the entry and remove profile',
    ],
    [
      'a URL',
      'profile: "https://v.example"',
      'cloud "a" takes its profile from a URL, which is not supported | at /work/clouds.yaml:2:16 | hint: write auth_url and region_name into the entry, and remove profile',
    ],
  ])('refuses %s', (_what, own, expected) => {
    expect(textOf(refusal(() => resolve(withProfile(own, PROFILE))))).toBe(expected);
  });
});

describe('endpoints', () => {
  test.each<[string, readonly string[], Partial<OpenStackCloud>]>([
    ['public is the default', [], {interface: 'public', interfaces: ['public'], apiVersions: {network: '2'}}],
    ['interface', ['interface: internal'], {interface: 'internal'}],
    ['an empty interface is none', ['interface: ""'], {interface: 'public'}],
    ['the older form of a name', ['interface: adminURL'], {interface: 'admin'}],
    ['endpoint_type before interface', ['interface: internal', 'endpoint_type: admin'], {interface: 'admin'}],
    [
      'several, best first',
      ['interface: [internal, public]'],
      {interface: 'internal', interfaces: ['internal', 'public']},
    ],
    [
      'interfaces per service',
      ['image_interface: internal', 'compute_endpoint_type: [admin, public]'],
      {serviceInterfaces: {image: ['internal'], compute: ['admin', 'public']}},
    ],
    [
      'overrides, under new and old names',
      [
        'region_name: R',
        'image_endpoint_override: "https://{region_name}.i"',
        'network-endpoint: https://n',
        'volumev3_endpoint_override: https://b/v3/%(project_id)s',
      ],
      {endpointOverrides: {image: 'https://R.i', network: 'https://n', 'block-storage': 'https://b/v3/%(project_id)s'}},
    ],
    [
      'the override before the endpoint',
      ['image_endpoint: https://a', 'image_endpoint_override: https://b'],
      {endpointOverrides: {image: 'https://b'}},
    ],
    [
      'the official name before the older ones',
      ['volume_api_version: 2', 'block_storage_api_version: 3'],
      {apiVersions: {network: '2', 'block-storage': '3'}},
    ],
    [
      'versions that are numbers',
      [
        'image_api_version: 2.0',
        'compute_api_version: 2.60',
        'identity_api_version: 3',
        'placement_api_version: latest',
      ],
      {apiVersions: {network: '2', image: '2.0', compute: '2.6', identity: '3'}},
    ],
    [
      'region, type and name per service',
      ['image_region_name: S', 'image_service_type: imagev2', 'compute_service_name: nova'],
      {serviceRegions: {image: 'S'}, catalogTypes: {image: 'imagev2'}, catalogNames: {compute: 'nova'}},
    ],
  ])('%s', (_what, lines, expected) => {
    expect(resolve(cloud(...lines))).toMatchObject(expected);
  });

  test.each<[string, string, string]>([
    [
      'an unknown interface',
      'interface: pubic',
      'interface of cloud "a" is "pubic" | at /work/clouds.yaml:4:16 | hint: did you mean "public"?',
    ],
    [
      'an unknown interface of a service',
      'image_endpoint_type: outside',
      'image_interface of cloud "a" is "outside" | at /work/clouds.yaml:4:26 | hint: it is one of public, internal, admin',
    ],
    [
      'an override that is no URL',
      'image_endpoint_override: glance:9292',
      'image_endpoint_override of cloud "a" is no http or https URL | at /work/clouds.yaml:4:30 | hint: write it like https://glance.example.com:9292',
    ],
    [
      'version 1 of the image API',
      'image_api_version: 1',
      'image_api_version of cloud "a" is 1 | at /work/clouds.yaml:4:24 | hint: only version 2 of the image API is supported: set 2, or remove the setting',
    ],
    [
      'a placeholder that nothing fills',
      'image_endpoint_override: "https://{nothing}"',
      'nothing to put in the place of {nothing} | at /work/clouds.yaml:4:30 | hint: name a setting of the same cloud, such as {region_name}, or double the braces',
    ],
    [
      'a lonely brace',
      'image_endpoint_override: "https://}"',
      'nothing to put in the place of } | at /work/clouds.yaml:4:30 | hint: name a setting of the same cloud, such as {region_name}, or double the braces',
    ],
  ])('refuses %s', (_what, line, expected) => {
    expect(textOf(refusal(() => resolve(cloud(line))))).toBe(expected);
  });

  test('refuses an entry that is no mapping', () => {
    expect(textOf(refusal(() => resolve({files: {'/work/clouds.yaml': 'clouds:\n  a: text'}})))).toBe(
      'the entry of cloud "a" is no mapping | at /work/clouds.yaml:2:6 | hint: write its settings below its name, indented, each as "key: value"',
    );
  });

  test('does not mind what other entries are', () => {
    const text = `clouds:\n  a: {auth: {${LOGIN}}}\n  b: text`;
    expect(resolve({files: {'/work/clouds.yaml': text}, requested: ['a']}).name).toBe('a');
  });
});

describe('TLS', () => {
  const files = {'/work/ca.pem': 'PEM', '/home/op/ca.pem': 'PEM', '/home/op/c.pem': 'PEM', '/home/op/k.pem': 'PEM'};
  const tls = (env: Readonly<Record<string, string>>, ...lines: readonly string[]): OpenStackCloud['tls'] =>
    resolve({files: {...cloud(...lines).files, ...files}, env}).tls;

  test.each<[string, readonly string[], OpenStackCloud['tls']]>([
    ['certificates are checked', [], {verify: true}],
    ['verify: null is as good as nothing', ['verify: null'], {verify: true}],
    ['verify: false', ['verify: false'], {verify: false}],
    ['verify: no', ['verify: no'], {verify: false}],
    ['insecure', ['insecure: true'], {verify: false}],
    ['insecure as a text', ['insecure: "True"'], {verify: false}],
    ['insecure as any other text', ['insecure: "yes"'], {verify: true}],
    ['insecure before cacert', ['insecure: true', 'cacert: /nowhere.pem'], {verify: false}],
    ['verify as a path, from the working directory', ['verify: ca.pem'], {verify: true, caFile: '/work/ca.pem'}],
    ['cacert in the home', ['cacert: ~/ca.pem'], {verify: true, caFile: '/home/op/ca.pem'}],
    ['an empty cacert is none', ['cacert: ""'], {verify: true}],
    [
      'cert and key',
      ['cert: ~/c.pem', 'key: ~/k.pem'],
      {verify: true, certFile: '/home/op/c.pem', keyFile: '/home/op/k.pem'},
    ],
    ['cert that holds the key', ['cert: ~/c.pem'], {verify: true, certFile: '/home/op/c.pem'}],
    ['key without cert', ['key: /nowhere.pem'], {verify: true}],
  ])('%s', (_what, lines, expected) => {
    expect(tls({}, ...lines)).toEqual(expected);
  });

  test('REQUESTS_CA_BUNDLE counts where the cloud names no authorities', () => {
    expect(tls({REQUESTS_CA_BUNDLE: '/work/ca.pem'})).toEqual({verify: true, caFile: '/work/ca.pem'});
    expect(tls({REQUESTS_CA_BUNDLE: '/work/ca.pem'}, 'verify: false')).toEqual({verify: false});
    expect(tls({REQUESTS_CA_BUNDLE: '/nowhere'}, 'cacert: ca.pem')).toEqual({verify: true, caFile: '/work/ca.pem'});
  });

  test.each<[string, string, string]>([
    [
      'authorities that are not there',
      'cacert: ca/none.pem',
      'the file /work/ca/none.pem does not exist | at /work/clouds.yaml:4:13 | hint: correct the path',
    ],
    [
      'a key that is not there',
      'cert: ~/c.pem\n    key: none.pem',
      'the file /work/none.pem does not exist | at /work/clouds.yaml:5:10 | hint: correct the path',
    ],
    [
      'a truth value in quotes',
      'verify: "false"',
      'verify of cloud "a" is the text "false" | at /work/clouds.yaml:4:13 | hint: write true, false (without quotes) or the path of a file with authorities',
    ],
    [
      'a number for a truth value',
      'verify: 0',
      'verify of cloud "a" is the text "0" | at /work/clouds.yaml:4:13 | hint: write true, false (without quotes) or the path of a file with authorities',
    ],
  ])('refuses %s', (_what, line, expected) => {
    expect(textOf(refusal(() => tls({}, line)))).toBe(expected);
  });
});
