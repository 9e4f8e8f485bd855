import {el} from './dom.ts';
import type {Path} from './path.ts';
import {go, path, withQuery} from './path.ts';

/** Commands that the history has runs of. */
const VERBS = ['manage', 'build', 'verify', 'hold', 'unhold', 'rollback', 'import', 'hide', 'delete'] as const;

/** What a verb is called where it begins a sentence. */
export const VERB_WORDS: Readonly<Record<string, string>> = {manage: 'Manage', rollback: 'Roll back'};

/** Verb, result, cloud and definition; kept in the address of the page. */
export function runsFilter(clouds: readonly string[]): HTMLElement {
  const query = new URLSearchParams(location.search);
  const submit = (): void => {
    // Fields that say nothing stay out of the address.
    const said = [...new FormData(form)].flatMap(([name, value]) =>
      typeof value === 'string' && value !== '' ? [[name, value] as const] : [],
    );
    go(withQuery(path`/runs`, said));
  };
  const form = el(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': 'Filter of the runs',
      on: {change: submit, submit: (event) => event.preventDefault()},
    },
    choice({name: 'verb', label: 'Verb', all: 'every verb', values: VERBS, chosen: query.get('verb')}),
    choice({
      name: 'result',
      label: 'Result',
      all: 'every result',
      values: ['running', 'failed'],
      chosen: query.get('result'),
    }),
    clouds.length > 1 &&
      choice({name: 'cloud', label: 'Cloud', all: 'all clouds', values: clouds, chosen: query.get('cloud')}),
    el(
      'div',
      {class: 'field'},
      el('label', {for: 'filter-definition'}, 'Definition'),
      el('input', {
        type: 'search',
        id: 'filter-definition',
        name: 'definition',
        value: query.get('definition') ?? '',
        autocomplete: 'off',
      }),
    ),
  );
  return form;
}

/** Where the runs are asked for that the address of the page names. */
export function runsAddress(): Path {
  const known = ['verb', 'result', 'cloud', 'definition', 'before'];
  const query = [...new URLSearchParams(location.search)].filter(
    ([name, value]) => known.includes(name) && value !== '',
  );
  return withQuery(path`/v1/runs`, query);
}

function choice(of: {
  readonly name: string;
  readonly label: string;
  readonly all: string;
  readonly values: readonly string[];
  readonly chosen: string | null;
}): HTMLElement {
  const id = `filter-${of.name}`;
  return el(
    'div',
    {class: 'field'},
    el('label', {for: id}, of.label),
    el(
      'select',
      {id, name: of.name},
      el('option', {value: ''}, of.all),
      of.values.map((value) => el('option', {value, selected: value === of.chosen}, value)),
    ),
  );
}
