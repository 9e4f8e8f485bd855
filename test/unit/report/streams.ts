import {clearLine, cursorTo, moveCursor} from 'node:readline';
import {Writable} from 'node:stream';
import type {Event, Sink} from '../../../src/core/events.ts';
import type {Reporter} from '../../../src/report/reporter.ts';
import type {OutputStream, ReportSink} from '../../../src/report/streams.ts';

/** A sink that collects, with a clock that the test moves. */
export interface CollectingSink extends ReportSink {
  readonly out: () => string;
  readonly err: () => string;
  readonly advance: (ms: number) => void;
}

/** Stamps events as the bus does, by the clock of the sink, and hands them to these outputs; what one throws, comes out. */
export function emitTo(sink: ReportSink, ...outputs: readonly Sink[]): (event: Event, action?: string) => void {
  let seq = 0;
  return (event, action) => {
    const at = sink.now().toISOString();
    const stamped = {run: 'run-1', seq: ++seq, at, ...(action !== undefined && {action}), event};
    for (const output of outputs) void output(stamped);
  };
}

/** The same, to a whole report. */
export function emitToReport(sink: ReportSink, {sinks}: Pick<Reporter, 'sinks'>): (event: Event) => void {
  const emit = emitTo(sink, ...sinks.map((one) => one.sink));
  return (event) => emit(event);
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
