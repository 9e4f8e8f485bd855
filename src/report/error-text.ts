import type {ImgmgrError} from '../errors.ts';
import {formatPosition} from '../errors.ts';
import {clean} from './clean.ts';

/** What, value, where, then what to do next; every problem on lines of its own. Ends with a line break. */
export function renderError(error: ImgmgrError, {stack}: {readonly stack: boolean}): string {
  const lines = [`imgmgr: ${clean(headline(error))}`, ...errorDetails(error).map((line) => `  ${clean(line)}`)];
  if (stack) lines.push(...stackLines(error));
  else if (error.code === 'INTERNAL') lines.push('  hint: this is a fault of imgmgr; --debug shows where');
  return `${lines.join('\n')}\n`;
}

/** Message and place on one line, a single problem as several ones have it; of several problems, how many there are. */
export function headline({message, place, problems}: ImgmgrError): string {
  const [problem, ...more] = problems;
  if (more.length > 0) return `${problems.length} problems were found`;
  if (problem !== undefined) return `${formatPosition(problem.place)}: ${problem.message}`;
  return place === undefined ? message : `${message} (${place})`;
}

/** Several problems, each with its place and hint; of a single one, or none, the error's own hint, with what it quotes in lines of its own. */
export function errorDetails({problems, hint}: ImgmgrError): string[] {
  if (problems.length <= 1) {
    if (hint === undefined) return [];
    const [first = '', ...quoted] = hint.split('\n');
    return [`hint: ${first}`, ...quoted.map((line) => `  | ${line}`)];
  }
  return problems.flatMap((problem) => [
    `${formatPosition(problem.place)}: ${problem.message}`,
    ...(problem.hint === undefined ? [] : [`  hint: ${problem.hint}`]),
  ]);
}

/** The stack and the causes, for `--debug`. */
export function stackLines(error: ImgmgrError): string[] {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    lines.push(...(cause.stack ?? cause.message).split('\n').map((line) => `  ${clean(line)}`));
  return lines;
}
