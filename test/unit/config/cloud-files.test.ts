import {describe, expect, test} from 'vitest';
import {findProfile, loadCloudFiles} from '../../../src/config/cloud-files.ts';
import type {CloudFiles} from '../../../src/config/cloud-files.ts';
import {denied, refusal, request, textOf} from './host.ts';
import type {Host} from './host.ts';

function load(host: Host): CloudFiles {
  return loadCloudFiles(request(host));
}

const FILE = 'clouds: {a: {}}';

describe('the search for clouds.yaml', () => {
  const order = [
    '/named.yaml',
    '/work/clouds.yaml',
    '/work/clouds.yml',
    '/work/clouds.json',
    '/xdg/openstack/clouds.yaml',
    '/home/op/.config/openstack/clouds.yaml',
    '/sites/openstack/clouds.yaml',
    '/etc/openstack/clouds.yaml',
    '/etc/openstack/clouds.yml',
    '/etc/openstack/clouds.json',
  ];
  const env = {OS_CLIENT_CONFIG_FILE: '/named.yaml', XDG_CONFIG_HOME: '/xdg', XDG_CONFIG_DIRS: '/sites'};

  test.each(order.map((path, index) => [path, order.slice(index)] as const))(
    'takes %s before those after it',
    (path, present) => {
      const files = Object.fromEntries(present.map((each) => [each, each.endsWith('json') ? '{"clouds": {}}' : FILE]));
      expect(load({files, env}).files).toEqual([path]);
    },
  );

  test('takes a named file relative to the working directory', () => {
    const files = {'/work/sub/c.yaml': FILE, '/work/clouds.yaml': FILE};
    expect(load({files, env: {OS_CLIENT_CONFIG_FILE: 'sub/c.yaml'}}).files).toEqual(['/work/sub/c.yaml']);
  });

  test('goes on when a named file is not there', () => {
    const found = load({files: {'/work/clouds.yaml': FILE}, env});
    expect(found.files).toEqual(['/work/clouds.yaml']);
    expect(found.searched[0]).toBe('/named.yaml (OS_CLIENT_CONFIG_FILE)');
  });

  test('ends at an empty file', () => {
    const found = load({files: {'/work/clouds.yaml': '# nothing yet\n', '/etc/openstack/clouds.yaml': FILE}});
    expect([...found.clouds.keys()]).toEqual([]);
    expect(found.files).toEqual(['/work/clouds.yaml']);
  });

  test('passes over a file that it may not read, and tells so', () => {
    const files = {'/work/clouds.yaml': denied('EACCES'), '/etc/openstack/clouds.yaml': FILE};
    const found = load({files});
    expect(found.files).toEqual(['/etc/openstack/clouds.yaml']);
    expect(found.unreadable).toEqual([
      {path: '/work/clouds.yaml', reason: 'permission denied', hint: 'let this user read it'},
    ]);
  });

  test.each([
    ['EACCES', 'permission denied', 'let this user read it'],
    ['EISDIR', 'it is a directory', 'put the file in its place'],
    ['EIO', 'EIO', 'look at it: ls -l /named.yaml'],
  ])('refuses a named file that cannot be read (%s)', (code, reason, hint) => {
    const error = refusal(() => load({files: {'/named.yaml': denied(code)}, env}));
    expect(textOf(error)).toBe(
      `cannot read /named.yaml: ${reason} | at OS_CLIENT_CONFIG_FILE | hint: ${hint}, or unset OS_CLIENT_CONFIG_FILE`,
    );
  });

  test('ignores a relative XDG_CONFIG_HOME and a list of site folders', () => {
    const {searched} = load({env: {XDG_CONFIG_HOME: 'xdg', XDG_CONFIG_DIRS: '/a:/b'}});
    expect(searched).toEqual(['/work', '/home/op/.config/openstack', '/etc/openstack']);
  });

  test('looks into the real home of a snap', () => {
    expect(load({env: {SNAP_REAL_HOME: '/home/real'}}).searched).toContain('/home/real/.config/openstack');
  });
});

describe('secure.yaml', () => {
  const files = {
    '/work/clouds.yaml': 'clouds:\n  a:\n    verify: true\n    auth: {username: u, password: old}\n  b: {}',
    '/home/op/.config/openstack/secure.yaml': 'clouds:\n  a:\n    auth: {password: new}\n  c: {x: 1}',
  };

  test('is merged over clouds.yaml at every depth, wherever it lies', () => {
    const found = load({files});
    expect(Object.fromEntries(found.clouds)).toEqual({
      a: {verify: true, auth: {username: 'u', password: 'new'}},
      b: {},
      c: {x: '1'},
    });
    expect(found.files).toEqual(['/work/clouds.yaml', '/home/op/.config/openstack/secure.yaml']);
  });

  test('is the place of what it gives', () => {
    const found = load({files});
    expect(found.placeOf('a', ['auth', 'password'])).toBe('/home/op/.config/openstack/secure.yaml:3:22');
    expect(found.placeOf('a', ['auth', 'username'])).toBe('/work/clouds.yaml:4:22');
    expect(found.placeOf('a', ['nothing'])).toBeUndefined();
  });

  test('may be named', () => {
    const named = {...files, '/s.yaml': 'clouds: {a: {auth: {password: named}}}'};
    const found = load({files: named, env: {OS_CLIENT_SECURE_FILE: '/s.yaml'}});
    expect(found.clouds.get('a')).toMatchObject({auth: {password: 'named'}});
  });
});

describe('clouds-public.yaml', () => {
  const files = {
    '/etc/openstack/clouds-public.yaml': 'public-clouds: {v: {region_name: E}, w: 5}',
    '/p.yaml': 'public-clouds: {v: {region_name: N}}',
  };

  test.each<[string, string, Host, string | undefined]>([
    ['is searched like the others', 'v', {files}, 'E'],
    ['may be named', 'v', {files, env: {OS_CLIENT_VENDOR_FILE: '/p.yaml'}}, 'N'],
    ['may lack the profile', 'x', {files}, undefined],
    ['may hold something else under the name', 'w', {files}, undefined],
    ['has no profile by an inherited name', 'constructor', {files}, undefined],
    ['may not be there', 'v', {}, undefined],
  ])('%s', (_rule, name, host, region) => {
    expect(findProfile(name, request(host))?.values.region_name).toBe(region);
  });
});

test('refuses clouds that are no mapping', () => {
  expect(textOf(refusal(() => load({files: {'/work/clouds.yaml': 'clouds: [a, b]'}})))).toBe(
    'clouds is no mapping of names to clouds | at /work/clouds.yaml:1:9 | hint: write "clouds:", and below it each name with its settings indented',
  );
});
