import type {AST} from '@eslint-community/regexpp';
import {RegExpParser} from '@eslint-community/regexpp';

/** Counts; throws whatever it likes when there are too many. */
export type Step = (count?: number) => void;

interface Input {
  readonly text: string;
  /** The code point at a place, -1 at the end. */
  readonly at: (index: number) => number;
}

export type Instruction =
  | {readonly kind: 'char'; readonly takes: (code: number) => boolean; readonly node: AST.Element}
  | {
      readonly kind: 'test';
      readonly node: AST.Assertion;
      readonly multiline: boolean;
      /** What a look ahead looks for. */
      readonly body?: readonly Instruction[];
      readonly holds: (index: number, input: Input, step: Step) => boolean;
    }
  | {readonly kind: 'split'; first: number; second: number}
  | {readonly kind: 'jump'; to: number}
  | {readonly kind: 'match'};

const nativeExec: (this: RegExp, text: string) => RegExpExecArray | null = Reflect.get(RegExp.prototype, 'exec');
const programs = new Map<string, readonly Instruction[]>();

/**
 * Searches as a backtracking engine does, one step for each instruction that it tries, so that work is counted and not timed; gives the
 * place where the match ends, undefined without one. No back references.
 */
export function countingSearch(
  regex: RegExp,
  {text, from, step}: {text: string; from: number; step: Step},
): number | undefined {
  const program = programOf(regex);
  const wide = regex.unicode || regex.unicodeSets;
  const at = (index: number): number => {
    if (index >= text.length) return -1;
    return wide ? (text.codePointAt(index) ?? -1) : text.charCodeAt(index);
  };
  const entries = entriesOf(program);
  for (let start = from; start <= text.length; start += 1) {
    if (entries !== undefined && !regex.sticky && !begins(entries, at(start), step)) continue;
    const end = run(program, {start, input: {text, at}, step});
    if (end !== undefined || regex.sticky) return end;
  }
  return undefined;
}

/** What a match can begin with; undefined where it may begin with something else than a character. */
function entriesOf(program: readonly Instruction[]): readonly ((code: number) => boolean)[] | undefined {
  const known = entries.get(program);
  if (known !== undefined) return known === 'none' ? undefined : known;
  const found: ((code: number) => boolean)[] = [];
  const waiting = [0];
  const seen = new Set<number>();
  let simple = true;
  while (waiting.length > 0) {
    const at = waiting.pop() ?? 0;
    const instruction = program[at];
    if (seen.has(at)) continue;
    seen.add(at);
    if (instruction?.kind === 'char') found.push(instruction.takes);
    else if (instruction?.kind === 'jump') waiting.push(instruction.to);
    else if (instruction?.kind === 'split') waiting.push(instruction.first, instruction.second);
    else simple = false;
  }
  entries.set(program, simple ? found : 'none');
  return simple ? found : undefined;
}

const entries = new WeakMap<readonly Instruction[], readonly ((code: number) => boolean)[] | 'none'>();

/** Spares the engine a start that fails at once; each look counts. */
function begins(takes: readonly ((code: number) => boolean)[], code: number, step: Step): boolean {
  step(takes.length);
  return code >= 0 && takes.some((each) => each(code));
}

function run(
  program: readonly Instruction[],
  {start, input, step}: {readonly start: number; readonly input: Input; readonly step: Step},
): number | undefined {
  const waiting: number[] = [0, start];
  while (waiting.length > 0) {
    let index = waiting.pop() ?? 0;
    let at = waiting.pop() ?? 0;
    for (;;) {
      step();
      const instruction = program[at];
      if (instruction === undefined || instruction.kind === 'match') return index;
      if (instruction.kind === 'jump') at = instruction.to;
      else if (instruction.kind === 'split') {
        waiting.push(instruction.second, index);
        at = instruction.first;
      } else if (instruction.kind === 'test') {
        if (!instruction.holds(index, input, step)) break;
        at += 1;
      } else {
        const code = input.at(index);
        if (code < 0 || !instruction.takes(code)) break;
        index += code > 0xffff ? 2 : 1;
        at += 1;
      }
    }
  }
  return undefined;
}

