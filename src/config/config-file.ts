import {formatPosition, ImgmgrError} from '../errors.ts';
import type {FilePosition, Problem} from '../errors.ts';
import type {YamlNode} from '../core/definition/yaml-node.ts';
import {configValue, configValueOfJson, isConfigMap, pythonFloat} from './config-value.ts';
import type {ConfigMap, ConfigValue} from './config-value.ts';
import {parseYaml} from './yaml.ts';

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string;
  /** Empty for an empty file. */
  readonly content: ConfigMap;
  /** `file:line:column` of what these keys lead to, dashes and underscores being the same; undefined when there is nothing. */
  placeOf(keys: readonly string[]): string | undefined;
}

/**
 * Reads YAML as PyYAML does, or JSON when the name ends in `json`, as the SDK decides it. Throws CONFIG with the place of
 * every problem; the messages quote nothing of the file, which may hold passwords.
 */
export function readConfigFile(text: string, path: string): ConfigFile {
  return path.endsWith('json') ? readJson(text, path) : readYaml(text, path);
}

function readYaml(text: string, path: string): ConfigFile {
  const {root, problems} = parseYaml(text, path);
  if (problems.length > 0) throw broken(problems.map(withoutSecrets));
  if (root === undefined) return {path, content: {}, placeOf: () => undefined};
  const placeOf = (keys: readonly string[]): string | undefined => {
    const node = follow(root, keys);
    return node && formatPosition(node.place);
  };
  return {path, content: requireMap(configValue(root), root.place), placeOf};
}

function readJson(text: string, path: string): ConfigFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, numberAsText);
  } catch (error) {
    const place = placeOfJsonError(error, text, path);
    throw new ImgmgrError('CONFIG', 'not valid JSON', {place, hint: 'correct the line, or write YAML'});
  }
  const content = requireMap(configValueOfJson(parsed), {file: path, line: 1, column: 1});
  return {path, content, placeOf: (keys) => (hasKeys(content, keys) ? path : undefined)};
}

function requireMap(value: ConfigValue, place: FilePosition): ConfigMap {
  if (isConfigMap(value)) return value;
  if (value === null) return {};
  throw broken([{message: 'the file holds no mapping', place, hint: 'it begins with "clouds:"'}]);
}

/** Only words of our own and of the parser's grammar pass; whatever may quote the file does not. */
function withoutSecrets(problem: Problem): Problem {
  if (HARMLESS.some((pattern) => pattern.test(problem.message))) return problem;
  const hint = 'put values with special characters into quotes';
  return {message: 'not valid YAML: a value cannot be read', place: problem.place, hint};
}

const HARMLESS: readonly RegExp[] = [
  /^not valid YAML: [a-z0-9 ,;()-]+$/i,
  /^key [\w-]+ is given twice, first at /,
  /^(?:tab character|the file holds more than one|a key must be|the merge key|aliases and merge keys|unusual line break|the file has more than)/,
];

function broken(problems: readonly Problem[]): ImgmgrError {
  const [first, ...others] = problems;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return new ImgmgrError('CONFIG', `${first?.message ?? 'not readable'}${more}`, {
    problems,
    ...(first && {place: formatPosition(first.place)}),
    ...(first?.hint !== undefined && {hint: first.hint}),
  });
}

function follow(root: YamlNode, keys: readonly string[]): YamlNode | undefined {
  let node: YamlNode | undefined = root;
  for (const key of keys) {
    if (node?.kind !== 'map') return undefined;
    node = node.entries.findLast((entry) => sameKey(entry.key.source, key))?.value;
  }
  return node;
}

function hasKeys(content: ConfigMap, keys: readonly string[]): boolean {
  let value: ConfigValue | undefined = content;
  for (const key of keys) {
    if (!isConfigMap(value)) return false;
    value = Object.entries(value).findLast(([name]) => sameKey(name, key))?.[1];
  }
  return value !== undefined;
}

function sameKey(a: string, b: string): boolean {
  return a.replaceAll('-', '_') === b.replaceAll('-', '_');
}

/** Numbers as Python would print them: integers with all their digits, floats in Python's form. */
function numberAsText(_key: string, value: unknown, context?: {readonly source?: string}): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source ?? String(value);
  return /^-?\d+$/.test(source) ? source : pythonFloat(value);
}

// The engine's own message quotes the text around the mistake; only its position is used, where it has one.
function placeOfJsonError(error: unknown, text: string, file: string): string {
  const found = error instanceof Error ? /at position (\d+)/.exec(error.message) : null;
  if (!found) return file;
  const before = text.slice(0, Number(found[1]));
  return formatPosition({file, line: before.split('\n').length, column: before.length - before.lastIndexOf('\n')});
}
