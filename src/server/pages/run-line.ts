import {elapsed} from './clock.ts';
import {el, fill, setAttributes, setText} from './dom.ts';
import {path} from './path.ts';
import {STEP_WORDS, kindText} from './run-steps.ts';
import type {Step, StepState, Subject} from './run-subject.ts';

/** The line of one image: what it is, its steps, what is done besides, what became of it. Changed in place, so that nothing jumps. */
export class RunLine {
  readonly element: HTMLElement;
  readonly #subject: Subject;
  readonly #head = el('header', {});
  readonly #steps = el('ol', {class: 'line'});
  readonly #extras = el('p', {class: 'quiet extras'});
  readonly #outcome = el('div', {});
  #items: {readonly name: string; readonly element: HTMLElement; readonly detail: HTMLElement; shown: string}[] = [];
  #seen = 0;
  #shownHead = '';
  #shownOutcome: Subject['outcome'];

  constructor(subject: Subject) {
    this.#subject = subject;
    this.element = el('li', {class: 'subject'}, this.#head, this.#steps, this.#extras, this.#outcome);
  }

  /** Shows what the subject is now; `force`: also where no event came, as at the end of a run. */
  update(force: boolean): void {
    const {changed, steps, extras, outcome} = this.#subject;
    if (changed === this.#seen && !force) return;
    this.#seen = changed;
    const {definition, version, image, phase} = this.#subject;
    const head = JSON.stringify([definition, version, image, phase]);
    if (head !== this.#shownHead) fill(this.#head, headOf(this.#subject));
    this.#shownHead = head;
    if (steps.map(({name}) => name).join() !== this.#items.map(({name}) => name).join()) this.#rebuild(steps);
    steps.forEach((step, index) => {
      const item = this.#items[index];
      if (item) updateItem(item, step);
    });
    this.#steps.hidden = steps.length === 0;
    this.#extras.hidden = extras.length === 0;
    setText(
      this.#extras,
      extras
        .map(
          ({kind, version, state, reason}) =>
            `${kindText(kind)}${version === undefined ? '' : ` ${version}`}: ${EXTRA_WORDS[state]}${state === 'waiting' && reason !== undefined ? ` (${reason})` : ''}`,
        )
        .join(' · '),
    );
    if (outcome === this.#shownOutcome) return;
    this.#shownOutcome = outcome;
    fill(
      this.#outcome,
      outcome &&
        el(
          'div',
          {class: 'outcome', 'data-state': outcome.tone},
          el(
            'div',
            {},
            el('p', {}, el('strong', {}, outcome.text)),
            outcome.detail !== undefined && outcome.detail !== '' && el('p', {}, outcome.detail),
            outcome.hint !== undefined && el('p', {}, `Next: ${outcome.hint}`),
          ),
        ),
    );
  }

  #rebuild(steps: readonly Step[]): void {
    this.#items = steps.map(({name}) => {
      const detail = el('span', {class: 'detail'});
      return {name, detail, shown: '', element: el('li', {}, el('span', {class: 'step'}, STEP_WORDS[name]), detail)};
    });
    fill(
      this.#steps,
      this.#items.map(({element}) => element),
    );
  }
}

const EXTRA_WORDS: Readonly<Record<StepState, string>> = {
  ...{waiting: 'planned', now: 'under way', done: 'done', failed: 'failed', stopped: 'not done'},
};

/** What a screen reader hears of a step; the eye sees it by its sign. */
const STATE_WORDS: Readonly<Record<StepState, string>> = {
  ...{waiting: 'not begun', now: 'under way', done: 'done', failed: 'failed', stopped: 'not reached'},
};

function headOf({definition, version, cloud, image, phase}: Subject): HTMLElement[] {
  return [
    el('h3', {}, definition, version !== undefined && ` ${version}`),
    el('span', {class: 'quiet'}, cloud === '' ? 'built on this host' : `on ${cloud}`),
    ...(image === undefined || cloud === '' ? [] : [el('a', {href: path`/images/${cloud}/${image}`}, 'the image')]),
    ...(phase === undefined ? [] : [el('span', {class: 'quiet'}, phase)]),
  ];
}

function updateItem(
  item: {readonly element: HTMLElement; readonly detail: HTMLElement; shown: string},
  step: Step,
): void {
  const {state, detail, since, share} = step;
  const shown = JSON.stringify(step);
  if (shown === item.shown) return;
  item.shown = shown;
  setAttributes(item.element, {'data-state': state, 'aria-current': state === 'now' ? 'step' : undefined});
  fill(
    item.detail,
    el('span', {class: 'unseen'}, STATE_WORDS[state], detail === '' ? '' : ': '),
    detail,
    state === 'now' && since !== undefined && [detail === '' ? '' : ', ', elapsed(since)],
    state === 'now' &&
      share !== undefined &&
      el('progress', {max: 100, value: String(Math.round(share * 100)), 'aria-label': detail}),
  );
}
