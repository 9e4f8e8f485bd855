import {isUtf8} from 'node:buffer';
import {createHash} from 'node:crypto';
import {createReadStream, type Dirent} from 'node:fs';
import {lstat, readdir, readFile, readlink, realpath, stat} from 'node:fs/promises';
import {basename, join, relative, sep} from 'node:path';
import {pipeline} from 'node:stream/promises';
import type {ElementFile, ElementTree} from '../core/build/element-tree.ts';
import {didYouMean} from '../core/nearest.ts';
import {ImgmgrError} from '../errors.ts';
import {hasCode} from '../host/fs-error.ts';
import {IrregularFileError, readRegularFile} from '../host/regular-file.ts';

/** What is selected, and where elements lie. */
export interface ElementSelection {
  /** Elements as diskimage-builder is given them: with `base` and a `block-device-…` where it would add them. */
  readonly names: readonly string[];
  /** Folders of elements, the preferred first, diskimage-builder's own last. */
  readonly paths: readonly string[];
}

/**
 * The elements that a build is made of, sorted by name: the named ones and what their `element-deps` ask for, without what an
 * `element-provides` stands for. Reads only. DEFINITION: an element or a folder does not exist, nothing provides
 * `operating-system`, or two elements provide the same; the rules are those of
 * https://opendev.org/openstack/diskimage-builder/src/branch/master/diskimage_builder/element_dependencies.py
 */
export async function readElements({names, paths}: ElementSelection): Promise<readonly ElementTree[]> {
  const places = await findElements(paths);
  const selected = await select(names, {places, paths});
  const trees = await Promise.all(selected.map(readTree));
  return trees.sort((a, b) => order(a.name, b.name));
}

interface ElementFolder {
  readonly name: string;
  readonly folder: string;
  readonly own: boolean;
}

interface Shelf {
  readonly places: ReadonlyMap<string, ElementFolder>;
  readonly paths: readonly string[];
}

async function findElements(paths: readonly string[]): Promise<ReadonlyMap<string, ElementFolder>> {
  const found = await Promise.all(paths.map((path, at) => elementsIn(path, at < paths.length - 1)));
  return new Map(found.reverse().flatMap((places) => places.map((place) => [place.name, place] as const)));
}

async function elementsIn(path: string, own: boolean): Promise<ElementFolder[]> {
  const entries = await readdir(path, {withFileTypes: true}).catch((cause: unknown) => {
    throw new ImgmgrError('DEFINITION', `the folder of elements ${path} cannot be read`, {
      cause,
      hint: 'name a folder whose folders are elements',
    });
  });
  const places = await Promise.all(entries.map((entry) => placeOf(entry, own)));
  return places.filter((place) => place !== undefined);
}

/** A folder, or a link to one: that one bears the name of its target. */
async function placeOf(entry: Dirent, own: boolean): Promise<ElementFolder | undefined> {
  const folder = join(entry.parentPath, entry.name);
  if (entry.isDirectory()) return {name: entry.name, folder, own};
  if (!entry.isSymbolicLink()) return undefined;
  const target = await realpath(folder).catch(() => undefined);
  if (target === undefined || !(await stat(target)).isDirectory()) return undefined;
  return {name: basename(target), folder: target, own};
}

async function select(names: readonly string[], shelf: Shelf): Promise<readonly ElementFolder[]> {
  const wantedBy = new Map<string, string | undefined>(names.map((name) => [name, undefined]));
  const providers = new Map<string, string>();
  for (const [name, asker] of wantedBy) {
    if (providers.has(name)) continue;
    const place = shelf.places.get(name) ?? (await refuseUnknown({name, asker, names, shelf}));
    for (const provided of await readList(place, 'element-provides')) {
      const other = providers.get(provided);
      if (other !== undefined) throw providedTwice(provided, [other, name]);
      providers.set(provided, name);
    }
    for (const needed of await readList(place, 'element-deps')) if (!wantedBy.has(needed)) wantedBy.set(needed, name);
  }
  const needless = names.find((name) => providers.has(name));
  if (needless !== undefined) throw providedTwice(needless, [providers.get(needless) ?? '', needless]);
  if (!providers.has('operating-system')) throw noSystem(names);
  return [...wantedBy.keys()].filter((name) => !providers.has(name)).flatMap((name) => shelf.places.get(name) ?? []);
}

