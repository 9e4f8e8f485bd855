import type {z} from 'zod';
import type {finding, findingAhead} from '../contract/common.ts';
import {time} from './clock.ts';
import {el} from './dom.ts';
import {pill} from './notes.ts';
import {counted} from './text.ts';

type Finding = z.infer<typeof finding>;
type Ahead = z.infer<typeof findingAhead>;

/** As many findings of one image are shown. */
const MOST = 200;

/** What the audit found, and what it will find; each with its remedy. */
export function findingList(found: readonly Finding[], ahead: readonly Ahead[]): HTMLElement {
  const all: readonly (Finding & {readonly from?: string})[] = [...found, ...ahead];
  if (all.length === 0)
    return el('p', {class: 'quiet'}, 'The audit found nothing, and expects nothing within its forecast.');
  return el(
    'div',
    {},
    el('ul', {class: 'plain rows'}, all.slice(0, MOST).map(item)),
    all.length > MOST &&
      el('p', {class: 'quiet'}, `${counted(all.length - MOST, 'more finding')}: the command shows all`),
  );
}

function item(one: Finding & {readonly from?: string}): HTMLElement {
  const {rule, severity, decides, message, remedy, section, by, from, ignored} = one;
  const tone = ignored ? 'plain' : severity === 'error' && decides ? 'bad' : severity === 'info' ? 'plain' : 'warn';
  return el(
    'li',
    {},
    el(
      'div',
      {class: 'buttons'},
      pill(tone, ignored ? 'ignored' : severity),
      el('code', {}, rule),
      from !== undefined && el('span', {}, 'there on ', time(from)),
    ),
    el('p', {}, message),
    el('p', {class: 'quiet'}, `${remedy} (${MENDS[by]}; ${section})`),
    ignored && el('p', {class: 'quiet'}, `Accepted until ${ignored.until}: ${ignored.reason}`),
  );
}

const MENDS: Readonly<Record<Finding['by'], string>> = {
  manage: 'the next manage mends it',
  update: 'a newer release mends it',
  upstream: 'only its makers can mend it',
  you: 'an operator has to mend it',
};
