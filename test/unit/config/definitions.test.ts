import {describe, expect, test} from 'vitest';
import {loadDefinitions, requireDefinitions} from '../../../src/config/definitions.ts';
import type {DefinitionFiles} from '../../../src/config/definitions.ts';
import {formatPosition} from '../../../src/errors.ts';

const image = (name: string, more = ''): string =>
  `images:\n  - {name: ${name}, format: raw, login: x, min_ram: 0, status: active, visibility: public, multi: true, tags: [], meta: {}, versions: []${more}}\n`;

/** Files by path; a path that others begin with is a directory; an Error is thrown. */
function disk(files: Readonly<Record<string, string | Uint8Array | Error>>): DefinitionFiles {
  const missing = (): Error => Object.assign(new Error('no such file'), {code: 'ENOENT'});
  const below = (path: string): string[] =>
    Object.keys(files)
      .filter((file) => file.startsWith(`${path.replace(/\/$/, '')}/`))
      .map((file) => file.slice(path.replace(/\/$/, '').length + 1));
  return {
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) return Promise.reject(missing());
      if (content instanceof Error) return Promise.reject(content);
      return Promise.resolve(typeof content === 'string' ? new TextEncoder().encode(content) : content);
    },
    readdir: (path) => Promise.resolve(below(path).filter((name) => name !== '')),
    stat: (path) => {
      if (files[path] !== undefined) return Promise.resolve({isDirectory: () => false});
      return below(path).length > 0 ? Promise.resolve({isDirectory: () => true}) : Promise.reject(missing());
    },
  };
}

describe('which files are read', () => {
  test('all *.yml and *.yaml of a directory, sorted; nothing below it, nothing hidden, nothing else', async () => {
    const io = disk({
      'images/b.yaml': image('B'),
      'images/a.yml': image('A'),
      'images/README.md': '# no',
      'images/.hidden.yml': 'no',
      'images/c.yml.bak': 'no',
    });
    for (const path of ['images', 'images/']) {
      const {files, definitions, problems} = await loadDefinitions(path, io);
      expect(problems).toEqual([]);
      expect(files).toEqual(['images/a.yml', 'images/b.yaml']);
      expect(definitions.map(({name}) => name)).toEqual(['A', 'B']);
    }
  });

  test('one file, whatever its name', async () => {
    const {files, definitions} = await loadDefinitions('one.txt', disk({'one.txt': image('A')}));
    expect([files, definitions.map(({name}) => name)]).toEqual([['one.txt'], ['A']]);
  });

  const hint = 'name a directory with *.yml files, or one file';
  const denied = Object.assign(new Error('EACCES: denied'), {code: 'EACCES'});
  const isDirectory = Object.assign(new Error('EISDIR'), {code: 'EISDIR'});
  test.each<[string, string, Parameters<typeof disk>[0], string]>([
    ['a path that is not there', 'imgs', {}, 'cannot read image definitions from imgs: it does not exist'],
    [
      'a directory without definitions',
      'images',
      {'images/README.md': ''},
      'no image definitions (*.yml, *.yaml) in the directory images',
    ],
    [
      'a file that may not be read',
      'images',
      {'images/a.yml': denied},
      'cannot read image definitions from images/a.yml: permission denied',
    ],
    [
      'a directory named like a file',
      'images',
      {'images/a.yml': isDirectory},
      'cannot read image definitions from images/a.yml: it is a directory',
    ],
  ])('%s', async (_, path, files, message) => {
    await expect(loadDefinitions(path, disk(files))).rejects.toMatchObject({code: 'DEFINITION', message, hint});
  });
});

describe('what is wrong with a file', () => {
  test.each<[string, string | Uint8Array, string, string]>([
    ['empty', '', 'x.yml is empty', 'add "images:" with at least one image, or remove the file'],
    ['only comments', '# nothing\n', 'x.yml is empty', 'add "images:" with at least one image, or remove the file'],
    ['not UTF-8', Uint8Array.from([0x61, 0x3a, 0x20, 0xff]), 'x.yml is not encoded in UTF-8', 'save it as UTF-8'],
    [
      'no YAML',
      'images: [',
      'not valid YAML: unexpected end of the stream within a flow collection',
      'quote the value, or correct the line',
    ],
  ])('%s', async (_, content, message, hint) => {
    const {problems, definitions} = await loadDefinitions('x.yml', disk({'x.yml': content}));
    expect(definitions).toEqual([]);
    expect(problems).toMatchObject([{message, hint, place: {file: 'x.yml', line: 1}}]);
  });

  test('a byte order mark is no problem', async () => {
    const {problems} = await loadDefinitions('x.yml', disk({'x.yml': `\ufeff${image('A')}`}));
    expect(problems).toEqual([]);
  });
});

test('all problems of all files at once, in the order of files and lines, one error for the caller', async () => {
  const io = disk({
    'images/c.yml': image('A'),
    'images/a.yml': image('A', ', hidden: true'),
    'images/b.yml': 'images: [',
    'images/d.yml': image('D', ', a: 1, a: 2'),
  });
  const {problems} = await loadDefinitions('images', io);
  expect(problems.map(({place, message}) => `${formatPosition(place)} ${message}`)).toEqual([
    'images/a.yml:2:133 unknown key "hidden" in image "A"',
    'images/b.yml:1:10 not valid YAML: unexpected end of the stream within a flow collection',
    'images/c.yml:2:12 image "A" is defined twice, first at images/a.yml:2:12',
    'images/d.yml:2:133 unknown key "a" in image "D"',
    'images/d.yml:2:139 key a is given twice, first at images/d.yml:2:133',
  ]);
  await expect(requireDefinitions('images', io)).rejects.toMatchObject({
    code: 'DEFINITION',
    message: 'unknown key "hidden" in image "A" (and 4 more)',
    place: 'images/a.yml:2:133',
    problems,
  });
});

test('without problems the caller gets the definitions', async () => {
  const {definitions} = await requireDefinitions('x.yml', disk({'x.yml': image('A')}));
  expect(definitions.map(({name}) => name)).toEqual(['A']);
});
