import {countingSearch} from './matcher.ts';

/** More steps than were allowed. */
export class TooManySteps extends Error {}

/**
 * Runs it and counts what its searches cost: each step that a backtracking engine makes for its regular expressions, and each character that
 * `indexOf`, `charCodeAt`, `split` and their like run over. Throws {@link TooManySteps} as soon as there are more than `most`.
 */
export function countSteps(most: number, work: () => unknown): number {
  let steps = 0;
  let counting = true;
  const add = (count: number): void => {
    steps += count;
    if (steps <= most) return;
    counting = false;
    throw new TooManySteps(`more than ${most} steps`);
  };
  const restore = [
    replace(
      RegExp.prototype,
      'exec',
      (native) =>
        function (this: RegExp, text: string) {
          if (counting) {
            counting = false;
            const from = this.global || this.sticky ? this.lastIndex : 0;
            countingSearch(this, {text, from, step: (count = 1) => add(count)});
            counting = true;
          }
          return Reflect.apply(native, this, [text]) as RegExpExecArray | null;
        },
    ),
    ...(['indexOf', 'includes', 'lastIndexOf'] as const).map((name) =>
      replace(
        String.prototype,
        name,
        (native) =>
          function (this: string, ...args: [wanted: string, from?: number]) {
            const found = Reflect.apply(name === 'lastIndexOf' ? nativeLastIndexOf : nativeIndexOf, this, args);
            const [, from = name === 'lastIndexOf' ? this.length : 0] = args;
            if (counting) add((found < 0 ? this.length : Math.abs(found - from)) + 1);
            return Reflect.apply(native, this, args) as never;
          },
      ),
    ),
    ...(['charCodeAt', 'codePointAt'] as const).map((name) =>
      replace(
        String.prototype,
        name,
        (native) =>
          function (this: string, at: number) {
            if (counting) add(1);
            return Reflect.apply(native, this, [at]) as never;
          },
      ),
    ),
    ...(['toLowerCase', 'toUpperCase', 'trim', 'normalize', 'split', 'replace', 'replaceAll'] as const).map((name) =>
      replace(
        String.prototype,
        name,
        (native) =>
          function (this: string, ...args: never[]) {
            if (counting) add(name === 'normalize' ? marksIn(this) : this.length);
            return Reflect.apply(native as (...given: never[]) => unknown, this, args) as never;
          },
      ),
    ),
  ];
  try {
    work();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}

type Finder = (this: string, wanted: string, from?: number) => number;
const nativeIndexOf: Finder = Reflect.get(String.prototype, 'indexOf');
const nativeLastIndexOf: Finder = Reflect.get(String.prototype, 'lastIndexOf');

/** Steps of a normal form: the marks behind one letter are sorted by moving each in front of those that it belongs before. */
function marksIn(text: string): number {
  let steps = text.length;
  let marks = 0;
  for (const character of text) {
    marks = character >= '\u0300' && character <= '\u036f' ? marks + 1 : 0;
    steps += marks / 4;
  }
  return Math.ceil(steps);
}

function replace<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  make: (native: T[K] & ((...args: never[]) => unknown)) => unknown,
): () => void {
  const native = owner[name];
  Object.defineProperty(owner, name, {configurable: true, writable: true, value: make(native as never)});
  return () => Object.defineProperty(owner, name, {configurable: true, writable: true, value: native});
}
