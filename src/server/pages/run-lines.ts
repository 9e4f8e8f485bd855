import {el, fill, setText} from './dom.ts';
import {announce} from './notes.ts';
import {RunLine} from './run-line.ts';
import type {RunModel} from './run-model.ts';
import {STEP_WORDS} from './run-steps.ts';
import type {Subject} from './run-subject.ts';
import {counted} from './text.ts';

/** As many lines are shown at once. */
const MOST = 200;

/** The lines of a run: what is under way first, then what failed, what waits, what is done. */
export class RunLines {
  readonly element: HTMLElement;
  readonly #list = el('ol', {class: 'plain'});
  readonly #rest = el('p', {class: 'quiet'});
  readonly #lines = new Map<Subject, RunLine>();
  #said = '';

  constructor() {
    this.element = el('div', {}, this.#list, this.#rest);
  }

  /** Shows the model as it is now; `over`: no event will follow. */
  update({subjects, unchanged, stage}: RunModel, over: boolean): void {
    const all = [...subjects.values()]
      .flat()
      .filter(({steps, extras, outcome}) => steps.length + extras.length > 0 || outcome !== undefined);
    const sorted = all.toSorted((one, other) => rankOf(one) - rankOf(other)).slice(0, MOST);
    const lines = sorted.map((subject) => {
      const line = this.#lines.get(subject) ?? new RunLine(subject);
      this.#lines.set(subject, line);
      line.update(over);
      return line.element;
    });
    const isSame =
      lines.length === this.#list.children.length && lines.every((line, index) => this.#list.children[index] === line);
    if (!isSame) fill(this.#list, lines);
    setText(
      this.#rest,
      restText({
        hidden: all.length - sorted.length,
        unchanged: unchanged.size,
        stage: all.length > 0 || over ? '' : stage,
        over,
      }),
    );
    this.#rest.hidden = this.#rest.textContent === '';
    this.#announce(all);
  }

  /** Says what is new, where it is little enough to listen to. */
  #announce(all: readonly Subject[]): void {
    const texts = all.slice(0, 3).map((subject) => {
      const now = subject.steps.find(({state}) => state === 'now');
      return `${subject.definition}: ${subject.outcome?.text ?? (now ? STEP_WORDS[now.name] : 'waits')}`;
    });
    const said = texts.join('; ');
    if (said !== this.#said) announce(said);
    this.#said = said;
  }
}

function rankOf({steps, extras, outcome}: Subject): number {
  if ([...steps, ...extras].some(({state}) => state === 'now')) return 0;
  if (outcome?.tone === 'bad') return 1;
  return [...steps, ...extras].some(({state}) => state === 'waiting') ? 2 : 3;
}

function restText(of: {
  readonly hidden: number;
  readonly unchanged: number;
  readonly stage: string;
  readonly over: boolean;
}): string {
  return [
    of.stage === '' ? '' : `${of.stage} …`,
    of.hidden === 0 ? '' : `${counted(of.hidden, 'more image')} not shown`,
    of.unchanged === 0 ? '' : `${counted(of.unchanged, 'definition')} unchanged: nothing to do`,
  ]
    .filter((text) => text !== '')
    .join('; ');
}