async function readList({folder}: ElementFolder, file: string): Promise<string[]> {
  const text = await readRegularFile(join(folder, file), {maxBytes: MAX_TEXT})
    .then(String)
    .catch(refuseIrregular(join(folder, file)));
  return [...new Set(text?.split('\n').map((line) => line.trim()))].filter((line) => line !== '');
}

interface Unknown {
  readonly name: string;
  readonly asker: string | undefined;
  readonly names: readonly string[];
  readonly shelf: Shelf;
}

/** A name may be missing because it only stands for others: those are the hint then. */
async function refuseUnknown({name, asker, names, shelf}: Unknown): Promise<never> {
  const places = [...shelf.places.values()];
  const lists = await Promise.all(places.map((place) => readList(place, 'element-provides')));
  const providers = places.filter((_, at) => lists[at]?.includes(name) === true).map((place) => place.name);
  throw new ImgmgrError('DEFINITION', `element "${name}" is in none of: ${shelf.paths.join(', ')}`, {
    place: asker === undefined ? `elements: ${names.join(' ')}` : `element-deps of ${asker}`,
    hint:
      providers.length > 0
        ? `select one of those that provide it: ${providers.sort(order).join(', ')}`
        : (didYouMean(name, shelf.places.keys()) ?? 'add the folder that holds it to elements_path'),
  });
}

function providedTwice(provided: string, [one, other]: readonly [string, string]): ImgmgrError {
  return new ImgmgrError('DEFINITION', `"${provided}" comes from element "${one}" and from element "${other}"`, {
    hint: 'select only one of them',
  });
}

function noSystem(names: readonly string[]): ImgmgrError {
  return new ImgmgrError('DEFINITION', `no element provides an operating system: ${names.join(' ')}`, {
    hint: 'add the element of a distribution, such as debian-minimal',
  });
}

async function readTree({name, folder, own}: ElementFolder): Promise<ElementTree> {
  const entries = await readdir(folder, {recursive: true, withFileTypes: true});
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !isUnused(relative(folder, path)));
  const files = await Promise.all(paths.map((path) => readElementFile(path, {folder, own})));
  files.sort((a, b) => order(a.path, b.path));
  const hash = createHash('sha256');
  for (const {path, mode, kind, sha256} of files) hash.update(`${JSON.stringify([path, mode, kind, sha256])}\n`);
  return {name, folder, own, files, hash: hash.digest('hex')};
}

/** What diskimage-builder does not take along, what Python leaves, and what editors leave. */
function isUnused(path: string): boolean {
  const names = path.split(sep);
  return names[0] === 'tests' || names.includes('__pycache__') || /(?:\.pyc|~)$/.test(path);
}

const MAX_TEXT = 1024 * 1024;

async function readElementFile(path: string, {folder, own}: {folder: string; own: boolean}): Promise<ElementFile> {
  const stats = await lstat(path);
  const common = {path: relative(folder, path).split(sep).join('/'), mode: stats.mode & 0o7777};
  if (stats.isSymbolicLink()) return {...common, kind: 'link', sha256: sha256(await readlink(path))};
  if (stats.size >= MAX_TEXT) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return {...common, kind: 'file', sha256: hash.digest('hex')};
  }
  const bytes = await readFile(path);
  const text = own && isUtf8(bytes) ? {text: bytes.toString('utf8')} : {};
  return {...common, kind: 'file', ...text, sha256: sha256(bytes)};
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function refuseIrregular(path: string): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof IrregularFileError)) {
      ignoreMissing(error);
      return undefined;
    }
    throw new ImgmgrError('DEFINITION', `${path} ${error.message}`, {
      cause: error,
      hint: 'put a regular file in its place',
    });
  };
}

function ignoreMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT')) return undefined;
  throw error;
}
