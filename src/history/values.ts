import type {SQLInputValue} from 'node:sqlite';
import type {ActionSummary} from '../core/events.ts';

/** Named parameters of a statement. */
export type Values = Readonly<Record<string, SQLInputValue>>;

/** Longer texts of columns are cut; the event has all of it. */
const LONGEST_TEXT = 2000;

/** Of an action that was not begun. */
export const PLANNED = {phase: 'Pending', reason: 'Planned', message: null, started: null, ended: null};

/** What a row has of an action. */
export function aboutAction(cloud: string, id: string, action: ActionSummary): Values {
  const {kind, definition, version, image, reason} = action;
  return {
    ...{cloud: text(cloud), id: text(id), kind, definition: text(definition), version: text(version)},
    ...{image: text(image), planned: text(reason)},
  };
}

/** What names the row of a build. */
export function aboutBuild({definition, version}: {readonly definition: string; readonly version?: string}): Values {
  return {definition: text(definition), version: text(version ?? '')};
}

/** `CODE: message`. */
export function reasonOf({code, message}: {readonly code: string; readonly message: string}): string {
  return `${code}: ${message}`.slice(0, LONGEST_TEXT).toWellFormed();
}

/** A text as a column takes it; null: there is none. */
export function text(value: string): string;
export function text(value: string | undefined): string | null;
export function text(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, LONGEST_TEXT).toWellFormed();
}
