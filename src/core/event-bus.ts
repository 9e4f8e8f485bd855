import type {Emit, Event, Sink, StampedEvent} from './events.ts';

/** The one way of the events of a run to the sinks that report, show or keep them. */
export interface EventBus {
  /** Stamps the event and hands it to every sink; never throws. */
  readonly emit: Emit;
  /** Hands every later event to the sink, which failures name by this name; the answer ends that. */
  readonly subscribe: (name: string, sink: Sink) => () => void;
}

/** What a bus is made from. */
export interface EventBusParts {
  /** Id of the run. */
  readonly run: string;
  /** Wall clock. */
  readonly now: () => Date;
  /** Takes the secrets out of an event; the one place where that is done for all sinks. */
  readonly scrub: (event: Event) => Event;
  /** What sinks get for an event: the event, and what follows from it; without it, the event alone. */
  readonly follow?: (event: Event) => readonly Event[];
  /** Called at the first failure of a sink. */
  readonly onFailure: (sink: string, error: unknown) => void;
}

/**
 * A bus for one run. No sink affects the run or another sink: what one throws, or rejects with, is reported once, and nobody waits for
 * a promise. A sink that needs time keeps its own queue.
 */
export function createEventBus({run, now, scrub, follow, onFailure}: EventBusParts): EventBus {
  const sinks = new Set<Subscription>();
  const queue: StampedEvent[] = [];
  let delivering = false;
  let seq = 0;

  const fail = (subscription: Subscription, error: unknown): void => {
    if (subscription.failed) return;
    subscription.failed = true;
    try {
      onFailure(subscription.name, error);
    } catch {
      // There is nobody left who could be informed.
    }
  };
  const deliver = (stamped: StampedEvent): void => {
    for (const subscription of sinks)
      try {
        const done = subscription.sink(stamped);
        if (done instanceof Promise) done.catch((error: unknown) => fail(subscription, error));
      } catch (error) {
        fail(subscription, error);
      }
  };

  const following: Subscription = {name: 'phases', sink: () => undefined, failed: false};
  const followed = (event: Event): readonly Event[] => {
    try {
      return follow ? follow(event) : [event];
    } catch (error) {
      fail(following, error);
      return [event];
    }
  };

  return {
    emit(event, {action} = {}) {
      const at = now().toISOString();
      for (const one of followed(event)) {
        seq += 1;
        queue.push({run, seq, at, ...(action !== undefined && {action}), event: scrub(one)});
      }
      // What a sink emits comes after what is being delivered, for every sink.
      if (delivering) return;
      delivering = true;
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) deliver(next);
      delivering = false;
    },
    subscribe(name, sink) {
      const subscription: Subscription = {name, sink, failed: false};
      sinks.add(subscription);
      return () => void sinks.delete(subscription);
    },
  };
}

interface Subscription {
  readonly name: string;
  readonly sink: Sink;
  failed: boolean;
}
