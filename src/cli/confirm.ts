import {createInterface} from 'node:readline';
import type {RunControl} from '../app/ports.ts';
import type {RunOptions} from '../workflow/types.ts';
import {clean} from '../report/clean.ts';
import type {OutputFormat} from './invocation.ts';
import type {Io} from './io.ts';

type Confirm = NonNullable<RunOptions['confirmDelete']>;

/** What a question needs. */
export interface QuestionParts {
  readonly io: Io;
  readonly format: OutputFormat;
  /** Clears the terminal of what moves until the result is called. */
  readonly hold: () => () => void;
  readonly signal: AbortSignal;
}

/** Lists the images and asks on the terminal; undefined where nobody sits in front of one. */
export function createConfirm({io, format, hold, signal}: QuestionParts): Confirm | undefined {
  if (format !== 'human' || io.stdin.isTTY !== true || io.stderr.isTTY !== true) return undefined;
  return async (images, cloud) => {
    const list = images
      .map(
        ({id, name, reason}) => `  ${clean(id)}  ${clean(name)}${reason === undefined ? '' : `: ${clean(reason)}`}\n`,
      )
      .join('');
    const count = images.length === 1 ? 'This image' : `These ${images.length} images`;
    const release = hold();
    try {
      io.stderr.write(`${count} on cloud ${clean(cloud)} will be deleted:\n${list}Delete? [y/N] `);
      return /^y(es)?$/i.test((await readLine(io, signal)).trim());
    } finally {
      release();
    }
  };
}

/** Shows a text and asks; undefined where nobody sits in front of a terminal. */
export function createQuestion({io, format, hold, signal}: QuestionParts): RunControl['confirm'] {
  if (format !== 'human' || io.stdin.isTTY !== true || io.stderr.isTTY !== true) return undefined;
  return async (text) => {
    const release = hold();
    try {
      io.stderr.write(
        `${text
          .split('\n')
          .map((line) => clean(line))
          .join('\n')} [y/N] `,
      );
      return /^y(es)?$/i.test((await readLine(io, signal)).trim());
    } finally {
      release();
    }
  };
}

/** One line of stdin; '' at its end, and when the signal comes. The terminal stays as it is, so Ctrl-C stays a signal. */
async function readLine({stdin}: Io, signal: AbortSignal): Promise<string> {
  const lines = createInterface({input: stdin, terminal: false});
  const stop = (): void => lines.close();
  signal.addEventListener('abort', stop);
  try {
    return await new Promise((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
  }
}
