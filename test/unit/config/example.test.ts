import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {parseYaml} from '../../../src/config/yaml.ts';
import {entryOf} from '../../../src/core/definition/yaml-node.ts';
import {resolve} from './host.ts';

const text = readFileSync(new URL('../../../clouds.yaml.example', import.meta.url), 'utf8');
const clouds = entryOf(parseYaml(text, 'clouds.yaml.example').root, 'clouds')?.value;
const names = clouds?.kind === 'map' ? clouds.entries.map(({key}) => key.source) : [];

test.each(names)('clouds.yaml.example: %s resolves', (name) => {
  expect(resolve({files: {'/work/clouds.yaml': text}, requested: [name]})).toMatchObject({name, region: 'RegionOne'});
});

test('clouds.yaml.example has an entry of every kind of login', () => {
  const types = names.map((name) => resolve({files: {'/work/clouds.yaml': text}, requested: [name]}).auth.type);
  expect(new Set(types)).toEqual(new Set(['password', 'application-credential', 'token']));
});

test('clouds.yaml.example resolves with everything that is commented out in it', () => {
  const uncommented = text.replaceAll(/^ {4}# (cacert|cert|key|verify):/gm, '    $1:');
  const files = Object.fromEntries(
    ['ca.pem', 'client.pem', 'client.key'].map((name) => [`/home/op/.config/openstack/${name}`, 'PEM']),
  );
  const {tls} = resolve({files: {'/work/clouds.yaml': uncommented, ...files}, requested: ['private']});
  expect(tls).toEqual({
    verify: false,
    certFile: '/home/op/.config/openstack/client.pem',
    keyFile: '/home/op/.config/openstack/client.key',
  });
});
