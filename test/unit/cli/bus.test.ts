import {expect, it} from 'vitest';
import {startRun} from '../../../src/cli/bus.ts';
import type {StampedEvent} from '../../../src/core/events.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {fakeIo} from '../../cli/fake-io.ts';

function started() {
  const io = fakeIo();
  const secrets = new SecretRegistry();
  secrets.add('hunter2hunter2');
  const {run, bus} = startRun(io, secrets);
  const received: StampedEvent[] = [];
  bus.subscribe('test', (stamped) => void received.push(stamped));
  return {io, run, bus, received};
}

it('gives each run an id of its own, and its events the time of the process', () => {
  const [one, other] = [started(), started()];
  one.bus.emit({type: 'decision', message: 'a'});
  expect(one.received).toMatchObject([{run: one.run, seq: 1, at: '2026-01-31T16:44:45.000Z'}]);
  expect(one.run).not.toBe(other.run);
});

it('takes the secrets out before any sink sees an event', () => {
  const {bus, received} = started();
  bus.emit({type: 'warning', code: 'foreign-name', message: 'hunter2hunter2 is no name'});
  expect(received.map(({event}) => event)).toMatchObject([{code: 'foreign-name', message: '*** is no name'}]);
});

it('names a report that fails on stderr, once', () => {
  const {io, bus, received} = started();
  bus.subscribe('JUnit', () => {
    throw new Error('no such case');
  });
  bus.emit({type: 'decision', message: 'a'});
  bus.emit({type: 'decision', message: 'b'});
  expect(received).toHaveLength(2);
  expect(io.err().split('the JUnit report is incomplete: no such case')).toHaveLength(2);
});
