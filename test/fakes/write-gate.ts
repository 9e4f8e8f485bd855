import type {Service} from './exchange.ts';

/** A request that changes the cloud (POST, PUT, PATCH, DELETE to Glance or Nova), counted from 1 in order of arrival. */
export interface WriteRequest {
  readonly number: number;
  readonly service: Service;
  readonly method: string;
  readonly path: string;
}

/** What a test decides about writes. While a hook is pending, no other write is looked at. */
export interface WriteHooks {
  /** The head has arrived, nothing is done. `drop`: cut the connection as if the request had never come; default `pass`. */
  readonly arrived?: (write: WriteRequest) => Decision<'pass' | 'drop'>;
  /** All is done, nothing answered. `cut`: end the connection; `silence`: leave it open for ever; default `answer`. */
  readonly processed?: (write: WriteRequest) => Decision<'answer' | 'cut' | 'silence'>;
  /** The answer has been handed to the network. */
  readonly answered?: (write: WriteRequest) => Decision<unknown>;
}

type Decision<T> = T | undefined | Promise<T | undefined>;

/** The three instants at which a client can die around a write. */
export type KillMoment = 'before it is sent' | 'before the answer' | 'after the answer';

export const KILL_MOMENTS: readonly KillMoment[] = ['before it is sent', 'before the answer', 'after the answer'];

/** Hooks that call `kill` (and wait for it) at write `number`: the client is dead before anything else is looked at. */
export function killAt(number: number, moment: KillMoment, kill: () => Promise<void>): WriteHooks {
  const due = async (write: WriteRequest, at: KillMoment): Promise<boolean> => {
    if (write.number !== number || moment !== at) return false;
    await kill();
    return true;
  };
  return {
    arrived: async (write) => ((await due(write, 'before it is sent')) ? 'drop' : 'pass'),
    processed: async (write) => ((await due(write, 'before the answer')) ? 'cut' : 'answer'),
    answered: (write) => due(write, 'after the answer'),
  };
}

/** Numbers the writes and lets a test stand at their three instants. */
export interface WriteGate {
  intercept(hooks: WriteHooks): () => void;
  /** Starts counting from 1 again. */
  restart(): void;
  next(request: Omit<WriteRequest, 'number'>): WriteRequest;
  arrived(write: WriteRequest): Promise<'pass' | 'drop'>;
  processed(write: WriteRequest): Promise<'answer' | 'cut' | 'silence'>;
  answered(write: WriteRequest): Promise<void>;
}

/** Without hooks every write passes at once. */
export function createWriteGate(): WriteGate {
  let hooks: WriteHooks | undefined;
  let count = 0;
  let queue: Promise<unknown> = Promise.resolve();

  /** One hook at a time, in order of arrival. */
  const inTurn = async <T>(ask: (current: WriteHooks) => Decision<T>, otherwise: T): Promise<T> => {
    if (hooks === undefined) return otherwise;
    const turn = queue.then(async () => (hooks === undefined ? otherwise : ((await ask(hooks)) ?? otherwise)));
    queue = turn.catch(() => undefined);
    return await turn;
  };

  return {
    intercept: (given) => {
      hooks = given;
      return () => {
        if (hooks === given) hooks = undefined;
      };
    },
    restart: () => {
      count = 0;
    },
    next: (request) => {
      count += 1;
      return {...request, number: count};
    },
    arrived: (write) => inTurn<'pass' | 'drop'>((current) => current.arrived?.(write), 'pass'),
    processed: (write) => inTurn<'answer' | 'cut' | 'silence'>((current) => current.processed?.(write), 'answer'),
    answered: async (write) => {
      await inTurn<unknown>((current) => current.answered?.(write), undefined);
    },
  };
}
