import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {makeIso} from '../../../../src/local/qemu/iso.ts';

const FILES = {
  'openstack/latest/meta_data.json': '{"uuid":"x"}',
  'openstack/latest/user_data': `#!/bin/sh\n${'echo ü\n'.repeat(900)}`,
  'openstack/content/0000': '',
  'ec2/latest/meta-data.json': '{}',
  readme: 'text',
};

const hasIsoinfo = spawnSync('isoinfo', ['-version']).error === undefined;
if (!hasIsoinfo) process.stderr.write('isoinfo (genisoimage) is not installed: volumes are read by guests alone\n');

describe('a volume for a guest', () => {
  let folder = '';
  let file = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imgmgr-iso-'));
    file = join(folder, 'seed.iso');
    await writeFile(file, makeIso({label: 'config-2', made: new Date('2026-03-04T05:06:07Z'), files: FILES}));
  });
  afterAll(() => rm(folder, {recursive: true, force: true}));

  const isoinfo = (...args: string[]): string => execFileSync('isoinfo', [...args, '-i', file], {encoding: 'utf8'});

  it.skipIf(!hasIsoinfo).each([
    ['Joliet', ['-J']],
    ['plain ISO 9660', []],
  ])('holds every file under its own name, byte for byte, in the %s tree', (_tree, options) => {
    const paths = isoinfo('-f', ...options)
      .trim()
      .split('\n');
    expect(paths).toEqual(expect.arrayContaining(Object.keys(FILES).map((path) => `/${path}`)));
    for (const [path, text] of Object.entries(FILES)) expect(isoinfo('-x', `/${path}`, ...options)).toBe(text);
  });

  it.skipIf(!hasIsoinfo)('bears its label, in its own case', () => {
    expect(isoinfo('-d')).toContain('Volume id: config-2\n');
    expect(isoinfo('-d')).toContain('Joliet with UCS level 3 found');
  });

  it('is the same for the same content and time', () => {
    const volume = {label: 'cidata', made: new Date(0), files: {'user-data': 'x'}};
    expect(makeIso(volume).equals(makeIso(volume))).toBe(true);
  });

  it('refuses a label that would be cut, and names that do not fit a folder', () => {
    const made = new Date(0);
    expect(() => makeIso({label: 'x'.repeat(17), made, files: {a: ''}})).toThrow(
      "the label 'xxxxxxxxxxxxxxxxx' is too long",
    );
    const many = Object.fromEntries(Array.from({length: 60}, (_, index) => [`file-number-${index}`, '']));
    expect(() => makeIso({label: 'x', made, files: many})).toThrow('do not fit a folder');
  });
});