/** The instructions that a backtracking engine follows for it. */
export function programOf(regex: RegExp): readonly Instruction[] {
  const key = `${regex.flags}/${regex.source}`;
  const known = programs.get(key);
  if (known) return known;
  const parser = new RegExpParser({ecmaVersion: 2025});
  const tree = parser.parsePattern(regex.source, 0, regex.source.length, {
    unicode: regex.unicode,
    unicodeSets: regex.unicodeSets,
  });
  const program: Instruction[] = [];
  choose(tree.alternatives, {program, regex});
  program.push({kind: 'match'});
  programs.set(key, program);
  return program;
}

interface Target {
  readonly program: Instruction[];
  readonly regex: RegExp;
}

function choose(alternatives: readonly AST.Alternative[], target: Target): void {
  const {program} = target;
  const jumps: {kind: 'jump'; to: number}[] = [];
  alternatives.forEach((alternative, number) => {
    const last = number === alternatives.length - 1;
    const split = {kind: 'split' as const, first: program.length + 1, second: 0};
    if (!last) program.push(split);
    for (const element of alternative.elements) add(element, target);
    if (last) return;
    const jump = {kind: 'jump' as const, to: 0};
    program.push(jump);
    jumps.push(jump);
    split.second = program.length;
  });
  for (const jump of jumps) jump.to = program.length;
}

function add(element: AST.Element, target: Target): void {
  const {program, regex} = target;
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      choose(element.alternatives, target);
      return;
    case 'Quantifier':
      repeat(element, target);
      return;
    case 'Assertion':
      program.push(assertion(element, regex));
      return;
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
    case 'ExpressionCharacterClass':
      program.push({kind: 'char', takes: classOf(element.raw, regex), node: element});
      return;
    case 'Backreference':
      throw new Error(`/${regex.source}/ has a back reference, whose work is not bounded`);
  }
}

function repeat({element, min, max, greedy}: AST.Quantifier, target: Target): void {
  const {program} = target;
  for (let count = 0; count < min; count += 1) add(element, target);
  const splits: {kind: 'split'; first: number; second: number}[] = [];
  const fork = (): void => {
    const split = {kind: 'split' as const, first: program.length + 1, second: 0};
    program.push(split);
    splits.push(split);
  };
  const start = program.length;
  if (max === Infinity) {
    fork();
    add(element, target);
    program.push({kind: 'jump', to: start});
  } else
    for (let count = min; count < max; count += 1) {
      fork();
      add(element, target);
    }
  for (const split of splits) {
    split.second = program.length;
    if (!greedy) [split.first, split.second] = [split.second, split.first];
  }
}

function assertion(node: AST.Assertion, regex: RegExp): Instruction & {kind: 'test'} {
  const test = {kind: 'test' as const, node, multiline: regex.multiline};
  switch (node.kind) {
    case 'start':
      return {
        ...test,
        holds: (index, {text}) => index === 0 || (regex.multiline && isLineEnd(text.charCodeAt(index - 1))),
      };
    case 'end':
      return {
        ...test,
        holds: (index, {text}) => index === text.length || (regex.multiline && isLineEnd(text.charCodeAt(index))),
      };
    case 'word':
      return {...test, holds: (index, {text}) => (isWord(text[index - 1]) !== isWord(text[index])) !== node.negate};
    case 'lookahead': {
      const body: Instruction[] = [];
      choose(node.alternatives, {program: body, regex});
      body.push({kind: 'match'});
      return {
        ...test,
        body,
        holds: (index, input, step) => (run(body, {start: index, input, step}) !== undefined) !== node.negate,
      };
    }
    case 'lookbehind':
      throw new Error(`/${regex.source}/ looks behind, whose work is not counted`);
  }
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13 || code === 0x2028 || code === 0x2029;
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && Reflect.apply(nativeExec, /^\w$/, [character]) !== null;
}

function classOf(raw: string, regex: RegExp): (code: number) => boolean {
  const flags = regex.flags.replace(/[gymd]/g, '');
  const key = `${flags}/${raw}`;
  const takes = classes.get(key) ?? newClass(raw, flags);
  classes.set(key, takes);
  return takes;
}

const classes = new Map<string, (code: number) => boolean>();

function newClass(raw: string, flags: string): (code: number) => boolean {
  const one = new RegExp(`^(?:${raw})$`, flags);
  // 0: not asked yet, 1: no, 2: yes.
  const known = new Uint8Array(0x110000);
  return (code) => {
    if (known[code] === 0) known[code] = Reflect.apply(nativeExec, one, [String.fromCodePoint(code)]) === null ? 1 : 2;
    return known[code] === 2;
  };
}
