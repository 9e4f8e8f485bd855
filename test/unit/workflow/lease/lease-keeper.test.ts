import {describe, expect, it} from 'vitest';
import type {Event} from '../../../../src/core/events.ts';
import {readLeases} from '../../../../src/core/lease.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {LeaseKeeper} from '../../../../src/workflow/lease/lease-keeper.ts';
import {MemoryStore, VirtualClock, runtime} from '../memory-store.ts';

interface Party {
  readonly keeper: LeaseKeeper;
  readonly store: MemoryStore;
  readonly events: Event[];
}

function world(): {clock: VirtualClock; alive: Set<number>; join: (pid: number, bootId?: string) => Party} {
  const clock = new VirtualClock();
  const images = new MemoryStore(clock).images;
  const alive = new Set<number>();
  const join = (pid: number, bootId?: string): Party => {
    alive.add(pid);
    const store = new MemoryStore(clock, images);
    const events: Event[] = [];
    const context = {
      store,
      projectId: 'p',
      run: `run-${pid}`,
      runtime: runtime(clock, pid, alive, bootId),
      emit: (event: Event) => events.push(event),
      signal: new AbortController().signal,
    };
    return {keeper: new LeaseKeeper(context), store, events};
  };
  return {clock, alive, join};
}

describe('the lease', () => {
  it('costs one create, one listing and one delete when nobody else is there', async () => {
    const {clock, join} = world();
    const {keeper, store} = join(1);
    const claim = await clock.run(keeper.take(['A', 'B']));
    expect([...claim.held]).toEqual(['A', 'B']);
    await clock.run(keeper.release());
    expect(store.calls.map((call) => call.split(' ')[0])).toEqual(['create', 'list', 'delete']);
    expect(store.images.size).toBe(0);
  });

  it('leaves to another run what that one holds, and takes the rest', async () => {
    const {clock, join} = world();
    const [one, two] = [join(1), join(2)];
    await clock.run(one.keeper.take(['A', 'B']));
    const claim = await clock.run(two.keeper.take(['B', 'C']));
    expect([...claim.held]).toEqual(['C']);
    expect([...claim.lost]).toEqual(['B']);
  });

  it('hands a definition over as soon as its holder is done', async () => {
    const {clock, join} = world();
    const [one, two] = [join(1), join(2)];
    await clock.run(one.keeper.take(['A']));
    await clock.run(two.keeper.take(['A']));
    const waiting = two.keeper.waitFor(60_000);
    await clock.run(Promise.resolve());
    await clock.run(one.keeper.release());
    expect([...(await clock.run(waiting)).held]).toEqual(['A']);
  });

  it('gives up when the holder lives on past the limit', async () => {
    const {clock, join} = world();
    const [one, two] = [join(1), join(2)];
    await clock.run(one.keeper.take(['A']));
    await clock.run(two.keeper.take(['A']));
    const claim = await clock.run(two.keeper.waitFor(65_000));
    expect([...claim.held]).toEqual([]);
    expect([...claim.lost]).toEqual(['A']);
    expect(two.events.some((event) => event.type === 'waiting')).toBe(true);
    one.keeper.assertAlive();
  });

  it('U6: says run, process, host and since when of the holder, while it waits and afterwards', async () => {
    const {clock, join} = world();
    const [one, two] = [join(1, 'boot-2'), join(2)];
    await clock.run(one.keeper.take(['A']));
    const since = [...one.store.images.values()][0]?.createdAt;
    await clock.run(two.keeper.take(['A']));
    await clock.run(two.keeper.waitFor(65_000));
    const who = `run run-1 (process 1 on host-boot-2, since ${since})`;
    const waiting = two.events.flatMap((event) => (event.type === 'waiting' ? [event.message] : []));
    expect(new Set(waiting)).toEqual(new Set([`A is locked by ${who}`]));
    expect(two.keeper.holderOf('A')).toBe(who);
  });

  it('passes over a dead holder on this host at once', async () => {
    const {clock, join, alive} = world();
    const [one, two] = [join(1), join(2)];
    await clock.run(one.keeper.take(['A']));
    alive.delete(1);
    expect([...(await clock.run(two.keeper.take(['A']))).held]).toEqual(['A']);
  });

  it('waits for the end of life of a dead holder on another host', async () => {
    const {clock, join} = world();
    const [one, two] = [join(1, 'boot-2'), join(2)];
    one.store.before = (call) => {
      if (call.startsWith('patch')) throw new ImgmgrError('UNAVAILABLE', 'its heart stopped');
    };
    await clock.run(one.keeper.take(['A']));
    await clock.run(two.keeper.take(['A']));
    expect([...(await clock.run(two.keeper.waitFor(65_000))).held]).toEqual(['A']);
  });

  it('stops its own run when its heart has not beaten for too long', async () => {
    const {clock, join} = world();
    const {keeper, store, events} = join(1);
    store.before = (call) => {
      if (call.startsWith('patch')) throw new ImgmgrError('UNAVAILABLE', 'no answer');
    };
    await clock.run(keeper.take(['A']));
    keeper.assertAlive();
    await clock.run(clock.sleep(55_000));
    expect(() => keeper.assertAlive()).toThrow(expect.objectContaining({code: 'LOCKED'}) as Error);
    expect(events.some((event) => event.type === 'decision')).toBe(true);
  });

  it('says when its record could not be deleted, and does not throw', async () => {
    const {clock, join} = world();
    const {keeper, store, events} = join(1);
    await clock.run(keeper.take(['A']));
    store.before = () => {
      throw new ImgmgrError('UNAVAILABLE', 'gone away');
    };
    await clock.run(keeper.release());
    expect(events).toContainEqual(expect.objectContaining({type: 'warning', code: 'cleanup-failed'}));
  });
});

describe('two runs at the same instant', () => {
  /** Every order of the calls of two runs: a bit string says who moves next. */
  const schedules = Array.from({length: 64}, (_, n) => Array.from({length: 6}, (_bit, place) => (n >> place) & 1));

  it.each(schedules)(
    'never both hold one definition, and one of them gets it (%j %j %j %j %j %j)',
    async (...order) => {
      const {clock, join} = world();
      const parties = [join(1), join(2)];
      const gates: (() => void)[][] = [[], []];
      parties.forEach(({store}, index) => {
        store.before = () =>
          new Promise<void>((resolve) => {
            gates[index]?.push(resolve);
          });
      });
      const claims = parties.map(({keeper}) => keeper.take(['A']));
      for (const who of order) {
        await new Promise((resolve) => setImmediate(resolve));
        gates[who]?.shift()?.();
      }
      for (const {store} of parties) store.before = () => undefined;
      for (const waiting of gates) for (const open of waiting) open();
      const [one, two] = await clock.run(Promise.all(claims));
      expect(one?.held.has('A') === true && two?.held.has('A') === true).toBe(false);
      const loser = parties.filter((_, index) => [one, two][index]?.held.has('A') !== true);
      const winners = 2 - loser.length;
      if (winners === 0) {
        const [first, second] = await clock.run(Promise.all(parties.map(({keeper}) => keeper.waitFor(30_000))));
        expect([first, second].filter((claim) => claim?.held.has('A') === true)).toHaveLength(1);
      }
      expect(
        readLeases([...(parties[0]?.store.images.values() ?? [])], 'p').filter((lease) => lease.held.has('A')),
      ).toHaveLength(1);
    },
  );
});
