import {describe, expect, it} from 'vitest';
import {createEventBus} from '../../../src/core/event-bus.ts';
import {actionEmit} from '../../../src/core/events.ts';
import type {Event, StampedEvent} from '../../../src/core/events.ts';

const STARTING: Event = {type: 'starting', command: 'manage', version: '1.2.3'};

function decision(message: string): Event {
  return {type: 'decision', message};
}

/** A bus with a clock that goes on by a second with each look, and what came to its first sink. */
function busUnderTest(scrub: (event: Event) => Event = (event) => event) {
  const failures: string[] = [];
  let looks = 0;
  const bus = createEventBus({
    run: 'run-1',
    now: () => new Date(Date.UTC(2026, 0, 31, 16, 44, looks++)),
    scrub,
    onFailure: (name, error) => failures.push(`${name}: ${String(error)}`),
  });
  const received: StampedEvent[] = [];
  bus.subscribe('first', (stamped) => void received.push(stamped));
  return {bus, received, failures};
}

describe('the bus of events', () => {
  it('stamps each event with the run, a number without gaps, and the time of the clock that it is handed', () => {
    const {bus, received} = busUnderTest();
    bus.emit(STARTING);
    bus.emit(decision('a'));
    expect(received).toEqual([
      {run: 'run-1', seq: 1, at: '2026-01-31T16:44:00.000Z', event: STARTING},
      {run: 'run-1', seq: 2, at: '2026-01-31T16:44:01.000Z', event: decision('a')},
    ]);
  });

  it('stamps an event of an action with the id of the action, through however many hands it goes', () => {
    const {bus, received} = busUnderTest();
    const emit = actionEmit(bus.emit, 'acquire 1');
    emit(decision('a'));
    actionEmit(emit, 'verify 1')(decision('b'));
    bus.emit(decision('c'));
    expect(received.map(({action}) => action)).toEqual(['acquire 1', 'verify 1', undefined]);
    expect(received[2]).not.toHaveProperty('action');
  });

  it('counts for each run by itself', () => {
    const [one, other] = [busUnderTest(), busUnderTest()];
    one.bus.emit(decision('a'));
    one.bus.emit(decision('b'));
    other.bus.emit(decision('c'));
    expect(other.received.map(({seq}) => seq)).toEqual([1]);
  });

  it('hands the same events to every sink, and none of them a text that was not scrubbed', () => {
    const {bus, received} = busUnderTest((event) => (event.type === 'decision' ? {...event, message: '***'} : event));
    const second: StampedEvent[] = [];
    bus.subscribe('second', (stamped) => void second.push(stamped));
    actionEmit(bus.emit, 'acquire 1')(decision('secret'));
    expect(second).toEqual(received);
    expect(JSON.stringify(received)).not.toContain('secret');
  });

  it('hands a sink that ended its subscription nothing more', () => {
    const {bus, failures} = busUnderTest();
    const seen: number[] = [];
    const end = bus.subscribe('second', ({seq}) => void seen.push(seq));
    bus.emit(decision('a'));
    end();
    bus.emit(decision('b'));
    expect({seen, failures}).toEqual({seen: [1], failures: []});
  });

  it('goes on when a sink throws at every event: the others get all, and the failure is reported once', () => {
    const {bus, received, failures} = busUnderTest();
    let asked = 0;
    bus.subscribe('broken', () => {
      asked++;
      throw new Error('disk full');
    });
    const last: number[] = [];
    bus.subscribe('last', ({seq}) => void last.push(seq));
    for (const message of ['a', 'b', 'c']) bus.emit(decision(message));
    expect(received.map(({seq}) => seq)).toEqual([1, 2, 3]);
    expect({last, asked, failures}).toEqual({last: [1, 2, 3], asked: 3, failures: ['broken: Error: disk full']});
  });

  it('goes on when a sink rejects, and reports that once', async () => {
    const {bus, received, failures} = busUnderTest();
    bus.subscribe('broken', () => Promise.reject(new Error('no connection')));
    bus.emit(decision('a'));
    bus.emit(decision('b'));
    await new Promise((done) => setImmediate(done));
    expect(received.map(({seq}) => seq)).toEqual([1, 2]);
    expect(failures).toEqual(['broken: Error: no connection']);
  });

  it('does not wait for a sink that never ends', () => {
    const {bus, received, failures} = busUnderTest();
    bus.subscribe('slow', () => new Promise<void>(() => undefined));
    bus.emit(decision('a'));
    bus.emit(decision('b'));
    expect(received.map(({seq}) => seq)).toEqual([1, 2]);
    expect(failures).toEqual([]);
  });

  it('hands every sink the events in the same order, also one that a sink emits', () => {
    const received: string[] = [];
    const {bus} = busUnderTest();
    bus.subscribe('talkative', ({event}) => {
      if (event.type === 'starting') bus.emit(decision('answer'));
    });
    bus.subscribe('last', ({seq, event}) => void received.push(`${seq} ${event.type}`));
    bus.emit(STARTING);
    expect(received).toEqual(['1 starting', '2 decision']);
  });

  it('goes on when the failure of a sink cannot be reported', () => {
    const received: number[] = [];
    const bus = createEventBus({
      run: 'run-1',
      now: () => new Date(0),
      scrub: (event) => event,
      onFailure: () => {
        throw new Error('stderr is closed');
      },
    });
    bus.subscribe('broken', () => {
      throw new Error('disk full');
    });
    bus.subscribe('last', ({seq}) => void received.push(seq));
    bus.emit(STARTING);
    expect(received).toEqual([1]);
  });
});
