import type {ImgmgrError} from '../errors.ts';
import {formatPlace} from '../errors.ts';
import {clean} from './clean.ts';

/** What, value, where, then what to do next; every problem on lines of its own. Ends with a line break. */
export function renderError(error: ImgmgrError, {stack}: {readonly stack: boolean}): string {
  const lines = [`imgmgr: ${clean(headline(error))}`, ...errorDetails(error).map((line) => `  ${clean(line)}`)];
  if (stack) lines.push(...stackLines(error));
  else if (error.code === 'INTERNAL') lines.push('  hint: this is a fault of imgmgr; --debug shows where');
  return `${lines.join('\n')}\n`;
}

/** Message and place on one line. */
export function headline({message, place}: ImgmgrError): string {
  return place === undefined ? message : `${message} (${place})`;
}

/** The problems with their places, each followed by its hint, and last the error's own hint. */
export function errorDetails({problems, hint}: ImgmgrError): string[] {
  const lines: string[] = [];
  for (const problem of problems) {
    lines.push(`${formatPlace(problem.place)}: ${problem.message}`);
    if (problem.hint !== undefined) lines.push(`  hint: ${problem.hint}`);
  }
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  return lines;
}

/** The stack and the causes, for `--debug`. */
export function stackLines(error: ImgmgrError): string[] {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    lines.push(...(cause.stack ?? cause.message).split('\n').map((line) => `  ${clean(line)}`));
  return lines;
}
