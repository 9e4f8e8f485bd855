import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {fakeIo} from '../../cli/fake-io.ts';
import {ACQUIRE, PROGRESS, PUBLISH} from '../report/samples.ts';
import {CLEANUP_LIMIT_MS, READING_LIMIT_MS, watchForInterruption} from '../../../src/cli/interruption.ts';
import type {Event} from '../../../src/core/events.ts';
import {ImgmgrError} from '../../../src/errors.ts';

function watch(): {
  readonly io: ReturnType<typeof fakeIo>;
  readonly events: Event[];
  readonly interruption: ReturnType<typeof watchForInterruption>;
} {
  const io = fakeIo();
  const events: Event[] = [];
  return {io, events, interruption: watchForInterruption(io, (event) => events.push(event))};
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an interruption', () => {
  it('is told at once and aborts with an INTERRUPTED error; the process stays', () => {
    const {io, events, interruption} = watch();
    expect(interruption.received()).toBeUndefined();
    io.send('SIGINT');
    expect(events).toEqual([{type: 'interrupted', signal: 'SIGINT', again: false, left: []}]);
    expect(interruption.signal.reason).toMatchObject({code: 'INTERRUPTED', message: 'interrupted by SIGINT'});
    expect(interruption.received()).toBe('SIGINT');
    expect(io.left).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by a second signal leaves at once, with the code of the first: %s', (signal, code) => {
    const {io, events} = watch();
    io.send(signal);
    io.send('SIGINT');
    expect(events.at(-1)).toMatchObject({type: 'interrupted', again: true});
    expect(io.left).toEqual([code]);
  });

  it('leaves when the cleanup takes too long', () => {
    const {io, events, interruption} = watch();
    interruption.beginWriting();
    io.send('SIGTERM');
    vi.advanceTimersByTime(CLEANUP_LIMIT_MS - 1);
    expect(io.left).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(io.left).toEqual([143]);
    expect(events.at(-1)).toMatchObject({again: true, late: true});
  });

  it('R9: of a run that has written nothing, or has finished writing, drops every connection and leaves soon', async () => {
    const {io, interruption} = watch();
    interruption.beginWriting()();
    io.send('SIGINT');
    expect(interruption.abandoned.aborted).toBe(true);
    vi.advanceTimersByTime(READING_LIMIT_MS);
    expect(io.left).toEqual([130]);
    expect(await interruption.overdue).toMatchObject({code: 'INTERRUPTED'});
    expect(() => interruption.beginWriting()).toThrow('interrupted by SIGINT');
  });

  it('R9: of a run that writes drops no connection', () => {
    const {io, interruption} = watch();
    interruption.beginWriting();
    io.send('SIGINT');
    expect([interruption.signal.aborted, interruption.abandoned.aborted]).toEqual([true, false]);
  });

  it('R9: a lost output ends the run as a signal does, with exit 1 where it has to be left', () => {
    const {io, interruption} = watch();
    interruption.beginWriting();
    io.lose(new ImgmgrError('OUTPUT_LOST', 'stdout cannot be written'));
    expect([interruption.signal.aborted, interruption.received()]).toEqual([true, undefined]);
    vi.advanceTimersByTime(CLEANUP_LIMIT_MS);
    expect(io.left).toEqual([1]);
  });

  it('is over when the run is: no limit, no listener', () => {
    const {io, events, interruption} = watch();
    io.send('SIGINT');
    interruption.stop();
    io.send('SIGINT');
    vi.advanceTimersByTime(CLEANUP_LIMIT_MS);
    expect(io.left).toEqual([]);
    expect(events).toHaveLength(1);
  });

  it('prints the ids of what is half-made, and of nothing else', () => {
    const {io, events, interruption} = watch();
    const started = (version: string): Event => ({
      type: 'action-started',
      cloud: 'admin',
      action: {...ACQUIRE, version},
    });
    for (const version of ['unknown id', 'known id', 'acquired', '20241120', 'failed'])
      interruption.observe(started(version));
    interruption.observe({...PROGRESS, version: 'known id', image: 'aaaa'});
    interruption.observe({
      type: 'action-done',
      cloud: 'admin',
      action: {...ACQUIRE, version: 'acquired'},
      image: 'bbbb',
      ms: 1,
    });
    interruption.observe({type: 'action-done', cloud: 'admin', action: ACQUIRE, image: 'cccc', ms: 1});
    interruption.observe({type: 'action-done', cloud: 'admin', action: PUBLISH, ms: 1});
    const error = new Error('x') as never;
    interruption.observe({
      type: 'action-failed',
      cloud: 'admin',
      action: {...ACQUIRE, version: 'failed'},
      error,
      ms: 1,
    });
    io.send('SIGINT');
    io.send('SIGINT');
    expect(events.at(-1)).toMatchObject({
      left: [
        'image of AlmaLinux 9 (unknown id) on cloud admin, not published',
        'image aaaa of AlmaLinux 9 (known id) on cloud admin, not published',
        'image bbbb of AlmaLinux 9 (acquired) on cloud admin, not published',
      ],
    });
  });
});
