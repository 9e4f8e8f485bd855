import {describe, expect, it} from 'vitest';
import {diffManifests, renderDiff} from '../../../../src/core/build/manifest-diff.ts';
import type {Manifest} from '../../../../src/core/build/manifest.ts';
import type {Package} from '../../../../src/core/build/packages.ts';
import {BARE, MANIFEST, sha256Of} from './manifest-sample.ts';

function lines(change: Partial<Manifest>, old: Partial<Manifest> = {}): readonly string[] {
  return renderDiff(diffManifests({...MANIFEST, ...old}, {...MANIFEST, ...change}));
}

function packages(...list: readonly string[]): {packages: readonly Package[]} {
  return {
    packages: list.map((text) => {
      const [name = '', version = '', arch = 'amd64'] = text.split(' ');
      return {name, version, arch};
    }),
  };
}

describe('two manifests', () => {
  it('of equal content do not differ, whenever they were built and whatever their digests are', () => {
    const later: Manifest = {
      ...MANIFEST,
      version: '20261122',
      startedAt: '2026-11-22T10:00:00Z',
      finishedAt: '2026-11-22T10:12:00Z',
      files: MANIFEST.files.map((file) => ({...file, sha256: sha256Of('f')})),
    };
    expect(diffManifests(MANIFEST, later)).toEqual({
      packages: {added: [], removed: [], changed: []},
      elements: {added: [], removed: [], changed: []},
      values: [],
      inputs: [],
      sizes: [],
    });
    expect(renderDiff(diffManifests(MANIFEST, later))).toEqual(['no difference']);
  });

  it('differ in packages: removed, added, changed, and a count', () => {
    const old = packages('adduser 1', 'bash 5.1', 'curl 7');
    expect(lines(packages('bash 5.2', 'curl 7', 'dash 1'), old)).toEqual([
      '- adduser 1',
      '+ dash 1',
      '~ bash 5.1 -> 5.2',
      'packages: 1 added, 1 removed, 1 changed; other differences: 0',
    ]);
  });

  it('tell the packages by architecture where one name stands there twice', () => {
    const old = packages('libc6 1 amd64', 'libc6 1 i386');
    expect(lines(packages('libc6 2 amd64', 'libc6 2 i386'), old)).toEqual([
      '~ libc6:amd64 1 -> 2',
      '~ libc6:i386 1 -> 2',
      'packages: 0 added, 0 removed, 2 changed; other differences: 0',
    ]);
  });

  it('tell a change of architecture as one', () => {
    expect(lines(packages('tool 2 amd64'), packages('tool 1 all'))[0]).toBe('~ tool 1 (all) -> 2 (amd64)');
  });

  it('pair the kernels that changed and leave out the one that both have', () => {
    const old = packages('kernel 5.1', 'kernel 5.2');
    expect(lines(packages('kernel 5.2', 'kernel 5.3'), old)[0]).toBe('~ kernel 5.1 -> 5.3');
  });

  it('tell several versions that cannot be paired as removed and added', () => {
    const old = packages('kernel 5.1', 'kernel 5.2');
    expect(lines(packages('kernel 5.3', 'kernel 5.4'), old).slice(0, -1)).toEqual([
      '- kernel:amd64 5.1',
      '- kernel:amd64 5.2',
      '+ kernel:amd64 5.3',
      '+ kernel:amd64 5.4',
    ]);
  });

  it('differ in elements', () => {
    const elements = {vm: sha256Of('9'), 'cloud-init-custom': sha256Of('1')};
    expect(lines({elements})).toEqual([
      '- element agent-install',
      '+ element cloud-init-custom',
      '~ element vm',
      'packages: 0 added, 0 removed, 0 changed; other differences: 3',
    ]);
  });

  it('differ in tools, machine and mirror', () => {
    const now: Manifest = {...BARE, machine: 'aarch64', diskImageBuilder: {version: '3.43.0'}};
    const reported = [
      '~ machine x86_64 -> aarch64',
      '~ diskimage-builder 3.13.0 -> 3.43.0',
      '- agent 0.1.0',
      '- mirror http://mirror.example/debian',
    ];
    expect(renderDiff(diffManifests(MANIFEST, now)).slice(0, -1)).toEqual(reported);
    expect(renderDiff(diffManifests(now, MANIFEST))).toContain('+ agent 0.1.0');
  });

  it('name other inputs that changed, those told elsewhere apart', () => {
    const parts = {
      ...MANIFEST.inputs.parts,
      environment: sha256Of('8'),
      mkfs: sha256Of('7'),
      'elements/vm': sha256Of('8'),
      'diskimage-builder': sha256Of('8'),
    };
    expect(lines({inputs: {hash: sha256Of('8'), parts}}).slice(0, -1)).toEqual(['~ environment', '~ mkfs']);
  });

  it('differ in the sizes of their files', () => {
    const files: Manifest['files'] = [
      {format: 'qcow2', bytes: 410_000_000, virtualBytes: 2_147_483_648},
      {format: 'raw', bytes: 5, virtualBytes: 5},
    ];
    expect(lines({files})).toEqual([
      '~ qcow2 file, bytes 400000000 -> 410000000',
      '+ raw file, bytes 5',
      '+ raw disk, bytes 5',
      'packages: 0 added, 0 removed, 0 changed; other differences: 3',
    ]);
  });
});
