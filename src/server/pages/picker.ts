import {el} from './dom.ts';

/** Names to choose from, and which are chosen. */
export interface Picker {
  readonly element: HTMLElement;
  /** The chosen names; empty: none. */
  readonly chosen: () => readonly string[];
  /** True while every name is chosen. */
  readonly isWhole: () => boolean;
}

/** A group of ticks, all of them set, in a box that scrolls; a first tick sets and clears all. */
export function picker(label: string, names: readonly string[], onChange: () => void): Picker {
  const boxes = names.map((name) => ({name, input: el('input', {type: 'checkbox', checked: true})}));
  const all = el('input', {type: 'checkbox', checked: true});
  const sync = (): void => {
    const count = boxes.filter(({input}) => input.checked).length;
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    onChange();
  };
  all.addEventListener('change', () => {
    for (const {input} of boxes) input.checked = all.checked;
    onChange();
  });
  return {
    element: el(
      'fieldset',
      {class: 'picker'},
      el('legend', {}, label),
      names.length > 1 && el('label', {class: 'all'}, all, ` All ${names.length}`),
      el(
        'div',
        {class: 'picker-names'},
        boxes.map(({name, input}) => {
          input.addEventListener('change', sync);
          return el('label', {}, input, ' ', name);
        }),
      ),
    ),
    chosen: () => boxes.flatMap(({name, input}) => (input.checked ? [name] : [])),
    isWhole: () => boxes.every(({input}) => input.checked),
  };
}
