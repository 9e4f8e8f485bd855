import {describe, expect, test} from 'vitest';
import {LOGIN, refusal, resolve, textOf} from './host.ts';
import type {Host} from './host.ts';

const FILE = '/work/clouds.yaml';

function cloud(entry: string, more: Omit<Host, 'files'> = {}): Host {
  return {files: {[FILE]: `clouds:\n  a: {auth: {${LOGIN}}${entry}}\n`}, requested: ['a'], ...more};
}

describe('R4: the region', () => {
  test.each<[string, Host, string | undefined]>([
    [
      'OS_REGION_NAME chooses among the regions of an entry',
      cloud(', regions: [A, B]', {env: {OS_REGION_NAME: 'B'}}),
      'B',
    ],
    ['--region chooses among them', cloud(', regions: [A, B]', {region: 'B'}), 'B'],
    ['--region goes before OS_REGION_NAME', cloud(', regions: [A, B]', {region: 'A', env: {OS_REGION_NAME: 'B'}}), 'A'],
    ['an empty OS_REGION_NAME chooses none', cloud(', regions: [A, B]', {env: {OS_REGION_NAME: ''}}), 'A'],
    ['one of names joined by commas', cloud(", region_name: 'A,B'", {region: 'B'}), 'B'],
    ['any where the entry lists none', cloud('', {region: 'B'}), 'B'],
    ['--region goes before the OS_REGION_NAME of the cloud of OS_*', environment('B', 'A'), 'B'],
  ])('%s', (_rule, host, region) => {
    expect(resolve(host).region).toBe(region);
    expect(resolve(host).otherRegions).toEqual(region === 'A' && host.region === undefined ? ['B'] : undefined);
  });

  test('the values of the chosen region count, and not those of the first', () => {
    const regions = '[{name: A, values: {interface: internal}}, {name: B, values: {interface: admin}}]';
    expect(resolve(cloud(`, regions: ${regions}`, {region: 'B'})).interface).toBe('admin');
  });

  test('several and none chosen: the others are known, so that it can be said', () => {
    expect(resolve(cloud(', regions: [A, B, C]'))).toMatchObject({region: 'A', otherRegions: ['B', 'C']});
    expect(resolve(cloud(', regions: [A]')).otherRegions).toBeUndefined();
  });

  test.each<[string, Host, string]>([
    [
      'of --region',
      cloud(', regions: [North, South]', {region: 'Sout'}),
      `cloud "a" has no region "Sout", it lists North, South | at --region | hint: did you mean "South"? choose one of them with --region, or add "Sout" to regions at ${FILE}:2:101`,
    ],
    [
      'of OS_REGION_NAME',
      cloud(', region_name: A', {env: {OS_REGION_NAME: 'West'}}),
      `cloud "a" has no region "West", it lists A | at OS_REGION_NAME | hint: choose one of them with --region or unset OS_REGION_NAME, or add "West" to region_name at ${FILE}:2:105`,
    ],
  ])('one that the entry does not list is refused with the list (%s)', (_by, host, expected) => {
    const error = refusal(() => resolve(host));
    expect(error.code).toBe('CONFIG');
    expect(textOf(error)).toBe(expected);
  });
});

function environment(region: string, variable: string): Host {
  const env = {OS_AUTH_URL: 'https://e/v3', OS_USER_ID: 'u', OS_PASSWORD: 's', OS_PROJECT_ID: 'p'};
  return {env: {...env, OS_REGION_NAME: variable}, region};
}
