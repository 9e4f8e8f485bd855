import type {RunRow} from '../contract/runs.ts';
import {age, elapsed} from './clock.ts';
import {el, fill} from './dom.ts';
import {pill} from './notes.ts';
import {path} from './path.ts';
import {stateTone} from './run-state.ts';
import {durationText} from './time.ts';
import {counted} from './text.ts';

/** Runs in the order that the server gave; what had the focus has it again. */
export function runsTable(place: HTMLElement, runs: readonly RunRow[]): void {
  const focused = place.contains(document.activeElement) ? document.activeElement?.id : undefined;
  if (runs.length === 0) fill(place, el('p', {class: 'quiet empty'}, 'No run of this host passes the filter.'));
  else
    fill(
      place,
      el(
        'table',
        {class: 'table stacks'},
        el('caption', {class: 'unseen'}, `${counted(runs.length, 'run')}, the running ones first, then the newest`),
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['State', 'Run', 'Clouds', 'Phase and time', 'Result', 'Who'].map((title) =>
              el('th', {scope: 'col'}, title),
            ),
          ),
        ),
        el('tbody', {}, runs.map(rowOf)),
      ),
    );
  if (focused !== undefined && focused !== '') document.getElementById(focused)?.focus();
}

function rowOf(run: RunRow): HTMLElement {
  const {id, verb, state, phase, clouds, definitions, startedAt, elapsedMs, who, server, host} = run;
  const isRunning = state === 'RUNNING' || state === 'PENDING';
  return el(
    'tr',
    {},
    el('td', {}, pill(stateTone(state), state)),
    el(
      'th',
      {scope: 'row'},
      el('a', {href: path`/runs/${id}`, id: `run-${id}`}, verb),
      el('span', {class: 'sub'}, listText(definitions, 'definition')),
    ),
    el('td', clouds.length === 0 ? {class: 'none'} : {'data-label': 'Clouds'}, listText(clouds, 'cloud')),
    el(
      'td',
      {'data-label': 'Time'},
      el(
        'span',
        {},
        isRunning ? [`${phase}, `, elapsed(startedAt)] : durationText(elapsedMs),
        el('span', {class: 'sub'}, age(startedAt)),
      ),
    ),
    el('td', resultText(run) === '' ? {class: 'none'} : {'data-label': 'Result'}, resultText(run)),
    el(
      'td',
      {'data-label': 'Who'},
      el('span', {}, server?.by ?? who.sudoUser ?? who.user, el('span', {class: 'sub'}, who.job ?? host)),
    ),
  );
}

function resultText({counts, reason, state}: RunRow): string {
  if (reason !== null && state !== 'SUCCESS') return reason;
  return Object.entries(counts ?? {})
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}

function listText(names: readonly string[], one: string): string {
  return names.length > 3 ? counted(names.length, one) : names.join(', ');
}
