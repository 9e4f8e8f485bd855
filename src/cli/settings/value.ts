import type {Option} from 'commander';
import type {YamlNode, YamlScalar} from '../../core/definition/yaml-node.ts';
import {holdsPassword} from '../../core/public-url.ts';
import type {Problem} from '../../errors.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Setting} from './table.ts';

/** What a value is read with. */
export interface ValueParts {
  readonly key: string;
  readonly setting: Setting;
  /** The flag whose parser reads it. */
  readonly option: Option | undefined;
  /** The absolute path of a path in the settings file. */
  readonly resolve: (path: string) => string;
}

/** A value, and how it may be shown. */
export interface SettingValue {
  readonly value: unknown;
  readonly text: string;
}

/** Reads a value as the command line would read it. Throws {@link WrongValue}. */
export function readValue(node: YamlNode, parts: ValueParts): SettingValue {
  const {key, setting, option, resolve} = parts;
  if (option && !option.required) return readTruth(node, key);
  const nodes = node.kind === 'list' && setting.many === true ? node.items : [node];
  if (nodes.length === 0) throw new WrongValue(`"${key}" is an empty list`, node, 'add an entry, or leave the key out');
  const {path} = setting;
  const texts = nodes
    .map((each) => textOf(each, key))
    .map((text) => (path && text !== '' && !path.unless.includes(text) ? resolve(text) : text));
  const parse = option?.parseArg ?? setting.parse?.(key);
  try {
    const value = texts.reduce<unknown>((before, text) => (parse ? parse(text, before) : text), undefined);
    return {value, text: texts.join(', ')};
  } catch (error) {
    if (!(error instanceof ImgmgrError)) throw error;
    // The parser names the flag.
    const message = setting.flag === undefined ? error.message : error.message.replace(setting.flag, `"${key}"`);
    throw new WrongValue(message, node, error.hint ?? `write it as for ${setting.flag ?? key}`);
  }
}

/** A value that is none for its key. */
export class WrongValue extends Error {
  readonly problem: Problem;

  constructor(message: string, {place}: YamlNode, hint: string) {
    super(message);
    this.problem = {message, place, hint};
  }
}

/** What stands there, for a message; nothing of an address with a password. */
export function shownNode(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind === 'list' ? 'list' : 'mapping'}`;
  if (node.type === 'null') return 'nothing';
  return holdsPassword(node.source) ? 'an address with a password' : `"${node.source.slice(0, 200)}"`;
}

function readTruth(node: YamlNode, key: string): SettingValue {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return {value: node.value, text: String(node.value)};
  throw new WrongValue(`"${key}" is ${shownNode(node)}, not true or false`, node, 'write true or false without quotes');
}

function textOf(node: YamlNode, key: string): string {
  if (node.kind !== 'scalar')
    throw new WrongValue(`"${key}" is ${shownNode(node)}, not one value`, node, 'write one value behind the colon');
  if (holdsPassword(node.source)) throw new WrongValue(`"${key}" holds a password`, node, PASSWORD_HINT);
  return plainText(node, key);
}

const PASSWORD_HINT =
  'no secret stands in a settings file: leave it out, or name a file that holds it, where there is such a key';

function plainText(node: YamlScalar, key: string): string {
  if (node.type === 'null') throw new WrongValue(`"${key}" has no value`, node, 'write one, or leave the key out');
  if (node.type === 'boolean')
    throw new WrongValue(
      `"${key}" is ${shownNode(node)}, which YAML reads as a truth value`,
      node,
      `quote it: '${node.source}'`,
    );
  return node.source;
}
