import type {ImageAnswer} from '../contract/images.ts';
import {time} from './clock.ts';
import {el} from './dom.ts';
import {pill} from './notes.ts';
import {path} from './path.ts';

const MOST = 1000;

/** All images of a definition, the newest version first: predecessors, candidates, those in quarantine, revoked ones. */
export function chainTable(chain: ImageAnswer['shown']['chain'], cloud: string, shown: readonly string[]): HTMLElement {
  if (chain.length === 0) return el('p', {class: 'quiet empty'}, 'There are none.');
  return el(
    'table',
    {class: 'table stacks'},
    el('caption', {class: 'unseen'}, 'Images of the definition, the newest version first'),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        ['Version', 'State', 'Visibility', 'Created', 'Name'].map((title) => el('th', {scope: 'col'}, title)),
      ),
    ),
    el(
      'tbody',
      {},
      chain
        .slice(0, MOST)
        .map(({image, name, version, state, visibility, createdAt, reason, revoked}) =>
          el(
            'tr',
            {},
            el(
              'th',
              {scope: 'row'},
              shown.includes(image)
                ? (version ?? '(not ours)')
                : el('a', {href: path`/images/${cloud}/${image}`}, version ?? '(not ours)'),
            ),
            el(
              'td',
              {},
              pill(state === 'current' ? 'good' : state === 'quarantined' ? 'bad' : 'plain', state ?? 'not ours'),
              revoked && [' ', pill('bad', 'revoked')],
              reason !== null && el('span', {class: 'sub'}, reason),
            ),
            el('td', {'data-label': 'Visibility'}, visibility),
            el('td', {'data-label': 'Created'}, time(createdAt)),
            el('td', {'data-label': 'Name'}, el('span', {}, name ?? '(none)', el('span', {class: 'sub mono'}, image))),
          ),
        ),
    ),
  );
}
