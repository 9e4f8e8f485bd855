import type {Manifest} from '../../../../src/core/build/manifest.ts';

/** A hexadecimal sha256 made of one digit. */
export function sha256Of(digit: string): string {
  return digit.repeat(64);
}

/** A manifest of a small build, without what not every build has. */
export const BARE: Manifest = {
  definition: 'Debian 12',
  version: '20261121',
  machine: 'x86_64',
  inputs: {
    hash: sha256Of('0'),
    parts: {
      'elements/vm': sha256Of('1'),
      'elements/agent-install': sha256Of('2'),
      environment: sha256Of('3'),
      'diskimage-builder': sha256Of('4'),
    },
  },
  diskImageBuilder: {version: '3.13.0'},
  startedAt: '2026-11-21T10:00:00Z',
  finishedAt: '2026-11-21T10:12:34Z',
  files: [{format: 'qcow2', bytes: 400_000_000, virtualBytes: 2_147_483_648}],
  elements: {vm: sha256Of('1'), 'agent-install': sha256Of('2')},
  packages: [
    {name: 'adduser', version: '3.134', arch: 'all'},
    {name: 'bash', version: '5.2.15-2+b13', arch: 'amd64'},
    {name: 'libc6', version: '2.36-9', arch: 'amd64'},
  ],
};

/** The same with all that a manifest can have. */
export const MANIFEST: Manifest = {...BARE, agent: {version: '0.1.0'}, mirror: 'http://mirror.example/debian'};
