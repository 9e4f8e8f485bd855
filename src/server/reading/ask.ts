import {randomUUID} from 'node:crypto';
import {createContext} from '../../compose/context.ts';
import type {Event} from '../../core/events.ts';
import type {Observation} from '../../core/metrics/observation.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import type {CloudOutcome} from '../../workflow/types.ts';
import type {ServerParts} from '../parts.ts';

/** What a verb that writes to no cloud answered. */
export interface Answered {
  readonly events: readonly Event[];
  readonly outcomes: readonly CloudOutcome[];
  /** What metrics tell of each cloud that was looked at. */
  readonly observations: ReadonlyMap<string, Observation>;
  /** What ended it before its end. */
  readonly failure?: ImgmgrError;
}

/** Events that are no part of an answer, and there may be many of. */
const LEFT_OUT: ReadonlySet<Event['type']> = new Set(['http', 'progress', 'waiting', 'decision', 'starting']);

/**
 * Asks a verb that only reads, in this process, by the command line that a person would type. Never throws; TIMEOUT where it takes longer
 * than `limitMs`: what it still waits for is let go.
 */
export async function ask(line: readonly string[], limitMs: number, parts: ServerParts): Promise<Answered> {
  const {caller, secrets, now} = parts;
  const observations = new Map<string, Observation>();
  const events: Event[] = [];
  const outcomes: CloudOutcome[] = [];
  const emit = (event: Event): void => {
    if (!LEFT_OUT.has(event.type)) events.push(event);
  };
  const late = new ImgmgrError('TIMEOUT', `no answer within ${Math.round(limitMs / 1000)} s`, {
    hint: 'look whether the cloud answers: imgmgr status --cloud NAME --debug',
  });
  const controller = new AbortController();
  const {signal} = controller;
  const run = randomUUID();
  const work = async (): Promise<ImgmgrError | undefined> => {
    try {
      const command = await parts.parse(line);
      const {allowPrivateSources, images} = command;
      const context = createContext({
        ...{run, caller, now, emit, abandoned: signal, allowPrivateSources, secrets},
        ...(images && {images}),
      });
      try {
        const verb = await command.load();
        const observe = (cloud: string, seen: Observation): void => void observations.set(cloud, seen);
        const control = {run, signal, beginWriting: refuseWriting, observe};
        for await (const outcome of verb(command.request, {...context, ...control}, emit)) outcomes.push(outcome);
      } finally {
        await context.close();
      }
      return undefined;
    } catch (error) {
      return signal.aborted ? late : asImgmgrError(error);
    }
  };
  const overdue = Promise.withResolvers<ImgmgrError>();
  const timer = setTimeout(() => {
    controller.abort(late);
    overdue.resolve(late);
  }, limitMs);
  try {
    const failure = await Promise.race([work(), overdue.promise]);
    return {events, outcomes, observations, ...(failure && {failure})};
  } finally {
    clearTimeout(timer);
  }
}

/** What is asked in this process changes nothing: all that does is a process of its own. */
function refuseWriting(): never {
  throw new ImgmgrError('INTERNAL', 'a verb that only reads began to write');
}
