import type {AST} from '@eslint-community/regexpp';
import type {Instruction} from './matcher.ts';
import {programOf} from './matcher.ts';

/**
 * Why a backtracking search with that expression may take more than a bounded number of steps for each character of a text; undefined when it
 * is proven that it does not.
 *
 * The expression is seen as an automaton whose states are the characters just read, with one more that stands for a search that has not begun
 * to match. A search reads the same characters again without end when some word leads from a state p back to p, from p to q, and from q back
 * to q (Weber and Seidl, 1991), and no state of q's cycle accepts: where one does, the search ends there. Assertions count as always true,
 * so that some sound expressions are not proven; none that is not sound is.
 */
export function whyNotLinear(regex: RegExp): string | undefined {
  try {
    return examine(programOf(regex), regex);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Steps without a character from one instruction to another, or to the end. */
interface Way {
  readonly to: number;
  /** Only at the beginning of the text. */
  readonly atStart: boolean;
  /** Only at the beginning of a line. */
  readonly atLine: boolean;
}

interface Automaton {
  /** For each state and each class of characters: where it leads, more than once when there are several ways. */
  readonly next: readonly (readonly (readonly number[])[])[];
  readonly accepts: readonly boolean[];
}

const MOST_WAYS = 4096;
const MOST_STATES = 1024;
/** States in front of those that stand for characters: 0 before the text, then after the end of a line and after another character. */
const [LINE, OTHER, FIRST] = [1, 2, 3];

function examine(program: readonly Instruction[], regex: RegExp): string | undefined {
  if (!program.some((each, at) => isLoop(each, at) || (each.kind === 'test' && each.body?.some(isLoop))))
    return undefined;
  const ahead = program.flatMap((each, at) => (each.kind === 'test' && each.body ? [{at, body: each.body}] : []));
  const starts = waysFrom(0, program);
  for (const {at, body} of ahead) {
    if (!body.some(isLoop)) continue;
    // Only once for each text, so it may run over all of it.
    const once = at === 1 && isTextStart(program[0]);
    const why = once ? examine(body, new RegExp(regex.source, `${regex.flags.replace('y', '')}y`)) : 'more than once';
    if (why !== undefined) return `looks ahead without end: ${why}`;
  }
  const automaton = automatonOf(program, {regex, starts});
  return twice(automaton) ?? again(automaton);
}

function isLoop(instruction: Instruction, at: number): boolean {
  return instruction.kind === 'jump' && instruction.to <= at;
}

function isTextStart(instruction: Instruction | undefined): boolean {
  return instruction?.kind === 'test' && instruction.node.kind === 'start' && !instruction.multiline;
}

function automatonOf(
  program: readonly Instruction[],
  {regex, starts}: {readonly regex: RegExp; readonly starts: Ways},
): Automaton {
  const characters = program.flatMap((each, at) => (each.kind === 'char' ? [{at, takes: each.takes}] : []));
  if (characters.length > MOST_STATES) throw new Error(`more than ${MOST_STATES} states`);
  const stateOf = new Map(characters.map(({at}, number) => [at, FIRST + number]));
  const classes = classesOf(
    characters.map(({takes}) => takes),
    {program, regex},
  );
  const edges = (from: Ways, at: 'text' | 'line' | 'other'): number[][] =>
    classes.map((code) =>
      from.ways.flatMap((way) => {
        const instruction = program[way.to];
        if (instruction?.kind !== 'char' || !instruction.takes(code)) return [];
        if ((way.atStart && at !== 'text') || (way.atLine && at === 'other')) return [];
        return [stateOf.get(way.to) ?? 0];
      }),
    );
  const searching = (from: number[][]): number[][] =>
    regex.sticky ? from : from.map((to, number) => [...to, isLineEnd(classes[number] ?? 0) ? LINE : OTHER]);
  const none = classes.map((): number[] => []);
  const ways = characters.map(({at}) => waysFrom(at + 1, program));
  return {
    next: [
      searching(edges(starts, 'text')),
      regex.sticky ? none : searching(edges(starts, 'line')),
      regex.sticky ? none : searching(edges(starts, 'other')),
      ...ways.map((each) => edges(each, 'text')),
    ],
    accepts: [false, false, false, ...ways.map(({accepts}) => accepts)],
  };
}

interface Ways {
  readonly ways: readonly Way[];
  /** There is a way to the end that no assertion can bar. */
  readonly accepts: boolean;
}

/** All ways without a character; a loop is gone through twice, so that one in another shows as two ways. */
function waysFrom(start: number, program: readonly Instruction[]): Ways {
  const ways: Way[] = [];
  let accepts = false;
  let looked = 0;
  const visits = new Map<number, number>();
  const walk = (at: number, way: Omit<Way, 'to'>, barred: boolean): void => {
    looked += 1;
    if (looked > 16 * MOST_WAYS || ways.length > MOST_WAYS)
      throw new Error('too many ways from one character to the next');
    const instruction = program[at];
    const visited = visits.get(at) ?? 0;
    if (instruction === undefined || visited >= 2) return;
    if (instruction.kind === 'match') accepts ||= !barred;
    else if (instruction.kind === 'char') ways.push({to: at, ...way});
    else {
      visits.set(at, visited + 1);
      if (instruction.kind === 'jump') walk(instruction.to, way, barred);
      else if (instruction.kind === 'split') {
        walk(instruction.first, way, barred);
        walk(instruction.second, way, barred);
      } else walk(at + 1, through(instruction, way), true);
      visits.set(at, visited);
    }
  };
  walk(start, {atStart: false, atLine: false}, false);
  return {ways, accepts};
}

function through(test: Instruction & {kind: 'test'}, way: Omit<Way, 'to'>): Omit<Way, 'to'> {
  if (test.node.kind !== 'start') return way;
  return test.multiline ? {...way, atLine: true} : {...way, atStart: true};
}

/** One character for each set of characters that all states treat alike. */
function classesOf(
  takes: readonly ((code: number) => boolean)[],
  {program, regex}: {readonly program: readonly Instruction[]; readonly regex: RegExp},
): readonly number[] {
  const found = new Map<string, number>();
  for (const code of samplesFor(program, regex)) {
    const key = `${isLineEnd(code) ? 'n' : ''}${takes.map((each) => (each(code) ? '1' : '0')).join('')}`;
    if (!found.has(key)) found.set(key, code);
  }
  return [...found.values()];
}

const SPACES = [0x1680, 0x2000, 0x200a, 0x200b, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff, 0x17f, 0x212a, 0xfffd];

function samplesFor(program: readonly Instruction[], regex: RegExp): Iterable<number> {
  const most = regex.unicode || regex.unicodeSets ? 0x10ffff : 0xffff;
  if (/\\[pP]\{/.test(regex.source)) return Array.from({length: most + 1}, (_, code) => code);
  const named = program.flatMap((each) => (each.kind === 'char' ? codesOf(each.node) : []));
  return [
    ...Array.from({length: 0x100}, (_, code) => code),
    ...SPACES,
    ...named.flatMap((code) => [code - 1, code, code + 1]),
  ]
    .concat(most > 0xffff ? [0x10000, 0x10ffff] : [])
    .filter((code) => code >= 0 && code <= most);
}

function codesOf(node: AST.Node): number[] {
  if (node.type === 'Character') return [node.value];
  if (node.type === 'CharacterClassRange') return [node.min.value, node.max.value];
  if (node.type === 'CharacterClass') return node.elements.flatMap(codesOf);
  return [];
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13 || code === 0x2028 || code === 0x2029;
}

/** Two ways from one character to the next inside of a loop: the work doubles with each round. */
function twice({next, accepts}: Automaton): string | undefined {
  const loops = loopsOf({next, accepts});
  const doubled = next.some((classes, from) =>
    classes.some((to) =>
      to.some((state, at) => to.indexOf(state) !== at && loops[from] !== -1 && loops[from] === loops[state]),
    ),
  );
  return doubled ? 'a loop in a loop reads the same characters' : undefined;
}

/** Some word leads from p to p, from p to q and from q to q. */
function again(automaton: Automaton): string | undefined {
  const {next, accepts} = automaton;
  const all = loopsOf({next, accepts: accepts.map(() => false)});
  const failing = loopsOf(automaton);
  for (let q = FIRST; q < next.length; q += 1) {
    if (failing[q] === -1) continue;
    for (let p = 0; p < next.length; p += 1)
      if (p !== q && all[p] !== -1 && goesAround(next, {p, q, all, failing}))
        return p < FIRST
          ? 'each place where a match may begin reads the same characters'
          : 'two loops one after the other read the same characters';
  }
  return undefined;
}

function goesAround(
  next: Automaton['next'],
  {p, q, all, failing}: {p: number; q: number; all: readonly number[]; failing: readonly number[]},
): boolean {
  const size = next.length;
  const seen = new Set<number>();
  const waiting: [number, number, number][] = [[p, p, q]];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const [first, second, third] = at;
    for (const [number, firsts] of (next[first] ?? []).entries())
      for (const a of firsts)
        for (const c of next[third]?.[number] ?? [])
          for (const b of next[second]?.[number] ?? []) {
            if (all[a] !== all[p] || failing[c] !== failing[q]) continue;
            if (a === p && b === q && c === q) return true;
            const key = (a * size + b) * size + c;
            if (seen.has(key)) continue;
            seen.add(key);
            waiting.push([a, b, c]);
          }
  }
  return false;
}

/** For each state the number of the loop that it is in, over states that do not accept; -1 without one. */
function loopsOf({next, accepts}: Automaton): readonly number[] {
  const to = next.map((classes, from) =>
    accepts[from] ? [] : [...new Set(classes.flat())].filter((state) => !accepts[state]),
  );
  const reach = to.map((_, start) => {
    const seen = new Set<number>();
    const waiting = [...(to[start] ?? [])];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      waiting.push(...(to[at] ?? []));
    }
    return seen;
  });
  return to.map((_, state) =>
    reach[state]?.has(state)
      ? to.findIndex((_each, other) => reach[state]?.has(other) && reach[other]?.has(state))
      : -1,
  );
}
