import {randomUUID} from 'node:crypto';
import {clearLine, cursorTo, moveCursor} from 'node:readline';
import {PassThrough, Writable} from 'node:stream';
import type {EndSignal, Io} from '../../src/cli/io.ts';
import type {ImgmgrError} from '../../src/errors.ts';

/** An {@link Io} without a process: streams are collected, signals are sent by the test, time stands still unless moved. */
export interface FakeIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
  readonly input: PassThrough;
  readonly send: (signal: EndSignal) => void;
  /** An output cannot be written any more. */
  readonly lose: (error: ImgmgrError) => void;
  /** Exit codes that the process was left with, in order. */
  readonly left: readonly number[];
  readonly advance: (ms: number) => void;
}

export function fakeIo({tty = false}: {readonly tty?: boolean} = {}): FakeIo {
  const stdout = collector(tty);
  const stderr = collector(tty);
  const input = Object.assign(new PassThrough(), {isTTY: tty});
  const listeners = new Set<(signal: EndSignal) => void>();
  const losers = new Set<(error: ImgmgrError) => void>();
  const left: number[] = [];
  let elapsedMs = 0;
  return {
    stdin: input,
    stdout: stdout.stream,
    stderr: stderr.stream,
    now: () => new Date(Date.UTC(2026, 0, 31, 16, 44, 45) + elapsedMs),
    monotonic: () => elapsedMs,
    uuid: () => randomUUID(),
    onEndSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onLostOutput(listener) {
      losers.add(listener);
      return () => void losers.delete(listener);
    },
    leave: (code) => void left.push(code),
    out: stdout.text,
    err: stderr.text,
    input,
    send(signal) {
      for (const listener of listeners) listener(signal);
    },
    lose(error) {
      for (const listener of losers) listener(error);
    },
    left,
    advance(ms) {
      elapsedMs += ms;
    },
  };
}

function collector(isTTY: boolean): {readonly stream: Io['stdout']; readonly text: () => string} {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const terminal = {
    isTTY,
    columns: 100,
    // What a real terminal stream has, and spinners use.
    cursorTo: (x: number) => cursorTo(stream, x),
    moveCursor: (dx: number, dy: number) => moveCursor(stream, dx, dy),
    clearLine: (direction: -1 | 0 | 1) => clearLine(stream, direction),
  };
  return {stream: Object.assign(stream, terminal), text: () => text};
}
