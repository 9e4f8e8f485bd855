import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {Memory} from '../../../src/server/memory.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function memory(): {readonly memory: Memory; readonly collect: ReturnType<typeof vi.fn>} {
  const collect = vi.fn();
  return {memory: new Memory(() => Date.now(), collect), collect};
}

describe('what was used', () => {
  it('is given back once, when nobody has asked for ten seconds', () => {
    const {memory: of, collect} = memory();
    of.used();
    vi.advanceTimersByTime(9000);
    of.used();
    vi.advanceTimersByTime(9000);
    expect(collect).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(collect).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(3_600_000);
    expect([collect.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
  });

  it('is given back once a minute at most, whatever asks every 15 seconds', () => {
    const {memory: of, collect} = memory();
    for (let asked = 0; asked < 41; asked++) {
      of.used();
      vi.advanceTimersByTime(15_000);
    }
    expect(collect.mock.calls.length).toBeGreaterThan(5);
    expect(collect.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it('is left to the end of the process by a server that ends', () => {
    const {memory: of, collect} = memory();
    of.used();
    of.close();
    vi.advanceTimersByTime(60_000);
    expect(collect).not.toHaveBeenCalled();
  });
});
