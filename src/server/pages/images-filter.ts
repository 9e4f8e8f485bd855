import type {ImageRow} from '../contract/images.ts';
import {el, fill} from './dom.ts';

/** What a person wants to see of the table. */
export interface ImagesFilter {
  readonly element: HTMLElement;
  /** The clouds to ask for; empty: all. */
  readonly clouds: () => readonly string[];
  /** The rows that pass. */
  readonly pass: (rows: readonly ImageRow[]) => readonly ImageRow[];
  /** Takes over which states there are. */
  readonly offer: (rows: readonly ImageRow[]) => void;
}

/**
 * Text, cloud, state, and whether something has to be done; kept in the address of the page, so that it can be sent to somebody. `onChange` is
 * told whether the server has to be asked.
 */
export function imagesFilter(clouds: readonly string[], onChange: (asks: boolean) => void): ImagesFilter {
  const query = new URLSearchParams(location.search);
  const text = el('input', {type: 'search', id: 'filter-text', value: query.get('q') ?? '', autocomplete: 'off'});
  const cloud = el('select', {id: 'filter-cloud'}, options('all clouds', clouds, query.get('cloud') ?? ''));
  const state = el('select', {id: 'filter-state'}, options('every state', [], ''));
  const needs = el('input', {type: 'checkbox', id: 'filter-needs', checked: query.has('todo')});
  let wanted = query.get('state') ?? '';
  const changed = (asks: boolean): void => {
    wanted = state.value;
    const kept = [
      ...(text.value === '' ? [] : [['q', text.value]]),
      ...(cloud.value === '' ? [] : [['cloud', cloud.value]]),
      ...(wanted === '' ? [] : [['state', wanted]]),
      ...(needs.checked ? [['todo', '1']] : []),
    ];
    const search = new URLSearchParams(kept.map(([key = '', value = '']) => [key, value])).toString();
    history.replaceState(null, '', search === '' ? location.pathname : `?${search}`);
    onChange(asks);
  };
  cloud.addEventListener('change', () => changed(true));
  for (const input of [state, needs, text]) input.addEventListener('input', () => changed(false));
  return {
    element: el(
      'form',
      {
        class: 'filters',
        role: 'search',
        'aria-label': 'Filter of the images',
        on: {submit: (event) => event.preventDefault()},
      },
      field('filter-text', 'Find', text),
      clouds.length > 1 && field('filter-cloud', 'Cloud', cloud),
      field('filter-state', 'State', state),
      el('label', {for: 'filter-needs', class: 'tick'}, needs, ' Only what needs somebody'),
    ),
    clouds: () => (cloud.value === '' ? [] : [cloud.value]),
    offer: (rows) => {
      const states = [
        ...new Set([...rows.map((row) => row.state as string), ...(wanted === '' ? [] : [wanted])]),
      ].sort();
      if (
        states.join() !==
        [...state.options]
          .slice(1)
          .map(({value}) => value)
          .join()
      )
        fill(state, options('every state', states, wanted));
    },
    pass: (rows) => rows.filter((row) => passes(row, {text: text.value, state: wanted, needs: needs.checked})),
  };
}

function passes(
  row: ImageRow,
  wanted: {readonly text: string; readonly state: string; readonly needs: boolean},
): boolean {
  const {cloud, definition, name, version, image, state, detail, offending} = row;
  if (wanted.state !== '' && state !== wanted.state) return false;
  if (wanted.needs && !offending) return false;
  const words = wanted.text.toLowerCase().split(/\s+/);
  const seen = [cloud, definition, name, version, image, state, detail].join('\n').toLowerCase();
  return words.every((word) => seen.includes(word));
}

function options(all: string, values: readonly string[], chosen: string): HTMLElement[] {
  return [
    el('option', {value: ''}, all),
    ...values.map((value) => el('option', {value, selected: value === chosen}, value)),
  ];
}

function field(id: string, label: string, input: HTMLElement): HTMLElement {
  return el('div', {class: 'field'}, el('label', {for: id}, label), input);
}
