import {describe, expect, it} from 'vitest';
import {Attempts} from '../../../../src/server/access/attempts.ts';
import {Clock} from './clock.ts';

function begin(): {readonly clock: Clock; readonly attempts: Attempts; readonly fail: (a: string, n: number) => void} {
  const clock = new Clock();
  const attempts = new Attempts(clock.monotonic);
  const fail = (address: string, times: number): void => {
    for (let n = 0; n < times; n++) attempts.failed(address);
  };
  // The first look begins the minute.
  attempts.waitOf('192.0.2.1');
  return {clock, attempts, fail};
}

describe('attempts that failed', () => {
  it('close an address after twenty, for the rest of the minute, and no other', () => {
    const {clock, attempts, fail} = begin();
    fail('192.0.2.1', 19);
    expect(attempts.waitOf('192.0.2.1')).toBe(0);
    clock.pass(10_000);
    fail('192.0.2.1', 1);
    expect([attempts.waitOf('192.0.2.1'), attempts.waitOf('192.0.2.2')]).toEqual([50, 0]);
    clock.pass(49_999);
    expect(attempts.waitOf('192.0.2.1')).toBe(1);
    clock.pass(1);
    expect(attempts.waitOf('192.0.2.1')).toBe(0);
  });

  it('of all addresses close each that failed, and none that did not', () => {
    const {attempts, fail} = begin();
    for (let host = 0; host < 499; host++) fail(`198.51.${host >> 8}.${host & 255}`, 1);
    expect(attempts.waitOf('198.51.0.1')).toBe(0);
    fail('203.0.113.1', 1);
    expect(attempts.waitOf('198.51.0.1')).toBe(60);
    expect(attempts.waitOf('192.0.2.9')).toBe(0);
  });

  it('do not depend on the clock of the day', () => {
    const {clock, attempts, fail} = begin();
    fail('192.0.2.1', 20);
    for (const by of [86_400_000, -400 * 86_400_000]) {
      clock.set(by);
      expect(attempts.waitOf('192.0.2.1')).toBe(60);
    }
  });

  it('of one network of IPv6 are those of one address, however they are written', () => {
    const {attempts, fail} = begin();
    for (let host = 1; host <= 20; host++) fail(`2001:db8:1:2:${host.toString(16)}::1`, 1);
    expect(attempts.waitOf('2001:db8:1:2::ffff')).toBeGreaterThan(0);
    expect(attempts.waitOf('2001:db8:1:3::1')).toBe(0);
    fail('::1', 20);
    expect([attempts.waitOf('::1'), attempts.waitOf('1::1'), attempts.waitOf('::ffff:192.0.2.1')]).toEqual([60, 0, 0]);
    fail('fe80::1%eth0', 20);
    expect(attempts.waitOf('fe80::2%eth1')).toBe(60);
    fail('::ffff:192.0.2.1', 20);
    expect([attempts.waitOf('::ffff:192.0.2.1'), attempts.waitOf('::ffff:192.0.2.2')]).toEqual([60, 0]);
  });

  it('take memory for 10,000 addresses at most, and let it go after the minute', () => {
    const {clock, attempts, fail} = begin();
    const address = (host: number): string => `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
    for (let host = 0; host < 10_000; host++) fail(address(host), 1);
    fail(address(10_000), 100);
    // Those that are known are closed; there was no room for the one after.
    expect([attempts.waitOf(address(9999)), attempts.waitOf(address(10_000))]).toEqual([60, 0]);
    fail(address(5), 1);
    clock.pass(60_000);
    expect(attempts.waitOf(address(9999))).toBe(0);
    fail(address(10_000), 20);
    expect(attempts.waitOf(address(10_000))).toBe(60);
  });
});
