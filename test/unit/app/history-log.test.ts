import {describe, expect, it} from 'vitest';
import {emitLog} from '../../../src/app/history-log.ts';
import type {Event} from '../../../src/core/events.ts';
import type {StoredEvent} from '../../../src/core/history/records.ts';
import type {HistoryReader} from '../../../src/ports/history.ts';
import {createHistoryLog} from '../../../src/report/history-log.ts';
import {createPaint} from '../../../src/report/paint.ts';
import {HISTORY_EVENTS} from '../report/history-samples.ts';
import {collectingSink} from '../report/streams.ts';
import {VirtualClock, runtime} from '../workflow/memory-store.ts';

const RUN = 'r';

/** A run under way, whose signs of life come by a clock that is so far ahead, until it is killed. */
function followed({aheadMs, killedMs}: {readonly aheadMs: number; readonly killedMs: number}) {
  const clock = new VirtualClock();
  const beginMs = clock.monotonic();
  const sample = HISTORY_EVENTS.find((event) => event.type === 'history-run');
  if (!sample) throw new Error('there is no sample');
  const beat = (): string => {
    const aliveMs = Math.min(clock.monotonic() - beginMs, killedMs);
    return new Date(beginMs + aheadMs + Math.floor(aliveMs / 20_000) * 20_000).toISOString();
  };
  const reader = {
    details: () => ({
      ...{actions: [], builds: [], verifications: [], logs: []},
      run: {...sample, state: 'RUNNING', heartbeatAt: beat()},
    }),
    events: () => [],
  } as Partial<HistoryReader> as HistoryReader;
  const ports = {runtime: runtime(clock, 1, new Set()), signal: new AbortController().signal, now: () => clock.date()};
  const events: Event[] = [];
  const log = emitLog({follow: true}, {ports, reader, id: RUN, emit: (event) => void events.push(event)});
  return {clock, beginMs, log};
}

describe('history RUN --log --follow where a clock was set back', () => {
  it('ends when a run that was killed gave no sign for a minute, though its last one lies in the future', async () => {
    const {clock, beginMs, log} = followed({aheadMs: 3_600_000, killedMs: 200_000});
    await clock.run(log);
    expect(clock.monotonic() - beginMs).toBeGreaterThan(200_000);
    expect(clock.monotonic() - beginMs).toBeLessThan(270_000);
  });

  it('says what goes on as often as before', async () => {
    const sink = collectingSink();
    const write = createHistoryLog({stdout: sink.stdout, verbosity: 'normal', paint: await createPaint(0)});
    const progress = (at: string, seq: number): StoredEvent => ({
      ...{run: RUN, seq, at, type: 'progress', cloud: 'c', definition: 'D', version: '1', phase: 'importing'},
      ...{elapsedMs: 1, limitMs: 2},
    });
    // The clock goes back by an hour, and then 70 s pass.
    for (const [at, minute] of ['12:00:00', '11:00:00', '11:01:10'].entries())
      write({type: 'history-line', of: RUN, entry: progress(`2026-11-27T${minute}.000Z`, at)});
    expect(
      sink
        .out()
        .split('\n')
        .filter((line) => line.includes('importing')),
    ).toHaveLength(2);
  });
});
