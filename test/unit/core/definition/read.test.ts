import {readFileSync} from 'node:fs';
import {describe, expect, test} from 'vitest';
import {parseYaml} from '../../../../src/config/yaml.ts';
import {definitionsJsonSchema} from '../../../../src/core/definition/schema.ts';
import type {Definition} from '../../../../src/core/definition/definition.ts';
import {readDefinitions} from '../../../../src/core/definition/read.ts';
import {formatPosition} from '../../../../src/errors.ts';

const MINIMAL = {
  format: 'qcow2',
  login: 'debian',
  min_ram: 512,
  status: 'active',
  visibility: 'public',
  multi: true,
  tags: [],
  meta: {},
  versions: [{version: '1', url: 'https://example.org/1'}],
};

/** Files with these images, written as JSON, which is YAML. */
function read(...files: readonly (readonly object[])[]): {definitions: readonly Definition[]; problems: string[]} {
  const roots = files.map((images, index) => {
    const {root, problems} = parseYaml(
      `images:\n${images.map((image) => ` - ${JSON.stringify(image)}\n`).join('')}`,
      `${index}.yml`,
    );
    expect(problems).toEqual([]);
    if (!root) throw new Error('nothing was read');
    return root;
  });
  const {definitions, problems} = readDefinitions(roots);
  return {
    definitions,
    problems: problems.map(({message, place, hint}) => `${formatPosition(place)} ${message} | ${hint ?? 'no hint'}`),
  };
}

function readOne(image: object): Definition {
  const {definitions, problems} = read([image]);
  expect(problems).toEqual([]);
  const [definition] = definitions;
  if (!definition) throw new Error('no definition');
  return definition;
}

test('what is left out has a default', () => {
  expect(readOne({name: 'X', ...MINIMAL})).toEqual({
    name: 'X',
    enabled: true,
    format: 'qcow2',
    login: 'debian',
    minDiskGib: 0,
    minRamMib: 512,
    status: 'active',
    visibility: 'public',
    multi: true,
    separator: ' ',
    keep: false,
    protected: false,
    tags: [],
    meta: {},
    versions: [{version: '1', url: 'https://example.org/1', meta: {}, place: {file: '0.yml', line: 2, column: 160}}],
    place: {file: '0.yml', line: 2, column: 12},
  });
});

test('every field of an image and of a version arrives', () => {
  const hex = 'AB'.repeat(32);
  const definition = readOne({
    ...MINIMAL,
    name: 'X',
    enable: false,
    password: 'pw',
    min_disk: 3,
    separator: '-',
    keep: true,
    protected: true,
    tags: ['a', 'b', 'a'],
    image_description: 'about',
    retire_as: 'hidden',
    stores: ['file', 'fast', 'file'],
    hold: {until: '2026-12-24', reason: 'freeze'},
    shortname: 'x',
    latest_url: 'https://example.org/latest',
    latest_checksum_url: 'https://example.org/SUMS',
    versions: [
      {
        version: '1',
        url: 'ftp://example.org/1',
        mirror_url: 'https://mirror.example.org/1',
        checksum: `SHA256:${hex}`,
        checksums_url: 'file:SHA256SUMS',
        build_date: '2026-09-01T10:00:00Z',
        visibility: 'private',
        hidden: true,
        os_version: '12',
        meta: {a: 'b', c: null, d: ''},
        image_description: 'one',
        source: 'private',
        id: '0a0a0a0a-0000-0000-0000-000000000000',
      },
    ],
    verify: {
      mode: 'boot',
      deadline: '10m',
      flavor: 'small',
      network: 'net',
      root: 'volume',
      start: 'serve &\nwait',
      ready: 'true',
      console: 'up$',
      port: 22,
      checks: {swap: false, 'ntp-service': 'warn', dns: 'on', 'disk-size': 'off', mtu: true},
      datasource: 'config-drive',
    },
  });
  expect(definition).toMatchObject({
    enabled: false,
    password: 'pw',
    minDiskGib: 3,
    separator: '-',
    keep: true,
    protected: true,
    tags: ['a', 'b'],
    imageDescription: 'about',
    retireAs: 'hidden',
    hold: {untilMs: Date.parse('2026-12-25T00:00:00Z'), reason: 'freeze'},
    stores: ['file', 'fast'],
    verify: {
      mode: 'boot',
      deadlineSeconds: 600,
      flavor: 'small',
      network: 'net',
      root: 'volume',
      start: 'serve &\nwait',
      ready: 'true',
      console: 'up$',
      port: 22,
      checks: {swap: false, 'ntp-service': 'warn', dns: true, 'disk-size': false, mtu: true},
      datasources: ['config-drive'],
    },
  });
  expect(definition.versions).toMatchObject([
    {
      version: '1',
      url: 'ftp://example.org/1',
      mirrorUrl: 'https://mirror.example.org/1',
      checksum: {algorithm: 'sha256', hex: hex.toLowerCase()},
      checksumsUrl: 'file:SHA256SUMS',
      buildDate: '2026-09-01',
      visibility: 'private',
      hidden: true,
      osVersion: '12',
      meta: {a: 'b', c: null, d: null},
      imageDescription: 'one',
      source: 'private',
      id: '0a0a0a0a-0000-0000-0000-000000000000',
    },
  ]);
});

