import type {Caller} from '../compose/context.ts';
import type {EventBus} from '../core/event-bus.ts';
import type {StampedEvent} from '../core/events.ts';
import type {Notifier} from '../ports/notifier.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {Invocation} from './invocation.ts';
import type {Io} from './io.ts';

/** What notifications of a run are made with. */
export interface NotifyParts {
  readonly invocation: Pick<Invocation<unknown>, 'webhook'>;
  readonly bus: EventBus;
  readonly caller: Caller;
  readonly io: Pick<Io, 'now'>;
  readonly secrets: Secrets;
}

/** The notifications of one run. */
export interface RunNotices {
  /** Rejects with CONFIG where the secret cannot be read: the run does not begin then. */
  readonly ready: () => Promise<void>;
  /** Waits until everything is told; not for long where the run was interrupted. */
  readonly end: (interrupted: boolean) => Promise<void>;
}

/** The end of a run waits so long at most. */
const END_MS = 10_000;
const INTERRUPTED_MS = 1000;

/** No part of a path that is shorter is taken for a secret. */
const SHORTEST_SECRET = 16;

/** Tells the program at `--webhook` of the run, from its first event on. */
export function notifyOf({invocation: {webhook}, bus, caller, io, secrets}: NotifyParts): RunNotices {
  if (webhook === undefined) return {ready: () => Promise.resolve(), end: () => Promise.resolve()};
  // Who knows the address of some services may send to it. Before anything is kept of the command line.
  for (const part of webhook.url.pathname.split('/')) if (part.length >= SHORTEST_SECRET) secrets.add(part);
  const early: StampedEvent[] = [];
  let notifier: Notifier | undefined;
  bus.subscribe('webhook', (stamped) => {
    if (notifier) notifier.take(stamped);
    else early.push(stamped);
  });
  const open = async (): Promise<void> => {
    const {openNotifier} = await import('../compose/context.ts');
    notifier = await openNotifier({...webhook, caller, secrets, now: () => io.now(), emit: bus.emit});
    for (const stamped of early.splice(0)) notifier.take(stamped);
  };
  const opening = open();
  // Whoever waits for it hears of it.
  opening.catch(() => undefined);
  return {
    ready: () => opening,
    end: async (interrupted) => notifier?.end(interrupted ? INTERRUPTED_MS : END_MS),
  };
}
