import type {ImageRow} from '../contract/images.ts';
import {age} from './clock.ts';
import type {Child} from './dom.ts';
import {el, fill} from './dom.ts';
import type {Tone} from './notes.ts';
import {pill} from './notes.ts';
import type {Path} from './path.ts';
import {path} from './path.ts';
import {counted} from './text.ts';

/** The table of status in the order that the server gave; what had the focus has it again. */
export function imagesTable(place: HTMLElement, rows: readonly ImageRow[]): void {
  const focused = place.contains(document.activeElement) ? document.activeElement?.id : undefined;
  if (rows.length === 0) fill(place, el('p', {class: 'quiet empty'}, 'No image passes the filter.'));
  else
    fill(
      place,
      el(
        'table',
        {class: 'table stacks images'},
        el('caption', {class: 'unseen'}, `${counted(rows.length, 'row')}, the worst first`),
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ['State', 'Image', 'Cloud', 'Version', 'Verified', 'Red on'].map((title) =>
              el('th', {scope: 'col'}, title),
            ),
          ),
        ),
        el('tbody', {}, rows.map(rowOf)),
      ),
    );
  if (focused !== undefined && focused !== '') document.getElementById(focused)?.focus();
}

function rowOf(row: ImageRow, index: number): HTMLElement {
  const {cloud, definition, name, version, built, newer, verified, redOn, detail, hold} = row;
  const title = definition ?? name ?? (row.image === null ? '' : '(no name)');
  return el(
    'tr',
    {},
    el(
      'td',
      {},
      pill(toneOf(row), wordOf(row)),
      hold?.lasts === true && [' ', pill('plain', 'held', hold.reason ?? undefined)],
    ),
    el(
      'th',
      {scope: 'row'},
      title === '' ? '—' : el('a', {href: addressOf(row, title), id: `row-${index}`}, title),
      name !== null && name !== title && el('span', {class: 'sub'}, name),
      detail !== null && el('span', {class: 'sub'}, detail),
    ),
    cell('Cloud', cloud),
    cell(
      'Version',
      version,
      built !== null && el('span', {class: 'sub'}, `built ${built}`),
      newer !== null && el('span', {class: 'sub'}, `newer: ${newer}`),
    ),
    cell(
      'Verified',
      verified && (verified.kind === 'pass' ? 'pass' : `fail: ${verified.cause}`),
      verified && verified.at !== '' && el('span', {class: 'sub'}, age(verified.at)),
    ),
    cell(
      'Red on',
      redOn && (redOn.now ? 'now' : redOn.at.slice(0, 10)),
      redOn && el('span', {class: 'sub'}, redOn.rule),
    ),
  );
}

function cell(label: string, value: string | null, ...more: readonly Child[]): HTMLElement {
  return el('td', value === null ? {class: 'none'} : {'data-label': label}, el('div', {}, value, more));
}

/** An image that is no definition's current one has an address of its own. */
function addressOf({cloud, definition, image, state}: ImageRow, title: string): Path {
  const isCurrent = definition !== null && !['quarantined', 'importing', 'pending', 'ready'].includes(state);
  return path`/images/${cloud}/${isCurrent ? definition : (image ?? title)}`;
}

/** An image can be in order and break a rule, now or soon. */
function wordOf({state, redOn}: ImageRow): string {
  if (state !== 'ok' || redOn === null) return state;
  return redOn.now ? 'red' : 'due';
}

function toneOf({state, offending, redOn}: ImageRow): Tone {
  if (redOn?.now === true || ['unreachable', 'missing', 'revoked'].includes(state)) return 'bad';
  if (state === 'importing' || state === 'pending') return 'busy';
  if (offending || redOn !== null) return 'warn';
  return state === 'ok' ? 'good' : 'plain';
}
