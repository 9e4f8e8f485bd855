import {CallError} from '../errors.ts';

/** What a run works on; no definitions: all of them, no clouds: this host. */
export interface Subject {
  readonly verb: string;
  readonly definitions: readonly string[];
  readonly clouds: readonly string[];
  /** Absent: it is only about to begin. */
  readonly id?: string;
}

/** A hold waits for runs by itself, and is wanted while one is under way. */
const BESIDE: ReadonlySet<string> = new Set(['hold', 'unhold']);

/**
 * CONFLICT where a run of this server works on the same definition of the same cloud; undefined: none does. Of a run that the caller does
 * not see (`sees`) nothing is said but that it is there.
 */
export function conflictOf(
  wanted: Subject,
  underWay: readonly Subject[],
  sees: (run: Subject) => boolean = () => true,
): CallError | undefined {
  const other = underWay.find((run) => BESIDE.has(run.verb) === BESIDE.has(wanted.verb) && meet(wanted, run));
  if (!other) return undefined;
  const where = commonOf(wanted.clouds, other.clouds);
  const place = where === undefined ? 'on this host' : `on ${where}`;
  if (!sees(other))
    return new CallError(
      409,
      {code: 'CONFLICT', message: `a run of this server that this login does not see works ${place}`},
      {hint: 'wait until it ends'},
    );
  const what = commonOf(wanted.definitions, other.definitions);
  const message = `a run of this server (${other.verb}) works on ${what ?? 'every definition'} ${place}`;
  return new CallError(
    409,
    {code: 'CONFLICT', message, ...(other.id !== undefined && {run: other.id})},
    {hint: 'wait until it ends, or cancel it'},
  );
}

function meet(a: Subject, b: Subject): boolean {
  const bothHere = a.clouds.length === 0 && b.clouds.length === 0;
  const sameCloud = bothHere || a.clouds.some((cloud) => b.clouds.includes(cloud));
  const isAll = a.definitions.length === 0 || b.definitions.length === 0;
  return sameCloud && (isAll || commonOf(a.definitions, b.definitions) !== undefined);
}

function commonOf(a: readonly string[], b: readonly string[]): string | undefined {
  return a.find((one) => b.includes(one)) ?? (a.length === 0 ? b[0] : b.length === 0 ? a[0] : undefined);
}
