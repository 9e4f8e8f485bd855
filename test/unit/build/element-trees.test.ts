import {createHash} from 'node:crypto';
import {chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {readElements} from '../../../src/build/element-trees.ts';
import type {ElementTree} from '../../../src/core/build/element-tree.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'imgmgr-elements-'));
  await write({'dib/debian-minimal/element-provides': 'operating-system\n', 'dib/base/README.rst': 'base\n'});
});
afterEach(() => rm(root, {recursive: true, force: true}));

/** Writes files below the root; a value of `→ target` makes a link. */
async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const whole = join(root, path);
    await mkdir(dirname(whole), {recursive: true});
    if (typeof content === 'string' && content.startsWith('→ ')) await symlink(content.slice(2), whole);
    else await writeFile(whole, content, {mode: 0o644});
  }
}

function read(...names: string[]): Promise<readonly ElementTree[]> {
  return readElements({names: ['debian-minimal', ...names], paths: [join(root, 'own'), join(root, 'dib')]});
}

async function namesOf(...names: string[]): Promise<string[]> {
  return (await read(...names)).map(({name}) => name);
}

async function one(name: string): Promise<ElementTree> {
  const tree = (await read(name)).find((each) => each.name === name);
  if (tree === undefined) throw new Error(`${name} was not read`);
  return tree;
}

