import type {Argument, Command, Option} from 'commander';
import {PROFILE_NAMES} from '../../core/rules/rule-text.ts';
import {REPEATABLE} from '../flags.ts';
import {wordsOf} from '../parse.ts';

/**
 * What may stand in a place: one of some words (and files beside them), a file, a folder, the name of a cloud or of a definition, or what
 * nobody can list.
 */
export type Values =
  | {readonly kind: 'words'; readonly words: readonly string[]; readonly files?: true}
  | {readonly kind: 'files' | 'folders' | 'clouds' | 'definitions' | 'text'};

/** A flag, as completion knows it. */
export interface FlagTree {
  /** `--long`. */
  readonly long: string;
  /** `-s`. */
  readonly short?: string;
  readonly text: string;
  /** Absent: it takes no value. */
  readonly values?: Values;
  /** How the help calls the value. */
  readonly name: string;
  /** It takes several values, each a word of its own. */
  readonly many: boolean;
  /** It may be given several times. */
  readonly repeats: boolean;
}

/** A place behind a command. */
export interface ArgumentTree {
  readonly name: string;
  readonly values: Values;
  /** All further places are like it. */
  readonly many: boolean;
}

/** A command, as completion knows it. */
export interface VerbTree {
  readonly name: string;
  readonly text: string;
  readonly flags: readonly FlagTree[];
  readonly args: readonly ArgumentTree[];
}

/** Everything that completion knows. */
export interface CompletionTree {
  /** Flags that stand before a command or behind it. */
  readonly flags: readonly FlagTree[];
  readonly verbs: readonly VerbTree[];
}

/** The tree of commands; hidden flags are left out. `topics`: what `help` takes besides commands. */
export function completionTree(program: Command, topics: readonly string[]): CompletionTree {
  const visible = program.commands.filter((command) => command.name() !== 'completion');
  const words = {kind: 'words', words: [...visible.map((command) => command.name()), ...topics]} as const;
  return {
    flags: [...flagsOf(program), HELP],
    verbs: visible.map((command) => ({
      name: command.name(),
      text: command.description(),
      flags: flagsOf(command),
      args: command.registeredArguments.map((argument) => argumentOf(argument, words)),
    })),
  };
}

/** Of commander's own. */
const HELP: FlagTree = {long: '--help', short: '-h', text: 'print help', name: '', many: false, repeats: false};

function flagsOf(command: Command): readonly FlagTree[] {
  return command.options.flatMap((option) => {
    const {long, short, hidden, description, flags, variadic} = option;
    if (hidden || typeof long !== 'string') return [];
    const values = valuesOf(option);
    const name = valueName(flags);
    return [
      {
        long,
        ...(short !== undefined && {short}),
        text: description,
        name,
        many: variadic,
        repeats: REPEATABLE.has(long),
        ...(values && {values}),
      },
    ];
  });
}

const BY_FLAG: Readonly<Record<string, Values>> = {
  '--cloud': {kind: 'clouds'},
  '--verify-cloud': {kind: 'clouds'},
  '--from-cloud': {kind: 'clouds'},
  '--profile': {kind: 'words', words: PROFILE_NAMES, files: true},
};

/** By how the help calls a value. */
const BY_NAME: Readonly<Record<string, Values>> = {
  file: {kind: 'files'},
  path: {kind: 'files'},
  paths: {kind: 'files'},
  manifests: {kind: 'files'},
  image: {kind: 'files'},
  images: {kind: 'files'},
  folder: {kind: 'folders'},
  builds: {kind: 'definitions'},
};

const TEXT: Values = {kind: 'text'};

function valuesOf({long = '', flags, required, optional, parseArg}: Option): Values | undefined {
  if (!required && !optional) return undefined;
  const words = wordsOf(parseArg);
  if (words) return {kind: 'words', words};
  const name = valueName(flags);
  return BY_FLAG[long] ?? BY_NAME[name] ?? TEXT;
}

/** Arguments that are names are those of definitions. */
const DEFINITIONS: ReadonlySet<string> = new Set(['name', 'names', 'target']);

function argumentOf(argument: Argument, topics: Values): ArgumentTree {
  const name = argument.name();
  const values = name === 'topic' ? topics : DEFINITIONS.has(name) ? {kind: 'definitions' as const} : BY_NAME[name];
  return {name, values: values ?? TEXT, many: argument.variadic};
}

/** How the help calls the value of a flag: `name` of `--cloud <name>`. */
function valueName(flags: string): string {
  return (/[<[]([^<>[\]]+)[>\]]/.exec(flags)?.[1] ?? '').replace(/\.\.\.$/, '');
}
