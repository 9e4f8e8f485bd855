import type {YamlNode} from '../core/definition/yaml-node.ts';
import {didYouMean} from '../core/nearest.ts';
import type {Problem} from '../errors.ts';
import {formatPosition, ImgmgrError} from '../errors.ts';
import {readRegularFileSync, unreadable} from '../host/regular-file.ts';
import {parseYaml} from './yaml.ts';

/** Whom a proxy may name to the server, by their names there. */
export interface Operators {
  readonly operators: ReadonlySet<string>;
  /** Absent: everybody else whom the proxy names. */
  readonly viewers?: ReadonlySet<string>;
}

const LARGEST_FILE = 1024 ** 2;
const KEYS = ['operators', 'viewers'] as const;
const FORM = 'write operators and, where not everybody else may look, viewers, each with a list of names';

/** Reads the file of `--operators`: `operators: [ann]`, `viewers: [bob]`. CONFIG with all problems at once, each with its place. */
export function readOperators(path: string): Operators {
  let text: string;
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(readRegularFileSync(path, {maxBytes: LARGEST_FILE}));
  } catch (cause) {
    const reason = cause instanceof TypeError ? 'is not encoded in UTF-8' : unreadable(cause);
    throw new ImgmgrError('CONFIG', `the file of operators ${path} ${reason}`, {cause, hint: FORM});
  }
  const {root, problems: syntax} = parseYaml(text, path);
  const problems: Problem[] = [...syntax];
  const lists = root && syntax.length === 0 ? readLists(root, problems) : {};
  const [first] = problems;
  if (first)
    throw new ImgmgrError('CONFIG', first.message, {
      problems,
      place: formatPosition(first.place),
      hint: first.hint ?? FORM,
    });
  const {operators = [], viewers} = lists;
  return {operators: new Set(operators), ...(viewers && {viewers: new Set(viewers)})};
}

function readLists(root: YamlNode, problems: Problem[]): Partial<Record<(typeof KEYS)[number], readonly string[]>> {
  if (root.kind !== 'map') {
    problems.push({message: 'the file of operators is no mapping', place: root.place, hint: FORM});
    return {};
  }
  const lists: Partial<Record<(typeof KEYS)[number], readonly string[]>> = {};
  for (const {key, value} of root.entries) {
    const name = KEYS.find((each) => each === key.source);
    if (name === undefined)
      problems.push({
        message: `the file of operators has no key "${key.source}"`,
        place: key.place,
        hint: didYouMean(key.source, KEYS) ?? `keys: ${KEYS.join(', ')}`,
      });
    else lists[name] = readNames(value, {key: name, problems});
  }
  return lists;
}

function readNames(
  value: YamlNode,
  {key, problems}: {readonly key: string; readonly problems: Problem[]},
): readonly string[] {
  if (value.kind !== 'list') {
    problems.push({message: `${key} is no list`, place: value.place, hint: FORM});
    return [];
  }
  return value.items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '') return [item.value];
    problems.push({message: `${key} holds something that is no name`, place: item.place, hint: 'put it in quotes'});
    return [];
  });
}
