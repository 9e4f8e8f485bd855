import type {z} from 'zod';
import type {FilePosition, Problem} from '../../errors.ts';
import {subjectOf} from './subject.ts';
import {didYouMean} from '../nearest.ts';
import type {YamlNode, YamlPath, YamlScalar} from './yaml-node.ts';
import {entryOf, nodeAt} from './yaml-node.ts';

type Issue = z.core.$ZodIssue;

/** Where the checked value stands in its file. */
export interface Checked {
  readonly root: YamlNode;
  /** From the root to the value that was checked. */
  readonly base: YamlPath;
  /** The keys that the schema knows at a path inside the value. */
  readonly knownKeys: (path: YamlPath) => readonly string[];
}

/** What zod found, in the words of the file: one problem per value, with its place and the next step. */
export function problemsOf(issues: readonly Issue[], checked: Checked): Problem[] {
  const seen = new Set<string>();
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key, checked));
    const identity = JSON.stringify(issue.path);
    if (seen.has(identity)) return [];
    seen.add(identity);
    return [wrongValue(issue, checked)];
  });
}

function unknownKey(path: YamlPath, key: string, {root, base, knownKeys}: Checked): Problem {
  const whole = [...base, ...path];
  const entry = entryOf(nodeAt(root, whole), key);
  const known = knownKeys(path);
  return {
    message: `unknown key "${key}" in ${subjectOf(root, whole)}`,
    place: entry?.key.place ?? placeAt(root, whole),
    hint: didYouMean(key, known) ?? `known keys: ${known.join(', ')}`,
  };
}

function wrongValue(issue: Issue, {root, base}: Pick<Checked, 'root' | 'base'>): Problem {
  const path = [...base, ...issue.path];
  const inner = issue.code === 'invalid_union' ? issue.errors.flat().find((one) => one.path.length > 0) : undefined;
  if (inner) return wrongValue(inner, {root, base: path});
  const node = nodeAt(root, path);
  const place = placeAt(root, path);
  const what = whatAt(root, path);
  const key = String(path.at(-1));
  if (node === undefined)
    return {message: `${subjectOf(root, path.slice(0, -1))} has no key "${key}"`, place, hint: `add ${key}`};
  if (isNull(node))
    return {message: `${what} is empty`, place, hint: `give ${key} a value, or remove the line if it is not required`};
  if (node.kind === 'scalar' && isMisreadText(issue, node))
    return {...misreadText(what, key, node), ...(isOwnText(issue) && {hint: issue.message})};
  return {...explain(issue, what, node), place};
}

function explain(issue: Issue, what: string, node: YamlNode): {message: string; hint: string} {
  if (issue.code === 'invalid_type')
    return {
      message: `${what} must be ${wordFor(issue.expected)}, not ${shown(node)}`,
      hint: `write ${exampleOf(issue.expected)}`,
    };
  if (issue.code === 'invalid_value')
    return {message: `${what} cannot be ${shown(node)}`, hint: oneOf(node, issue.values.map(String))};
  if (issue.code === 'invalid_union')
    return {message: `${what} must be ${issue.message}, not ${shown(node)}`, hint: `write ${issue.message}`};
  if (issue.code === 'too_small' && issue.origin === 'array')
    return {message: `${what} is an empty list`, hint: 'add an entry'};
  if (issue.code === 'too_small')
    return {message: `${what} is ${shown(node)}, less than ${issue.minimum}`, hint: `use ${issue.minimum} or more`};
  if (issue.code === 'too_big' && issue.origin === 'string')
    return {message: `${what} is longer than ${issue.maximum} characters`, hint: 'shorten it'};
  if (issue.code === 'too_big')
    return {message: `${what} is ${shown(node)}, more than ${issue.maximum}`, hint: `use ${issue.maximum} or less`};
  const [message = '', hint = 'correct the value'] = issue.message.split('; ');
  return {message: `${what} ${message}: ${shown(node)}`, hint};
}

/** Longer lists of values stand in a page of their own; only rules have so many. */
const MOST_LISTED = 32;

function oneOf(node: YamlNode, values: readonly string[]): string {
  const nearest = node.kind === 'scalar' ? didYouMean(node.source, values) : undefined;
  if (nearest !== undefined) return nearest;
  if (values.length > MOST_LISTED) return 'docs/audit.md and imgmgr help rules list what there is';
  return values.length === 1 ? `write ${values.join('')}, or leave the key out` : `use one of ${values.join(', ')}`;
}

/** `"min_disk" of image "X"`; entries of a list are counted from 1. */
function whatAt(root: YamlNode, path: YamlPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last !== 'number') return `"${String(last)}" of ${subjectOf(root, path.slice(0, -1))}`;
  return `entry ${last + 1} of "${String(path.at(-2))}" of ${subjectOf(root, path.slice(0, -2))}`;
}

/** The place of the value, or of the nearest thing around it that is there. */
function placeAt(root: YamlNode, path: YamlPath): FilePosition {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node) return node.place;
  }
  return root.place;
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.type === 'null';
}

/** Text was meant, and YAML made something else of it. */
function isMisreadText(issue: Issue, node: YamlScalar): boolean {
  if (typeof node.value === 'string') return false;
  if (issue.code === 'invalid_union') return issue.message === 'text';
  return issue.code === 'invalid_type' && issue.expected === 'string';
}

/** True when the schema says more about a wrong type than that it is wrong: zod's own text begins so, and nothing else of an issue says whose it is. */
function isOwnText(issue: Issue): boolean {
  return issue.code === 'invalid_type' && !issue.message.startsWith('Invalid input');
}

/** The problem of a number or truth value that stands where text is meant. */
export function misreadText(what: string, key: string, node: YamlScalar): Problem {
  return {
    message: `${what} is ${node.source} without quotes, which YAML reads as ${readAs(node)}`,
    place: node.place,
    hint: /^\d*$/.test(key) ? `quote it: '${node.source}'` : `quote it: ${key}: '${node.source}'`,
  };
}

function readAs(node: YamlScalar): string {
  if (node.type === 'null') return 'nothing';
  return `${node.type === 'boolean' ? 'the truth value' : 'the number'} ${String(node.value)}`;
}

function shown(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind === 'list' ? 'list' : 'mapping'}`;
  const source = node.source.replace(/\/\/[^/@]*@/, '//***@');
  return node.type === 'text' || node.type === 'timestamp' ? `"${source.slice(0, 200)}"` : source;
}

function wordFor(expected: string): string {
  return WORDS[expected]?.word ?? expected;
}

function exampleOf(expected: string): string {
  return WORDS[expected]?.example ?? 'another value';
}

const WORDS: Readonly<Record<string, {word: string; example: string}>> = {
  string: {word: 'text', example: 'one text'},
  int: {word: 'a whole number', example: 'digits without quotes or unit'},
  number: {word: 'a whole number', example: 'digits without quotes or unit'},
  boolean: {word: 'true or false', example: 'true or false without quotes'},
  array: {word: 'a list', example: 'a list: [] or lines that begin with a dash'},
  object: {word: 'a mapping', example: 'indented lines of "key: value"'},
  record: {word: 'a mapping', example: 'indented lines of "key: value"'},
};