describe('which elements are selected', () => {
  it('follows element-deps to their end, each element once, by name', async () => {
    await write({
      'own/a/element-deps': 'b\n\n  c  \n',
      'own/b/element-deps': 'c\n',
      'dib/c/element-deps': 'a\n',
      'dib/unasked/README.rst': '',
    });
    expect(await namesOf('a')).toEqual(['a', 'b', 'c', 'debian-minimal']);
  });

  it('leaves out what another element provides, whichever comes first', async () => {
    await write({
      'own/vm/element-deps': 'block-device\noperating-system\n',
      'dib/block-device-mbr/element-provides': 'block-device\n',
    });
    expect(await namesOf('block-device-mbr', 'vm')).toEqual(['block-device-mbr', 'debian-minimal', 'vm']);
  });

  it('prefers the element of the earlier folder and tells which are diskimage-builder’s', async () => {
    await write({'own/base/README.rst': 'mine\n', 'dib/other/README.rst': ''});
    const trees = await read('base', 'other');
    expect(trees.map(({name, own, folder}) => [name, own, folder])).toEqual([
      ['base', true, join(root, 'own/base')],
      ['debian-minimal', false, join(root, 'dib/debian-minimal')],
      ['other', false, join(root, 'dib/other')],
    ]);
  });

  it('takes an element that is a link under the name of its target, as diskimage-builder does', async () => {
    await write({'elsewhere/real/README.rst': '', 'own/linked': '→ ../elsewhere/real', 'own/dangling': '→ nowhere'});
    expect(await namesOf('real')).toEqual(['debian-minimal', 'real']);
    await expect(read('linked')).rejects.toThrow('element "linked" is in none of');
  });

  it.each([
    [
      'a misspelt name of the list',
      ['debian-minimall'],
      {},
      'elements: debian-minimal debian-minimall',
      'debian-minimal',
    ],
    ['a misspelt name of element-deps', ['a'], {'own/a/element-deps': 'bsae\n'}, 'element-deps of a', '"base"'],
    ['a name like no other', ['zzzzzz'], {}, 'elements: debian-minimal zzzzzz', 'elements_path'],
    [
      'a name that only stands for others',
      ['a'],
      {'own/a/element-deps': 'disk\n', 'dib/two/element-provides': 'disk\n', 'dib/one/element-provides': 'disk\n'},
      'element-deps of a',
      'one of those that provide it: one, two',
    ],
  ])('refuses %s with who asked and what is near', async (_, names, files, place, hint) => {
    await write({'own/.keep': '', ...files});
    await expect(read(...names)).rejects.toMatchObject({
      code: 'DEFINITION',
      message: expect.stringContaining(`is in none of: ${root}/own, ${root}/dib`) as string,
      place,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('refuses two elements that provide the same', async () => {
    await write({'own/ubuntu-minimal/element-provides': 'operating-system\n'});
    await expect(read('ubuntu-minimal')).rejects.toMatchObject({
      code: 'DEFINITION',
      message: '"operating-system" comes from element "debian-minimal" and from element "ubuntu-minimal"',
    });
  });

  it('refuses to name an element beside one that provides it', async () => {
    await write({'own/better-base/element-provides': 'base\n'});
    await expect(read('better-base', 'base')).rejects.toMatchObject({
      code: 'DEFINITION',
      message: '"base" comes from element "better-base" and from element "base"',
    });
  });

  it('refuses a selection without an operating system', async () => {
    await expect(readElements({names: ['base'], paths: [join(root, 'dib')]})).rejects.toMatchObject({
      code: 'DEFINITION',
      message: 'no element provides an operating system: base',
    });
  });

  it('refuses a folder of elements that is not there, with its path', async () => {
    await expect(read('base')).rejects.toMatchObject({
      code: 'DEFINITION',
      message: `the folder of elements ${root}/own cannot be read`,
    });
  });
});

describe('what is read of an element', () => {
  it('gives every file with path, mode, kind, digest and, of own elements, its text', async () => {
    await write({
      'own/a/install.d/50-a': 'text\n',
      'own/a/static/etc/link': '→ /etc/hosts',
      'own/a/logo': Buffer.from([255]),
    });
    await chmod(join(root, 'own/a/install.d/50-a'), 0o755);
    const {files} = await one('a');
    expect(files).toEqual([
      {path: 'install.d/50-a', mode: 0o755, kind: 'file', text: 'text\n', sha256: digest('text\n')},
      {path: 'logo', mode: 0o644, kind: 'file', sha256: digest(Buffer.from([255]))},
      {path: 'static/etc/link', mode: 0o777, kind: 'link', sha256: digest('/etc/hosts')},
    ]);
  });

  it('keeps no text of diskimage-builder’s elements and of files of 1 MiB, but their digest', async () => {
    const large = 'x'.repeat(1024 * 1024);
    await write({'own/a/large': large});
    expect((await one('a')).files).toEqual([{path: 'large', mode: 0o644, kind: 'file', sha256: digest(large)}]);
    expect((await one('base')).files).toEqual([
      {path: 'README.rst', mode: 0o644, kind: 'file', sha256: digest('base\n')},
    ]);
  });
});

describe('the hash of an element', () => {
  const FILES = {'own/a/install.d/50-a': 'one\n', 'own/a/link': '→ install.d/50-a'};
  const hashNow = async (): Promise<string> => (await one('a')).hash;

  it.each<[string, () => Promise<void>]>([
    ['a changed content', () => write({'own/a/install.d/50-a': 'two\n'})],
    ['a further file', () => write({'own/a/README.rst': ''})],
    ['a mode', () => chmod(join(root, 'own/a/install.d/50-a'), 0o755)],
    ['a link that leads elsewhere', () => rm(join(root, 'own/a/link')).then(() => write({'own/a/link': '→ b'}))],
    [
      'a file instead of a link',
      () => rm(join(root, 'own/a/link')).then(() => write({'own/a/link': 'install.d/50-a'})),
    ],
  ])('changes with %s', async (_, change) => {
    await write(FILES);
    const before = await hashNow();
    await change();
    expect(await hashNow()).not.toBe(before);
  });

  it.each<[string, () => Promise<void>]>([
    ['the times of a file', () => utimes(join(root, 'own/a/install.d/50-a'), 1, 1)],
    ['a backup of an editor', () => write({'own/a/install.d/50-a~': 'old\n'})],
    [
      'what Python leaves',
      () => write({'own/a/__pycache__/x.pyc': '1', 'own/a/bin/__pycache__/y': '2', 'own/a/z.pyc': '3'}),
    ],
    ['tests, which diskimage-builder leaves behind', () => write({'own/a/tests/test_a.py': ''})],
    ['an empty folder', () => mkdir(join(root, 'own/a/empty'))],
  ])('does not change with %s', async (_, change) => {
    await write(FILES);
    const before = await hashNow();
    await change();
    expect(await hashNow()).toBe(before);
  });

  it('is the same wherever the element lies', async () => {
    await write({...FILES, 'dib/b/install.d/50-a': 'one\n', 'dib/b/link': '→ install.d/50-a'});
    expect((await one('b')).hash).toBe(await hashNow());
  });
});

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
