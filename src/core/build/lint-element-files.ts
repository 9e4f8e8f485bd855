import type {ElementFile} from './element-tree.ts';
import {secretIn} from './secrets.ts';

/** Something wrong in one file. */
export interface FileFinding {
  /** Counts from 1. */
  readonly line?: number;
  readonly message: string;
  readonly hint: string;
  /** It builds what its author meant, today: reported, not refused. */
  readonly advice?: true;
}

/** What dib-run-parts takes: https://opendev.org/openstack/dib-utils/src/branch/master/bin/dib-run-parts */
const HOOK_NAME = /^[0-9A-Za-z_-]+$/;
const ENVIRONMENT_NAME = /^[0-9A-Za-z_.-]+$/;

/** What is wrong with a file of a phase: whether it would run, in its turn, and stop at the first error. */
export function lintHook(name: string, file: ElementFile): readonly FileFinding[] {
  // A list of packages in the older form, which package-installs reads.
  if (name.startsWith('package-installs-')) return [];
  const found: FileFinding[] = [];
  if (!HOOK_NAME.test(name))
    found.push({
      message: 'diskimage-builder skips a hook whose name has other characters than letters, digits, _ and -',
      hint: `rename it, to ${name.replace(/\.[^.]*$/, '').replace(/[^0-9A-Za-z_-]/g, '-')} for example`,
    });
  if ((file.mode & 0o111) === 0)
    found.push({message: 'diskimage-builder skips a hook that is not executable', hint: 'chmod +x'});
  found.push(...lintNumber(name));
  if (file.text !== undefined) found.push(...lintScript(file.text));
  return found;
}

function lintNumber(name: string): readonly FileFinding[] {
  if (/^\d\d/.test(name)) return [];
  const message = 'its name has no number, which sets its order';
  return [{message, hint: `begin it with two digits: 50-${name}`, advice: true}];
}

function lintScript(text: string): readonly FileFinding[] {
  const [first = ''] = text.split('\n', 1);
  if (!first.startsWith('#!'))
    return [{line: 1, message: 'the first line names no interpreter', hint: 'begin with #!/bin/bash'}];
  const shell = /(?:^|[/\s])(bash|dash|sh)(?:\s|$)/.exec(first)?.[1];
  if (shell === undefined) return [];
  const options = shellOptions(text);
  const wanted = ['errexit', 'nounset', ...(shell === 'bash' ? ['pipefail'] : [])];
  const missing = wanted.filter((option) => !options.has(option));
  if (missing.length === 0) return [];
  const message = `it goes on after an error: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set`;
  const hint = shell === 'bash' ? 'add the line: set -euo pipefail' : 'add the line: set -eu';
  return [{line: 1, message, hint, ...(!missing.includes('errexit') && {advice: true})}];
}

const LETTERS: Readonly<Record<string, string>> = {e: 'errexit', u: 'nounset', x: 'xtrace'};

