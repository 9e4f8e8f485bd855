import type {CloudPlan} from '../contract/plans.ts';
import type {Child} from './dom.ts';
import {el} from './dom.ts';
import {note} from './notes.ts';
import {path} from './path.ts';
import {kindText} from './run-steps.ts';
import {bytesText, counted} from './text.ts';

type Change = CloudPlan['changes'][number];

/** As many changes of a cloud, and fields of a change, are shown. */
const MOST = 300;
const MOST_FIELDS = 60;

/** What a plan does on one cloud. */
export function cloudPlan({cloud, error, kinds, costs, changes, users, definitions}: CloudPlan): HTMLElement {
  const used = users.filter(({count, unknown}) => unknown !== undefined || (count ?? 0) > 0);
  const counts = Object.entries(kinds).map(([kind, count]) => `${count} ${kindText(kind)}`);
  const reasons = definitions.flatMap(({name, reasons: why}) =>
    why.map(({counted: as, message}) => ({name, as, message})),
  );
  const unchanged = definitions.reduce((sum, each) => sum + each.unchanged, 0);
  return el(
    'section',
    {class: 'card'},
    el('h2', {}, cloud),
    error &&
      note(
        'bad',
        el('p', {}, el('strong', {}, `${error.code}: `), error.message),
        error.hint !== undefined && el('p', {class: 'quiet'}, error.hint),
      ),
    !error &&
      el(
        'p',
        {},
        [
          counts.join(', ') || 'nothing to do',
          costsText(costs),
          unchanged > 0 && `${counted(unchanged, 'image')} unchanged`,
        ]
          .filter((text) => text !== '' && text !== false)
          .join('; '),
      ),
    el(
      'ol',
      {class: 'plain rows'},
      changes.slice(0, MOST).map((change) => changeItem(change, cloud)),
    ),
    changes.length > MOST &&
      el('p', {class: 'quiet'}, `${counted(changes.length - MOST, 'more change')}: the command shows all`),
    reasons.length > 0 &&
      el(
        'ul',
        {class: 'plain rows'},
        reasons
          .slice(0, MOST)
          .map(({name, as, message}) => el('li', {}, el('strong', {}, name), ` is ${as}: ${message}`)),
      ),
    used.length > 0 && [
      el('h3', {}, 'Servers that run on these images'),
      el('ul', {}, used.slice(0, MOST).map(userItem)),
    ],
  );
}

function costsText({transfers, bytes, unknown, boots}: CloudPlan['costs']): string {
  const parts = [
    transfers > 0 &&
      `${counted(transfers, 'transfer')} of ${bytesText(bytes)}${unknown > 0 ? ` and ${unknown} of unknown size` : ''}`,
    boots > 0 && `at most ${counted(boots, 'test server')}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function changeItem(change: Change, cloud: string): HTMLElement {
  const {
    kind,
    definition,
    version,
    image,
    name,
    newName,
    reason,
    fieldChanges = [],
    noticed,
    url,
    digest,
    bytes,
  } = change;
  const isRenamed = name !== undefined && newName !== undefined && newName !== name;
  const fields = isRenamed ? fieldChanges.filter(({field}) => field !== 'name') : fieldChanges;
  return el(
    'li',
    {class: 'planned'},
    el('div', {}, el('span', {class: 'kind', 'data-state': DANGEROUS.has(kind) ? 'bad' : 'plain'}, kindText(kind))),
    el(
      'div',
      {},
      el(
        'p',
        {},
        el('strong', {}, `${definition}${version === undefined ? '' : ` ${version}`}`),
        bytes !== undefined && `, ${bytesText(bytes)}`,
        image !== undefined && [
          ' ',
          el('a', {href: path`/images/${cloud}/${image}`, class: 'mono'}, image.slice(0, 8)),
        ],
      ),
      el('p', {}, `Why: ${reason}`),
      el('p', {class: 'quiet'}, `Who notices: ${noticed ?? 'nobody outside of the project'}`),
      isRenamed && fromTo('name', name, newName),
      fields.length > 0 &&
        el(
          'details',
          {open: fields.length <= 6},
          el('summary', {}, counted(fields.length, 'field')),
          fields.slice(0, MOST_FIELDS).map(({field, from, to}) => fromTo(field, from, to)),
        ),
      url !== undefined && el('p', {class: 'quiet mono'}, url),
      digest !== undefined && el('p', {class: 'quiet mono'}, digest),
    ),
  );
}

/** Kinds of actions after which something is gone. */
const DANGEROUS: ReadonlySet<string> = new Set(['delete', 'revoke']);

function fromTo(field: string, from: unknown, to: unknown): HTMLElement {
  return el(
    'p',
    {class: 'change'},
    el('span', {class: 'quiet'}, `${field}: `),
    el('del', {}, valueText(from)),
    el('span', {'aria-hidden': true}, ' → '),
    el('ins', {}, valueText(to)),
  );
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function userItem({image, count, projects = [], unknown}: CloudPlan['users'][number]): Child {
  const where = projects.map(({projectId, count: servers}) => `${servers} in project ${projectId}`).join(', ');
  return el(
    'li',
    {},
    el('code', {}, image.slice(0, 8)),
    `: ${unknown === undefined ? counted(count ?? 0, 'server') : `not known (${unknown})`}${where === '' ? '' : `: ${where}`}`,
  );
}
