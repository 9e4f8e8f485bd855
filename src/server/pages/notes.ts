import type {ApiError} from './api.ts';
import {asApiError} from './api.ts';
import type {Child} from './dom.ts';
import {byId, el, setText} from './dom.ts';
import {path} from './path.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'plain';

/** A sentence in a frame. */
export function note(tone: Tone, ...children: readonly Child[]): HTMLElement {
  return el('div', {class: 'note', 'data-state': tone}, ...children);
}

/** A state as a sign and a word. */
export function pill(tone: Tone, word: string, title?: string): HTMLElement {
  return el('span', {class: 'state', 'data-state': tone, ...(title !== undefined && {title})}, word);
}

/** What failed: message, hint, and the run that is in the way. */
export function problem(error: unknown): HTMLElement {
  const {code, message, hint, run}: ApiError = asApiError(error);
  return el(
    'div',
    {class: 'note', 'data-state': 'bad', role: 'alert'},
    el('p', {}, el('strong', {}, `${code}: `), message),
    hint !== undefined && el('p', {class: 'quiet'}, hint),
    run !== undefined && el('p', {}, el('a', {href: path`/runs/${run}`}, 'The run that is in the way')),
  );
}

/** Has a screen reader say it when it is free. */
export function announce(text: string): void {
  setText(byId('announcer'), text);
}
