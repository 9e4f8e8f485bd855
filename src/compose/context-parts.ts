import type {Readable} from 'node:stream';
import type {Environment} from '../config/config-context.ts';
import type {Emit} from '../core/events.ts';
import type {Secrets} from '../secrets/registry.ts';

/** On whose behalf a context works, as values: nothing here asks the process, so contexts of several users fit in one process. */
export interface Caller {
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** Absolute path of the user's home. */
  readonly home: string;
  readonly uid: number;
  readonly env: Environment;
}

/** What a context is made from. */
export interface ContextParts {
  /** Id of the run. */
  readonly run: string;
  readonly caller: Caller;
  readonly now: () => Date;
  /** What an image is read from that comes from stdin; called where one does. Absent: none does. */
  readonly stdin?: () => Readable;
  /** Shows the operator what nothing else may hold: no log, no event, no history. Absent: nobody is there. */
  readonly showOnce?: (text: string) => void;
  readonly emit: Emit;
  /** Ends every connection, where nothing was written yet. */
  readonly abandoned: AbortSignal;
  /** Redirects of sources may lead to this host and to private networks. */
  readonly allowPrivateSources: boolean;
  /** Where definitions are read where neither flag nor environment names any; absent: the usual places. */
  readonly images?: readonly string[];
  /** Gets to know the secrets of clouds, proxies and guests. */
  readonly secrets: Secrets;
}
