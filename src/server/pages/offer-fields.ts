import type {Offer} from '../contract/verbs.ts';
import type {Chosen} from './offer-command.ts';
import {el} from './dom.ts';

/** Something that a person can fill in or tick. */
interface Field {
  readonly flag: string;
  readonly label: string;
  readonly kind: 'text' | 'date' | 'tick';
  readonly help?: string;
}

const PUBLIC_REASON: Field = {
  ...{flag: 'publicReason', label: 'Write the reason onto the image', kind: 'tick'},
  help: 'Everybody who sees the image can read it then; otherwise it stays in the history.',
};
const REASON: Field = {flag: 'reason', label: 'Reason', kind: 'text', help: 'At most 255 characters.'};
const REBUILD: Field = {flag: 'rebuild', label: 'Build again, whatever is there', kind: 'tick'};
const REVERIFY: Field = {flag: 'reverify', label: 'Boot quarantined images once more', kind: 'tick'};

const FIELDS: Readonly<Record<Offer['verb'], readonly Field[]>> = {
  manage: [REVERIFY, REBUILD],
  build: [REBUILD],
  verify: [{flag: 'deep', label: 'Also read all bytes and compare their digest', kind: 'tick'}],
  hold: [
    {
      flag: 'until',
      label: 'Until the end of (UTC)',
      kind: 'date',
      help: 'Nothing is published, retired or deleted before.',
    },
    REASON,
    PUBLIC_REASON,
  ],
  unhold: [],
  rollback: [
    REASON,
    {flag: 'to', label: 'To version', kind: 'text', help: 'Empty: the newest one that was published before.'},
    PUBLIC_REASON,
  ],
};
const DELETE: Field = {
  ...{flag: 'delete', label: 'Also plan deletions', kind: 'tick'},
  help: 'What a plan deletes has to be typed before it is carried out.',
};

/** The fields of an offer, and what is chosen in them. */
export interface Fields {
  readonly element: HTMLElement;
  readonly chosen: () => Chosen;
}

/** Fields for what a person has to give, and may give; `onChange` is told of every change. */
export function offerFields(offer: Offer, onChange: () => void): Fields {
  const {verb, via, flags, asks} = offer;
  const all = verb === 'manage' && via === 'plans' ? [...FIELDS.manage, DELETE] : FIELDS[verb];
  const isUsual = flags['undo'] === undefined && flags['pull'] === undefined;
  const fields = all.filter(
    ({flag}) => asks.includes(flag) || (isUsual && flags[flag] === undefined) || flag === 'reason',
  );
  const made = fields.map((field) => ({field, ...fieldOf(field, asks.includes(field.flag))}));
  return {
    element: el(
      'div',
      {class: 'fields', on: {input: onChange}},
      made.map(({element}) => element),
    ),
    chosen: () =>
      Object.fromEntries(
        made.flatMap(({field, input}): [string, string | boolean][] => {
          if (field.kind === 'tick') return input.checked ? [[field.flag, true]] : [];
          return input.value.trim() === '' ? [] : [[field.flag, input.value.trim()]];
        }),
      ),
  };
}

function fieldOf(
  {flag, label, kind, help}: Field,
  required: boolean,
): {readonly element: HTMLElement; readonly input: HTMLInputElement} {
  const id = `offer-${flag}`;
  const described = help === undefined ? {} : {'aria-describedby': `${id}-help`};
  const text = help !== undefined && el('p', {class: 'quiet', id: `${id}-help`}, help);
  if (kind === 'tick') {
    const input = el('input', {type: 'checkbox', id, ...described});
    return {input, element: el('div', {class: 'field'}, el('label', {for: id}, input, ' ', label), text)};
  }
  const input = el('input', {
    ...{type: kind, id, required, maxlength: 255, autocomplete: 'off'},
    ...described,
  });
  return {
    input,
    element: el('div', {class: 'field'}, el('label', {for: id}, label, !required && ' (optional)'), input, text),
  };
}
