import {didYouMean} from '../nearest.ts';
import type {ElementFile, ElementTree} from './element-tree.ts';
import {PHASES, TOP_LEVEL_NAMES, isTopLevelName} from './element-layout.ts';
import {lintEnvironment, lintHook, lintSecrets} from './lint-element-files.ts';

/** Something in an element that diskimage-builder would skip without a word, or that has no place in a public image. */
export interface ElementFinding {
  readonly element: string;
  /** Relative to the element; `.` is the element itself. */
  readonly path: string;
  /** Counts from 1. */
  readonly line?: number;
  readonly message: string;
  readonly hint: string;
  /** The build is what its author meant, today: it is reported, and refuses nothing. */
  readonly advice?: true;
}

/**
 * What is wrong with the own elements of a selection, by element, path and line. Give it all that are selected: some rules look
 * at what an element stands beside.
 */
export function lintElements(trees: readonly ElementTree[]): readonly ElementFinding[] {
  const findings = trees
    .filter(({own}) => own)
    .flatMap((tree) => {
      const files = tree.files.flatMap((file) => lintFile(file, tree));
      const whole = [...missingReadme(tree), ...unknownNames(tree), ...asksForItself(tree)];
      const beside = [...duplicateHooks(tree, trees), ...unreadFiles(tree, trees), ...growsTwice(tree, trees)];
      return [...files, ...whole, ...beside].map((finding) => ({element: tree.name, ...finding}));
    });
  return findings.sort((a, b) => order(a.element, b.element) || order(a.path, b.path) || (a.line ?? 0) - (b.line ?? 0));
}

/** A finding of a known element. */
type Finding = Omit<ElementFinding, 'element'>;

function lintFile(file: ElementFile, tree: ElementTree): readonly Finding[] {
  const [folder = '', name, ...deeper] = file.path.split('/');
  const isDirect = name !== undefined && deeper.length === 0;
  const found =
    isDirect && PHASES.has(folder)
      ? lintHook(name, file)
      : isDirect && folder === 'environment.d'
        ? lintEnvironment(name, file, {isDistribution: providesSystem(tree)})
        : [];
  return [...found, ...lintSecrets(file)].map((finding) => ({path: file.path, ...finding}));
}

/** What a distribution's element says about itself is a fact, not a default. */
function providesSystem(tree: ElementTree): boolean {
  return linesOf(tree, 'element-provides').includes('operating-system');
}

function missingReadme({files}: ElementTree): readonly Finding[] {
  if (files.some(({path}) => path === 'README.rst')) return [];
  return [
    {
      path: '.',
      message: 'there is no README.rst',
      hint: 'say in it what the element does and which variables it reads',
      advice: true,
    },
  ];
}

/** Unknown names that are looked for in all files of an element. */
const MOST_NAMES = 100;

/** A name that a file of the element speaks of is one that it reads itself. */
function unknownNames({files}: ElementTree): readonly Finding[] {
  const names = new Set(files.map(({path}) => path.split('/')[0] ?? path));
  return [...names]
    .filter((name) => !isTopLevelName(name))
    .slice(0, MOST_NAMES)
    .filter((name) => !files.some((file) => speaksOf(file, name)))
    .map((name) => ({
      path: name,
      message: `diskimage-builder knows no "${name}" in an element and passes over it`,
      hint: didYouMean(name, TOP_LEVEL_NAMES) ?? 'remove it, or read it in a hook',
    }));
}

function speaksOf({path, text}: ElementFile, name: string): boolean {
  return path.includes('/') && !path.startsWith(`${name}/`) && text?.includes(name) === true;
}

function asksForItself(tree: ElementTree): readonly Finding[] {
  const line = linesOf(tree, 'element-deps').indexOf(tree.name);
  if (line === -1) return [];
  return [{path: 'element-deps', line: line + 1, message: `"${tree.name}" asks for itself`, hint: 'remove the line'}];
}

/** https://opendev.org/openstack/diskimage-builder/src/branch/master/diskimage_builder/lib/common-functions, copy_hooks_not_overwrite */
function duplicateHooks({name, files}: ElementTree, trees: readonly ElementTree[]): readonly Finding[] {
  const others = trees
    .filter((tree) => tree.name !== name)
    .map((tree) => ({name: tree.name, paths: new Set(tree.files.map((file) => file.path))}));
  return files.flatMap(({path}) => {
    if (!/^[^/]+\/[^/]+$/.test(path) || path.startsWith('tests/')) return [];
    const same = others.filter(({paths}) => paths.has(path)).map((tree) => tree.name);
    if (same.length === 0) return [];
    return [
      {
        path,
        message: `${same.join(', ')} ${same.length === 1 ? 'has' : 'have'} a file of the same name, which ends the build`,
        hint: 'name it after the element, such as 50-' + name,
      },
    ];
  });
}

/** What an element of its own carries out, by the element that does so. */
const READERS: Readonly<Record<string, string>> = {
  static: 'install-static',
  'init-scripts': 'dib-init-system',
  'package-installs.yaml': 'package-installs',
  'package-installs.json': 'package-installs',
  'svc-map': 'svc-map',
};

function unreadFiles({files}: ElementTree, trees: readonly ElementTree[]): readonly Finding[] {
  const names = new Set(files.map(({path}) => path.split('/')[0] ?? path));
  const selected = new Set(trees.map(({name}) => name));
  return [...names].flatMap((name) => {
    const reader = READERS[name];
    if (reader === undefined || selected.has(reader)) return [];
    return [{path: name, message: `nothing reads ${name}`, hint: `add ${reader} to element-deps`}];
  });
}

const GROWING = ['cloud-init-custom', 'cloud-init-growpart'];

function growsTwice({name}: ElementTree, trees: readonly ElementTree[]): readonly Finding[] {
  const both = GROWING.includes(name) && trees.some((tree) => tree.name === 'growroot');
  if (!both) return [];
  const message = 'growroot and the growpart of cloud-init both grow the root partition';
  return [{path: '.', message, hint: 'leave growroot out; it is for images without cloud-init'}];
}

function linesOf({files}: ElementTree, path: string): readonly string[] {
  const text = files.find((file) => file.path === path)?.text ?? '';
  return text.split('\n').map((line) => line.trim());
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
