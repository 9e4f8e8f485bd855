import {el, fill} from './dom.ts';
import {pill} from './notes.ts';
import type {Said} from './run-said.ts';
import {time} from './clock.ts';
import {counted} from './text.ts';

/** As many messages are shown. */
const MOST = 300;

/** What a run said besides its progress, in its order. */
export class RunMessages {
  readonly element: HTMLElement;
  readonly #list = el('ul', {class: 'plain rows'});
  readonly #more = el('p', {class: 'quiet'});
  #shown = 0;

  constructor() {
    this.element = el('section', {class: 'card', hidden: true}, el('h2', {}, 'Messages'), this.#list, this.#more);
  }

  update(said: readonly Said[]): void {
    const more = said.slice(this.#shown, MOST);
    this.#list.append(...more.map(itemOf));
    this.#shown += more.length;
    this.element.hidden = said.length === 0;
    fill(this.#more, said.length > MOST && `${counted(said.length - MOST, 'more message')}: the log has all`);
  }
}

function itemOf({tone, about, text, hint, at, lines = []}: Said): HTMLElement {
  return el(
    'li',
    {},
    el('p', {}, pill(tone, WORDS[tone]), ' ', about !== '' && el('strong', {}, `${about}: `), text),
    hint !== undefined && el('p', {class: 'quiet'}, `Next: ${hint}`),
    lines.length > 0 &&
      el(
        'div',
        {class: 'mono lines'},
        lines.map((line) => el('div', {}, line)),
      ),
    el('p', {class: 'quiet'}, time(at)),
  );
}

const WORDS: Readonly<Record<Said['tone'], string>> = {good: 'done', bad: 'failed', warn: 'warning'};
