import {readFileSync, readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';

/** Files that name the programs without giving them anything from outside. */
const NAMED_ONLY: Readonly<Record<string, string>> = {
  'src/exec.ts': 'the packages of tools',
  'src/build/requirements.ts': 'the tools that a build needs',
  'src/local/qemu/accelerator.ts': 'a boot sector of our own',
};
/** A program of QEMU as a whole word of a command line. */
const PROGRAM = /(['"`])qemu-(?:img|io|nbd|storage-daemon|system-[\w-]*)(?:\1|\$\{)/g;

/** Where QEMU or qemu-img is named as a command outside of what `Confinement.wrap` is given, `--version` apart. */
function unconfined({path, text}: {readonly path: string; readonly text: string}): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(PROGRAM)].flatMap((found) => {
    const before = code.slice(0, found.index);
    const behind = code.slice(found.index + found[0].length);
    const isWrapped = /\.wrap\(\{\s*command: $/.test(before);
    const isQuestion = /\.run\($/.test(before) && /^(?:[^'"`,]*[`'"])?,\s*\['--version'\]/.test(behind);
    return isWrapped || isQuestion || path in NAMED_ONLY ? [] : [`${path}: ${found[0]}`];
  });
}

test('S1: no call of QEMU or qemu-img bypasses what keeps it from other files', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const files = ['src', 'bin'].flatMap((folder) =>
    readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({path: relative(root, path), text: readFileSync(path, 'utf8')})),
  );
  expect(files.flatMap(unconfined)).toEqual([]);
  expect(Object.keys(NAMED_ONLY).filter((path) => !files.some((file) => file.path === path))).toEqual([]);
  const wrapping = files.filter(({text}) => /\.wrap\(\{\s*command: ['"`]qemu-/.test(text)).map(({path}) => path);
  expect(wrapping.sort()).toEqual(['src/local/qemu/test-servers.ts', 'src/sources/convert/qemu-run.ts']);
});

test.each([
  ["exec.run('qemu-img', ['info', path]);", 1],
  ["exec.start(\n  'qemu-img',\n  ['create', path]);", 1],
  ["exec.run('setpriv', ['qemu-img', 'info', path]);", 1],
  ['exec.run(`qemu-system-${machine}`, args);', 1],
  ["confinement.wrap({command: 'qemu-img', args: ['info', path], read: [path]});", 0],
  ['confinement.wrap({\n  command: `qemu-system-${machine}`,\n  args});', 0],
  ["exec.run('qemu-img', ['--version'], {timeoutMs: 1});", 0],
  ["exec.run('qemu-img', ['--version', path]);", 1],
  ["exec.run(`qemu-system-${machine}`, ['--version']);", 0],
  ["const hint = 'qemu-img convert -O qcow2 IN OUT';", 0],
  ["// exec.run('qemu-img', ['info', path]);", 0],
])('S1: that rule judges %s', (text, found) => {
  expect(unconfined({path: 'src/build/x.ts', text})).toHaveLength(found);
});