test('meta becomes text: truth values, numbers; null and nothing are absent', () => {
  const {meta} = readOne({
    ...MINIMAL,
    name: 'X',
    meta: {a: true, b: false, c: 4, d: 22.04, e: null, f: '', g: '1.10', h: -3},
  });
  expect(meta).toEqual({a: 'true', b: 'false', c: '4', d: '22.04', g: '1.10', h: '-3'});
});

test('null for an optional key means that it is absent', () => {
  const {separator, imageDescription, verify} = readOne({
    ...MINIMAL,
    name: 'X',
    separator: null,
    image_description: null,
    verify: null,
  });
  expect([separator, imageDescription, verify]).toEqual([' ', undefined, undefined]);
});

test('versions may be empty; a built image has none', () => {
  expect(readOne({...MINIMAL, name: 'X', versions: []}).versions).toEqual([]);
  const build = {elements: ['vm'], environment: {DIB_RELEASE: 'trixie', DIB_N: 1}, packages: ['x'], timeout: '60m'};
  const {versions, build: kept} = readOne({...MINIMAL, name: 'X', versions: null, build});
  expect(versions).toEqual([]);
  expect(kept).toEqual({
    elements: ['vm'],
    environment: {DIB_RELEASE: 'trixie', DIB_N: '1'},
    packages: ['x'],
    formats: ['qcow2'],
    compress: true,
    timeoutSeconds: 3600,
  });
});

describe('what two definitions cannot both have', () => {
  test('a name, across files, with both places', () => {
    expect(read([{name: 'X', ...MINIMAL}], [{name: 'X', ...MINIMAL, versions: []}]).problems).toEqual([
      '1.yml:2:12 image "X" is defined twice, first at 0.yml:2:12 | rename or remove one of the two',
    ]);
  });

  test('a name, though one of the two is wrong in itself', () => {
    expect(read([{name: 'X', ...MINIMAL}, {name: 'X'}]).problems).toContain(
      '0.yml:3:12 image "X" is defined twice, first at 0.yml:2:12 | rename or remove one of the two',
    );
  });

  test('a version, within one definition', () => {
    const versions = ['1', '2', '1'].map((version) => ({version, url: 'https://x/y'}));
    expect(read([{...MINIMAL, versions, name: 'X'}]).problems).toEqual([
      '0.yml:2:221 version "1" of image "X" is listed twice, first at 0.yml:2:149 | remove one of the two',
    ]);
  });

  const rename = 'rename one of the two images, or give one another separator';
  test.each([
    [
      'the name of a version is another plain name',
      {name: 'X', ...MINIMAL, multi: false},
      {name: 'X 1', ...MINIMAL, versions: []},
      `0.yml:3:12 the name "X 1" is claimed by image "X 1" and by version "1" of image "X" at 0.yml:2:161 | ${rename}`,
    ],
    [
      'the retired name of a version is another plain name',
      {name: 'X (1)', ...MINIMAL, versions: []},
      {name: 'X', ...MINIMAL},
      `0.yml:3:160 the name "X (1)" is claimed by version "1" of image "X" and by image "X (1)" at 0.yml:2:12 | ${rename}`,
    ],
    [
      'the names of two versions, by the separator',
      {name: 'X', ...MINIMAL, multi: false, separator: '-a-'},
      {name: 'X-a', ...MINIMAL, multi: false, separator: '-'},
      `0.yml:3:163 the name "X-a-1" is claimed by version "1" of image "X-a" and by version "1" of image "X" at 0.yml:2:161 | ${rename}`,
    ],
  ])('%s', (_, one, other, problem) => {
    expect(read([one, other]).problems).toEqual([problem]);
  });

  test('an id', () => {
    const versions = (version: string): object[] => [
      {version, url: 'https://x/y', id: '0a0a0a0a-0000-0000-0000-000000000000'},
    ];
    expect(
      read([
        {name: 'X', ...MINIMAL, versions: versions('1')},
        {name: 'Y', ...MINIMAL, versions: versions('2')},
      ]).problems,
    ).toEqual([
      '0.yml:3:160 the id 0a0a0a0a-0000-0000-0000-000000000000 is claimed by version "2" of image "Y" and by version "1" of image "X" at 0.yml:2:160 | give each version an id of its own, or none',
    ]);
  });
});

test('a wrong definition does not hide the right ones', () => {
  const {definitions, problems} = read([{name: 'X'}, {name: 'Y', ...MINIMAL}]);
  expect(definitions.map(({name}) => name)).toEqual(['Y']);
  expect(problems.length).toBeGreaterThan(0);
});

describe('the JSON Schema', () => {
  test('the committed file is the generated one (npm run schema)', () => {
    const committed: unknown = JSON.parse(
      readFileSync(new URL('../../../../docs/images.schema.json', import.meta.url), 'utf8'),
    );
    expect(committed).toEqual(definitionsJsonSchema());
  });

  test('is closed, lists the required keys and leaves meta open', () => {
    const schema = JSON.stringify(definitionsJsonSchema());
    expect(schema).toContain(
      '"required":["name","format","login","min_ram","status","visibility","multi","tags","meta"],"additionalProperties":false',
    );
    expect(schema).toContain('"required":["version","url"],"additionalProperties":false');
  });
});
