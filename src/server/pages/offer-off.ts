import {el} from './dom.ts';

/** As many stand in the dialog. */
const MOST_SHOWN = 50;

/** Definitions that are off in their files (`--force --filter NAME`), each with a button that builds it alone; undefined: there are none. */
export function offBuilds(names: readonly string[], build: (name: string) => void): HTMLElement | undefined {
  if (names.length === 0) return undefined;
  return el(
    'fieldset',
    {class: 'picker'},
    el('legend', {}, 'Build one that is off in its file'),
    el(
      'div',
      {class: 'picker-names buttons'},
      names.slice(0, MOST_SHOWN).map((name) => el('button', {type: 'button', on: {click: () => build(name)}}, name)),
    ),
    names.length > MOST_SHOWN && el('p', {class: 'quiet'}, `${names.length - MOST_SHOWN} more not shown here`),
  );
}
