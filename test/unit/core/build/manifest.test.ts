import {describe, expect, it} from 'vitest';
import type {Manifest} from '../../../../src/core/build/manifest.ts';
import {formatManifest, parseManifest, withoutSecrets} from '../../../../src/core/build/manifest.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {BARE, MANIFEST, sha256Of} from './manifest-sample.ts';

function refused(text: string): ImgmgrError {
  try {
    parseManifest(text, 'old/manifest.json');
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
  }
  throw new Error('was read');
}

/** The text of the sample after a change by hand. */
function edited(change: (json: Record<string, unknown>) => void): string {
  const json = JSON.parse(formatManifest(MANIFEST)) as Record<string, unknown>;
  change(json);
  return JSON.stringify(json);
}

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(parseManifest(formatManifest(MANIFEST), 'manifest.json')).toEqual({
      ...MANIFEST,
      elements: {'agent-install': sha256Of('2'), vm: sha256Of('1')},
    });
  });

  it('is read without agent, mirror and packages, where a build has none', () => {
    const bare: Manifest = {...BARE, packages: []};
    expect(parseManifest(formatManifest(bare), 'manifest.json')).toEqual(bare);
  });

  it('keeps digests that were filled in', () => {
    const files = [{format: 'raw' as const, bytes: 1, virtualBytes: 2, sha256: sha256Of('a'), sha512: 'b'.repeat(128)}];
    expect(parseManifest(formatManifest({...MANIFEST, files}), 'manifest.json').files).toEqual(files);
  });

  it('has the same text, whatever order it was put together in', () => {
    const {elements, packages, inputs, ...rest} = MANIFEST;
    const shuffled: Manifest = {
      packages: [...packages].reverse(),
      elements: Object.fromEntries(Object.entries(elements).reverse()),
      inputs: {parts: Object.fromEntries(Object.entries(inputs.parts).reverse()), hash: inputs.hash},
      ...rest,
    };
    expect(formatManifest(shuffled)).toBe(formatManifest(MANIFEST));
  });

  it('has one line for each package', () => {
    expect(formatManifest(MANIFEST).split('\n')).toContain(
      '    {"name":"bash","version":"5.2.15-2+b13","arch":"amd64"},',
    );
  });

  it('never has the credentials of the mirror', () => {
    const text = formatManifest({...MANIFEST, mirror: 'https://robot:hush@mirror.example/debian?token=hush'});
    expect(text).not.toMatch(/hush|robot/);
    expect(parseManifest(text, 'manifest.json').mirror).toBe('https://mirror.example/debian');
  });

  it.each([
    ['http://mirror.example/debian', 'http://mirror.example/debian'],
    ['http://mirror.example/~a@b/debian', 'http://mirror.example/~a@b/debian'],
    ['https://token@mirror.example:8443/', 'https://mirror.example:8443/'],
    ['https://u:p@mirror.example/#secret', 'https://mirror.example/'],
    ['https://u:p/w#x@mirror.example/debian', 'mirror.example/debian'],
    ['u:p@mirror.example/debian', 'mirror.example/debian'],
    ['/srv/mirror', '/srv/mirror'],
  ])('takes the secrets out of %s', (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown);
  });

  it.each<[string, (json: Record<string, unknown>) => void]>([
    ['version', (json) => (json['version'] = 'yesterday')],
    ['machine', (json) => (json['machine'] = 'sparc')],
    ['inputs.hash', (json) => (json['inputs'] = {hash: 'short', parts: {}})],
    ['diskImageBuilder', (json) => delete json['diskImageBuilder']],
    ['startedAt', (json) => (json['startedAt'] = 'noon')],
    ['files', (json) => (json['files'] = [])],
    ['files.0.bytes', (json) => (json['files'] = [{format: 'raw', bytes: -1, virtualBytes: 1}])],
    ['files.0.sha256', (json) => (json['files'] = [{format: 'raw', bytes: 1, virtualBytes: 1, sha256: 'XY'}])],
    ['elements.vm', (json) => (json['elements'] = {vm: 'none'})],
    ['packages.0.name', (json) => (json['packages'] = [{name: '', version: '1', arch: 'all'}])],
  ])('that is broken in %s is refused with the field and the file', (field, change) => {
    const error = refused(edited(change));
    expect(error.code).toBe('USAGE');
    expect(error.message).toContain(`old/manifest.json has a wrong ${field}: `);
    expect(error.place).toBe('old/manifest.json');
    expect(error.hint).toBeDefined();
  });

  it.each([
    ['no JSON at all', '{"schema": 1', 'is no JSON'],
    ['something else in JSON', '[]', 'is wrong'],
    ['without a schema', '{}', 'has a wrong schema'],
    ['of a later schema', '{"schema": 2}', 'is of schema 2, this imgmgr reads schema 1'],
  ])('that is %s is refused', (_, text, why) => {
    const error = refused(text);
    expect(error.code).toBe('USAGE');
    expect(error.message).toContain(why);
  });
});
