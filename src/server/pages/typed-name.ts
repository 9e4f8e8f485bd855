import {el} from './dom.ts';

/** A field that asks for a name before something that nothing brings back. */
export interface TypedName {
  readonly field: HTMLElement;
  /** What stands in it. */
  readonly value: () => string;
  /** The name stands in it, letter by letter. */
  readonly agrees: () => boolean;
}

/** `Type NAME to …`, with the reason below it; `changed` is called with each letter. */
export function typedName(
  asked: {readonly name: string; readonly purpose: string; readonly why: string},
  changed: () => void,
): TypedName {
  const typed = el('input', {type: 'text', id: 'confirm', autocomplete: 'off', 'aria-describedby': 'confirm-why'});
  typed.addEventListener('input', changed);
  const field = el(
    'div',
    {class: 'field'},
    el('label', {for: 'confirm'}, 'Type ', el('code', {}, asked.name), ` ${asked.purpose}`),
    typed,
    el('p', {class: 'quiet', id: 'confirm-why'}, asked.why),
  );
  return {field, value: () => typed.value, agrees: () => typed.value === asked.name};
}
