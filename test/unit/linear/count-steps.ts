import {countingSearch} from './matcher.ts';

/** More steps than were allowed. */
export class TooManySteps extends Error {}

/**
 * Runs it and counts what its searches cost: each step that a backtracking engine makes for its regular expressions, and each character that
 * `indexOf` and `includes` run over. Throws {@link TooManySteps} as soon as there are more than `most`.
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
    ...(['indexOf', 'includes'] as const).map((name) =>
      replace(
        String.prototype,
        name,
        (native) =>
          function (this: string, wanted: string, from = 0) {
            if (counting) {
              const found = Reflect.apply(nativeIndexOf, this, [wanted, from]);
              add((found < 0 ? Math.max(0, this.length - from) : found - from) + 1);
            }
            return Reflect.apply(native, this, [wanted, from]) as never;
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

const nativeIndexOf: (this: string, wanted: string, from: number) => number = Reflect.get(String.prototype, 'indexOf');

function replace<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  make: (native: T[K] & ((...args: never[]) => unknown)) => unknown,
): () => void {
  const native = owner[name];
  Object.defineProperty(owner, name, {configurable: true, writable: true, value: make(native as never)});
  return () => Object.defineProperty(owner, name, {configurable: true, writable: true, value: native});
}