/** The options that a script sets at the start of a line or in its first line, by their long names. */
function shellOptions(text: string): ReadonlySet<string> {
  const [first = '', ...lines] = text.split('\n');
  const calls = [first.replace(/^#!\S+/, ''), ...lines.map((line) => settings(line) ?? '')];
  return new Set(calls.flatMap(optionsOf));
}

/** The arguments of a line that is `set -…`. */
function settings(line: string): string | undefined {
  return /^\s*set\s+(-.*)$/.exec(line)?.[1];
}

function optionsOf(words: string): string[] {
  const named = [...words.matchAll(/\b(errexit|nounset|pipefail|xtrace)\b/g)].map((match) => match[1] ?? '');
  const letters = [...words.matchAll(/(?:^|\s)-([a-z]+)/g)].flatMap((match) => (match[1] ?? '').match(/./g) ?? []);
  return [...named, ...letters.flatMap((letter) => LETTERS[letter] ?? [])];
}

/** What is wrong with a file of environment.d: whether it is read, and leaves the shell and the definition's word alone. */
export function lintEnvironment(
  name: string,
  file: ElementFile,
  {isDistribution}: {readonly isDistribution: boolean},
): readonly FileFinding[] {
  const found: FileFinding[] = [];
  if (!ENVIRONMENT_NAME.test(name))
    found.push({
      message:
        'diskimage-builder skips an environment file whose name has other characters than letters, digits, _ . -',
      hint: `rename it, to ${name.replace(/[^0-9A-Za-z_.-]/g, '-')} for example`,
    });
  else if (!name.endsWith('.bash'))
    found.push({
      message: 'its name does not say that bash reads it',
      hint: `rename it to ${name}.bash`,
      advice: true,
    });
  found.push(...lintNumber(name));
  const lines = file.text?.split('\n') ?? [];
  const asked = askedIn(file.text ?? '');
  for (const [at, line] of lines.entries()) {
    const message = changesShell(line) ?? (isDistribution ? undefined : overrules(line, asked));
    if (message !== undefined) found.push({line: at + 1, ...message});
  }
  return found;
}

function changesShell(line: string): FileFinding | undefined {
  const options = optionsOf(settings(line) ?? '').filter((option) => option === 'errexit' || option === 'xtrace');
  if (options.length === 0) return undefined;
  return {
    message: `it sets ${options.join(', ')} in the shell that runs every phase`,
    hint: 'remove it; hooks set their own options',
  };
}

/** The variables of which a file asks whether they are set. */
function askedIn(text: string): ReadonlySet<string> {
  const found = text.matchAll(/\$\{([A-Za-z_]\w*):?[-=]|-v ([A-Za-z_]\w*)/g);
  return new Set(Array.from(found, ([, braced, named]) => braced ?? named ?? ''));
}

/** An export in a file that nowhere asks whether the definition has set the variable. */
function overrules(line: string, asked: ReadonlySet<string>): FileFinding | undefined {
  const match = /^\s*(?:export|declare -x)\s+(?<name>[A-Za-z_]\w*)(?:=(?<value>.*))?/.exec(line);
  if (match === null) return undefined;
  const {name = '', value} = match.groups ?? {};
  if (asked.has(name)) return undefined;
  const hint = `export ${name}=\${${name}:-${value ?? ''}}`;
  return value === undefined
    ? {message: `it exports ${name} without giving it a value`, hint, advice: true}
    : {message: `it overrules what the definition says about ${name}`, hint, advice: true};
}

/** What looks like a secret: everything in an element ends up in an image or beside it. The finding does not repeat it. */
export function lintSecrets({text}: ElementFile): readonly FileFinding[] {
  return (text?.split('\n') ?? []).flatMap((line, at) => {
    const message = secretOf(line);
    if (message === undefined) return [];
    return [{line: at + 1, message, hint: 'keep secrets out of images; user data can bring them'}];
  });
}

const ASSIGNMENT = /\b([A-Za-z_]\w{0,60})(?:=|:\s+)(?:"([^"]*)|'([^']*)|([^\s"'#]*))/g;

function secretOf(line: string): string | undefined {
  if (/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/.test(line)) return 'the line holds an access key';
  // Of a variable only its default is literal.
  const literal = line.replaceAll(/\$\{\w+:?[-=]([^}]{0,100})\}/g, '$1').replaceAll(/\$(?:\{[^}]*\}?|\w+)/g, '');
  const whole = secretIn('', literal);
  if (whole !== undefined) return `the line ${whole}`;
  for (const [, name = '', ...values] of literal.matchAll(ASSIGNMENT)) {
    // Only one of them took part.
    const value = values.join('');
    const reason = isLiteral(value) ? secretIn(name, value) : undefined;
    if (reason !== undefined) return `${name} ${reason}, and has a value`;
  }
  return undefined;
}

/** Not a placeholder, a switch or nothing. */
function isLiteral(value: string): boolean {
  return value.length >= 4 && !/^[<{[(*/`…%]|^(?:true|false|null|none)\b|^x+$/i.test(value);
}
