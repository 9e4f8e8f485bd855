import {clearLine, cursorTo, moveCursor} from 'node:readline';
import {Writable} from 'node:stream';
import type {OutputStream, ReportSink} from '../../../src/report/streams.ts';

/** A sink that collects, with a clock that the test moves. */
export interface CollectingSink extends ReportSink {
  readonly out: () => string;
  readonly err: () => string;
  readonly advance: (ms: number) => void;
}

export function collectingSink({tty = false, columns = 100} = {}): CollectingSink {
  const stdout = collect(tty, columns);
  const stderr = collect(tty, columns);
  let elapsedMs = 0;
  return {
    stdout: stdout.stream,
    stderr: stderr.stream,
    now: () => new Date(Date.UTC(2026, 0, 31, 16, 44, 45) + elapsedMs),
    monotonic: () => elapsedMs,
    out: stdout.text,
    err: stderr.text,
    advance(ms) {
      elapsedMs += ms;
    },
  };
}

function collect(isTTY: boolean, columns: number): {readonly stream: OutputStream; readonly text: () => string} {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const terminal = {
    isTTY,
    columns,
    // What a real terminal stream has, and spinners use.
    cursorTo: (x: number) => cursorTo(stream, x),
    moveCursor: (dx: number, dy: number) => moveCursor(stream, dx, dy),
    clearLine: (direction: -1 | 0 | 1) => clearLine(stream, direction),
  };
  return {stream: Object.assign(stream, terminal), text: () => text};
}
