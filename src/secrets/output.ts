import type {SecretRegistry} from './registry.ts';
import {scrubInForm} from './structured.ts';

type Written = string | Uint8Array;
type Done = (error?: Error | null) => void;

/** A stream without the secrets of the run, and what ends it. */
export interface Scrubbed<Stream> {
  readonly stream: Stream;
  /** Writes what was held back as the possible beginning of a secret; nothing follows. */
  readonly flush: () => void;
}

/**
 * The same stream, but what is written to it loses every known secret, also one that comes in several pieces. The end of a piece that may
 * be the beginning of a secret waits for the next piece; a piece that is a line of JSON or an XML document is whole, and stays one.
 */
export function scrubbed<Stream extends NodeJS.WritableStream>(
  stream: Stream,
  secrets: SecretRegistry,
): Scrubbed<Stream> {
  let rest = '';
  const write = (chunk: Written, second?: BufferEncoding | Done, third?: Done): boolean => {
    const done = typeof second === 'function' ? second : third;
    const text = textOf(chunk);
    const whole = rest === '' ? scrubInForm(text, (piece) => secrets.scrub(piece)) : undefined;
    if (whole !== undefined) return stream.write(whole, done);
    const part = secrets.scrubPart(rest + text, true);
    ({rest} = part);
    return stream.write(part.text, done);
  };
  const flush = (): void => {
    const {text} = secrets.scrubPart(rest, false);
    rest = '';
    if (text !== '') stream.write(text);
  };
  // What replaces `write` (spinners do) replaces it here, and reaches the stream by ours.
  let replaced: unknown = write;
  const proxy = new Proxy(stream, {
    get(target, key) {
      if (key === 'write') return replaced;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    set(target, key, value: unknown) {
      if (key !== 'write') return Reflect.set(target, key, value, target);
      replaced = value;
      return true;
    },
  });
  return {stream: proxy, flush};
}

function textOf(chunk: Written): string {
  return typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
}
