import {resolve} from 'node:path';
import {withoutSlashes} from '../core/without-slashes.ts';
import {codeOf} from '../host/fs-error.ts';
import {IrregularFileError} from '../host/regular-file.ts';
import type {WrittenDefinition} from '../core/definition/read.ts';
import {readDefinitions} from '../core/definition/read.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {YamlNode} from '../core/definition/yaml-node.ts';
import type {Problem} from '../errors.ts';
import {formatPosition, ImgmgrError} from '../errors.ts';
import {parseYaml} from './yaml.ts';

/** The file system as far as definitions need it; `node:fs/promises` fits. */
export interface DefinitionFiles {
  readFile(path: string): Promise<Uint8Array>;
  /** Names in a directory, in any order. */
  readdir(path: string): Promise<string[]>;
  stat(path: string): Promise<{isDirectory(): boolean}>;
}

/** What was found under a path. */
export interface LoadedDefinitions {
  /** The definitions without a problem, in the order of the files. */
  readonly definitions: readonly Definition[];
  /** The same, each with the mapping that it was read from. */
  readonly written: readonly WrittenDefinition[];
  readonly problems: readonly Problem[];
  /** The files that were read, sorted. */
  readonly files: readonly string[];
}

/** Reads the definitions under the paths as {@link loadDefinitions} does; any problem throws one DEFINITION error with all of them. */
export async function requireDefinitions(
  paths: string | readonly string[],
  io: DefinitionFiles,
): Promise<LoadedDefinitions> {
  const loaded = await loadDefinitions(paths, io);
  const [first, ...others] = loaded.problems;
  if (!first) return loaded;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new ImgmgrError('DEFINITION', `${first.message}${more}`, {
    place: formatPosition(first.place),
    problems: loaded.problems,
    ...(first.hint !== undefined && {hint: first.hint}),
  });
}

/**
 * Reads one file, or all `*.yml` and `*.yaml` of a directory (not of those below it), sorted by name; of several paths the files of
 * each, and a file that two of them lead to once. What is wrong inside the files stands in `problems`. Throws DEFINITION when a
 * path cannot be read or leads to no file.
 */
export async function loadDefinitions(
  paths: string | readonly string[],
  io: DefinitionFiles,
): Promise<LoadedDefinitions> {
  const under = await Promise.all([paths].flat().map((path) => filesUnder(path, io)));
  const files = [...new Map(under.flat().map((file) => [resolve(file), file])).values()];
  const read = await Promise.all(files.map((file) => readOne(file, io)));
  const {definitions, written, problems} = readDefinitions(read.flatMap(({root}) => (root ? [root] : [])));
  return {
    definitions,
    written,
    problems: [...read.flatMap((file) => file.problems), ...problems].sort(byPosition(files)),
    files,
  };
}

async function filesUnder(path: string, io: DefinitionFiles): Promise<string[]> {
  try {
    if (!(await io.stat(path)).isDirectory()) return [path];
    const names = (await io.readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
    if (names.length > 0) return names.map((name) => `${withoutSlashes(path)}/${name}`);
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new ImgmgrError('DEFINITION', `no image definitions (*.yml, *.yaml) in the directory ${path}`, {
    hint: PATH_HINT,
  });
}

async function readOne(file: string, io: DefinitionFiles): Promise<{root?: YamlNode; problems: readonly Problem[]}> {
  const bytes = await io.readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const text = decode(bytes);
  if (text === undefined) {
    const place = {file, line: 1, column: 1};
    return {problems: [{message: `${file} is not encoded in UTF-8`, place, hint: 'save it as UTF-8'}]};
  }
  const {root, problems} = parseYaml(text, file);
  if (root) return {root, problems};
  const place = {file, line: 1, column: 1};
  const empty = {message: `${file} is empty`, place, hint: 'add "images:" with at least one image, or remove the file'};
  return {problems: problems.length > 0 ? problems : [empty]};
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    return undefined;
  }
}

function unreadable(path: string, error: unknown): ImgmgrError {
  const irregular = error instanceof IrregularFileError ? `it ${error.message}` : undefined;
  const reason = irregular ?? REASONS[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
  return new ImgmgrError('DEFINITION', `cannot read image definitions from ${path}: ${reason}`, {
    hint: PATH_HINT,
    cause: error,
  });
}

const PATH_HINT = 'name a directory with *.yml files, or one file';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** In the order of the files, then of the lines. */
function byPosition(files: readonly string[]): (a: Problem, b: Problem) => number {
  return ({place: a}, {place: b}) =>
    files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column;
}
