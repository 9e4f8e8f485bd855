import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {
  givenRunId,
  imagesFolders,
  localDir,
  namedImages,
  proxyFor,
  stateDir,
  workDir,
} from '../../../src/config/settings.ts';
import {readTextFile} from '../../../src/config/config-context.ts';
import {refusal, textOf} from './host.ts';

const WHERE = {home: '/home/op', cwd: '/work'};

test.each<[string[], Record<string, string>, string[] | undefined]>([
  [['flag'], {IMGMGR_IMAGES: 'env'}, ['flag']],
  [['b', 'a'], {}, ['b', 'a']],
  [[], {IMGMGR_IMAGES: 'env'}, ['env']],
  [[], {IMGMGR_IMAGES: ''}, undefined],
  [[], {}, undefined],
])('definitions are named by the flags, else by the variable (%j, %j)', (flags, env, expected) => {
  expect(namedImages(flags, env)).toEqual(expected);
});

test.each<[Record<string, string>, string]>([
  [{}, '/home/op/.config/imgmgr/images'],
  [{XDG_CONFIG_HOME: '/c'}, '/c/imgmgr/images'],
  [{XDG_CONFIG_HOME: 'relative'}, '/home/op/.config/imgmgr/images'],
])('else they are here, with the settings of the user, or with those of the host (%j)', (env, ofUser) => {
  expect(imagesFolders(env, '/home/op')).toEqual(['images', ofUser, '/etc/imgmgr/images']);
});

test.each<[Record<string, string>, number, string]>([
  [{}, 1000, '/home/op/.local/state/imgmgr'],
  [{XDG_STATE_HOME: '/s'}, 1000, '/s/imgmgr'],
  [{XDG_STATE_HOME: 'relative'}, 1000, '/home/op/.local/state/imgmgr'],
  [{}, 0, '/var/lib/imgmgr'],
  [{XDG_STATE_HOME: '/s'}, 0, '/s/imgmgr'],
])('state lies where XDG says, for root in /var/lib (%j, uid %i)', (env, uid, expected) => {
  expect(stateDir(env, '/home/op', uid)).toBe(expected);
});

test.each<[Record<string, string>, string]>([
  [{IMGMGR_LOCAL: '/l', XDG_DATA_HOME: '/d'}, '/l'],
  [{IMGMGR_LOCAL: 'l'}, '/work/l'],
  [{IMGMGR_LOCAL: '~/l'}, '/home/op/l'],
  [{XDG_DATA_HOME: '/d'}, '/d/imgmgr/local'],
  [{IMGMGR_LOCAL: ''}, '/home/op/.local/share/imgmgr/local'],
])('the local cloud lies where IMGMGR_LOCAL says, else where XDG says (%j)', (env, expected) => {
  expect(localDir(env, WHERE)).toBe(expected);
});

test.each<[Record<string, string>, string]>([
  [{}, '/var/tmp'],
  [{IMGMGR_BUILD_DIR: ''}, '/var/tmp'],
  [{IMGMGR_BUILD_DIR: '/big'}, '/big'],
  [{IMGMGR_BUILD_DIR: 'big'}, '/work/big'],
])('large temporary files lie where IMGMGR_BUILD_DIR says, else in /var/tmp (%j)', (env, expected) => {
  expect(workDir(env, WHERE)).toBe(expected);
});

test('proxies are switched off for sources and clouds separately', () => {
  expect(proxyFor('source', {})).toBe('environment');
  expect(proxyFor('cloud', {IMGMGR_SOURCE_PROXY: 'off'})).toBe('environment');
  expect(proxyFor('source', {IMGMGR_SOURCE_PROXY: 'off'})).toBe('none');
  expect(proxyFor('cloud', {IMGMGR_CLOUD_PROXY: 'off'})).toBe('none');
  expect(proxyFor('cloud', {IMGMGR_CLOUD_PROXY: 'on'})).toBe('environment');
  expect(textOf(refusal(() => proxyFor('cloud', {IMGMGR_CLOUD_PROXY: 'no'})))).toBe(
    'IMGMGR_CLOUD_PROXY is "no" | at environment variable IMGMGR_CLOUD_PROXY | hint: set it to off to go without the proxy, or to on',
  );
});

test('a file that is not there has no text, one that cannot be read throws', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imgmgr-settings-'));
  try {
    writeFileSync(join(folder, 'a'), 'ä');
    writeFileSync(join(folder, 'latin'), Buffer.from([0xe4]));
    mkdirSync(join(folder, 'd'));
    expect(readTextFile(join(folder, 'a'))).toBe('ä');
    expect(readTextFile(join(folder, 'b'))).toBeUndefined();
    expect(readTextFile(join(folder, 'a', 'b'))).toBeUndefined();
    expect(() => readTextFile(join(folder, 'd'))).toThrow('is a folder, not a regular file');
    expect(() => readTextFile(join(folder, 'latin'))).toThrow('not valid');
  } finally {
    rmSync(folder, {recursive: true});
  }
});

test('a run has the id that a server gives it, which has to be a UUID', () => {
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(givenRunId({})).toBeUndefined();
  expect(givenRunId({IMGMGR_RUN_ID: ''})).toBeUndefined();
  expect(givenRunId({IMGMGR_RUN_ID: id})).toBe(id);
  for (const wrong of ['x', '../../etc', id.toUpperCase(), `${id}\n`])
    expect(() => givenRunId({IMGMGR_RUN_ID: wrong})).toThrow('IMGMGR_RUN_ID is no id of a run');
});
