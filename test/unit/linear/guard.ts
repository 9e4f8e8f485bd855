import {dirname, join} from 'node:path';
import {whyNotLinear} from './check-linear.ts';
import {NORMALIZES, REVIEWED_EXPRESSIONS} from './reviewed.ts';
import {textWorkOf} from './source-text.ts';

/** What in a source file may cost more than the length of a text allows, one line each. */
export function faultsOf(path: string, source: string): string[] {
  const {expressions, costly} = textWorkOf(source);
  return [
    ...expressions.flatMap(({line, text, regex}) => {
      const why = regex ? whyNotLinear(regex) : 'it is put together at run time';
      if (why === undefined || `${path} ${text}` in REVIEWED_EXPRESSIONS) return [];
      return [`${path}:${line}: ${text} is not proven linear: ${why}`];
    }),
    ...(path === NORMALIZES ? [] : costly.map((text) => `${path}: ${text} costs the square of the marks in a text`)),
  ];
}

/** The files of ours that a source file imports, by their path from the root of the repository. */
export function importsOf(path: string, source: string): string[] {
  const found = source.matchAll(/from '(\.[^']*\.ts)'/g);
  return Array.from(found, ([, target = '']) => join(dirname(path), target));
}
