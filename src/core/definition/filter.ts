import {ImgmgrError} from '../../errors.ts';
import type {Definition} from './definition.ts';
import {nearest} from '../nearest.ts';

/**
 * The definitions whose name the pattern is found in, as Python's `re.search` finds it; all of them without a pattern.
 * Throws USAGE for a pattern that is no regular expression and for one that matches nothing.
 */
export function filterDefinitions(
  definitions: readonly Definition[],
  pattern?: string | readonly string[],
): readonly Definition[] {
  if (pattern === undefined) return definitions;
  // Each of several has to find something, as if it stood alone.
  if (typeof pattern !== 'string') {
    const found = new Set(pattern.flatMap((one) => filterDefinitions(definitions, one)));
    return definitions.filter((definition) => found.has(definition));
  }
  const regex = compile(pattern);
  const found = definitions.filter(({name}) => regex.test(name));
  if (found.length > 0) return found;
  const names = definitions.map(({name}) => name);
  const near = nearest(pattern.replace(/[\\^$.*+?()[\]{}|]/g, ''), names);
  const hint =
    near.length > 0 ? `nearest names: ${near.join(', ')}` : `names: ${names.slice(0, 10).join(', ') || 'none'}`;
  throw new ImgmgrError('USAGE', `--filter "${pattern}" matches no image definition`, {hint});
}

/** Python's spelling of inline flags, named groups and anchors is translated; the rest is the same in both languages. */
function compile(pattern: string): RegExp {
  const [whole = '', inline = ''] = /^\(\?([aimsux]+)\)/.exec(pattern) ?? [];
  const source = pattern.slice(whole.length).replace(/\\[AZ]|\(\?P<|\(\?P=(\w+)\)|\\[^]/g, translate);
  try {
    return new RegExp(source, inline.replace(/[^ims]/g, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    const hint = 'put a backslash before characters that are meant literally';
    throw new ImgmgrError('USAGE', `--filter "${pattern}" is no regular expression: ${reason}`, {hint, cause: error});
  }
}

function translate(part: string, group: string | undefined): string {
  if (part === '\\A') return '^';
  if (part === '\\Z') return '$';
  if (part === '(?P<') return '(?<';
  return group === undefined ? part : `\\k<${group}>`;
}
