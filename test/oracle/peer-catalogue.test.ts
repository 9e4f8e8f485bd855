import {mkdir, readdir} from 'node:fs/promises';
import * as fs from 'node:fs/promises';
import {execa} from 'execa';
import {beforeAll, describe, expect, test} from 'vitest';
import {loadDefinitions} from '../../src/config/definitions.ts';
import type {LoadedDefinitions} from '../../src/config/definitions.ts';

/** The peer's source package, fetched once; its files are its authors' and are not kept here. */
const CACHE = new URL('../../.cache/peer-catalogue/', import.meta.url).pathname;
const PACKAGE = 'openstack-image-manager';

let loaded: LoadedDefinitions;
let images: string;

beforeAll(async () => {
  images = `${await unpacked()}/etc/images`;
  loaded = await loadDefinitions(images, fs);
}, 300_000);

describe("the peer's shipped catalogue", () => {
  test('loads unchanged, without a problem', () => {
    expect(loaded.problems).toEqual([]);
  });

  test('is read whole: every file, every image, every version that PyYAML sees', async () => {
    const script = `
import glob, json, sys, yaml
images = [i for f in sorted(glob.glob(sys.argv[1] + '/*.yml')) for i in yaml.safe_load(open(f))['images']]
print(json.dumps([[i['name'], [v['version'] for v in i['versions']]] for i in images]))`;
    const {stdout} = await execa('/usr/bin/python3', ['-c', script, images]);
    expect(loaded.definitions.map(({name, versions}) => [name, versions.map(({version}) => version)])).toEqual(
      JSON.parse(stdout),
    );
    expect(loaded.files.length).toBeGreaterThanOrEqual(12);
    expect(loaded.definitions.length).toBeGreaterThanOrEqual(29);
    expect(loaded.definitions.flatMap(({versions}) => versions).length).toBeGreaterThanOrEqual(36);
  });

  test('every image has what an import needs', () => {
    for (const definition of loaded.definitions) {
      expect(definition.name).not.toBe('');
      expect(definition.meta).toMatchObject({architecture: 'x86_64'});
      for (const version of definition.versions) {
        expect(version.url).toMatch(/^https?:/);
        expect(version.buildDate).toMatch(/^\d{4}-\d\d-\d\d$/);
        expect(version.checksum?.hex.length).toBeGreaterThanOrEqual(64);
      }
    }
    expect(loaded.definitions.filter(({enabled}) => enabled).length).toBeGreaterThanOrEqual(12);
    expect(loaded.definitions.filter(({multi}) => !multi).length).toBeGreaterThanOrEqual(5);
  });
});

async function unpacked(): Promise<string> {
  const ready = await folderIn(CACHE);
  if (ready !== undefined) return ready;
  await mkdir(CACHE, {recursive: true});
  await execa('/usr/bin/python3', [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--no-binary',
    ':all:',
    '--dest',
    CACHE,
    PACKAGE,
  ]);
  const archive = (await readdir(CACHE)).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) throw new Error(`pip left no source package of ${PACKAGE}`);
  await execa('tar', ['--extract', '--gzip', '--file', CACHE + archive, '--directory', CACHE]);
  const folder = await folderIn(CACHE);
  if (folder === undefined) throw new Error(`the source package of ${PACKAGE} has another shape`);
  return folder;
}

async function folderIn(parent: string): Promise<string | undefined> {
  const entries = await readdir(parent, {withFileTypes: true}).catch(() => []);
  const folder = entries.find((entry) => entry.isDirectory() && entry.name.startsWith('openstack_image_manager-'));
  return folder && parent + folder.name;
}
