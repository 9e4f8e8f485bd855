import type {LogAnswer, LogRef} from '../contract/runs.ts';
import {get} from './api.ts';
import {el, fill, setAttributes, setText} from './dom.ts';
import {shownLine} from './log-lines.ts';
import {LogSearch} from './log-search.ts';
import {LogView} from './log-view.ts';
import {path} from './path.ts';

/** How often more is asked for while a run goes on, and when a call failed. */
const AGAIN_MS = 1000;

/** The logs of a run: one at a time, followed while it grows, searched, downloaded. */
export class RunLog {
  readonly element: HTMLElement;
  readonly #run: string;
  readonly #view: LogView;
  readonly #search = new LogSearch();
  readonly #tabs = el('div', {class: 'tabs', role: 'group', 'aria-label': 'Logs'});
  readonly #follow = el('input', {type: 'checkbox', id: 'log-follow', checked: true});
  readonly #wanted = el('input', {type: 'search', id: 'log-search', autocomplete: 'off'});
  readonly #found = el('span', {class: 'found', role: 'status'});
  readonly #state = el('span', {class: 'quiet', role: 'status'});
  readonly #download = el('span', {});
  #logs: readonly LogRef[] = [];
  #shown: string | undefined;
  /** Counts the logs that were opened, so that an answer that comes late is known. */
  #turn = 0;

  constructor(run: string) {
    this.#run = run;
    this.#view = new LogView('Lines of the log', (follows) => (this.#follow.checked = follows));
    this.#follow.addEventListener('change', () => this.#view.follow(this.#follow.checked));
    this.#wanted.addEventListener('input', () => this.#find());
    this.#wanted.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#step(event.shiftKey ? -1 : 1);
    });
    this.element = el(
      'section',
      {class: 'card flush', 'aria-labelledby': 'log-title'},
      el('div', {class: 'log-tools'}, el('h2', {id: 'log-title'}, 'Log'), this.#tabs, this.#state),
      el(
        'div',
        {class: 'log-tools'},
        el('label', {for: 'log-follow'}, this.#follow, ' Follow'),
        el(
          'span',
          {class: 'buttons'},
          el('label', {for: 'log-search'}, 'Search'),
          this.#wanted,
          this.#button('Previous', -1),
          this.#button('Next', 1),
        ),
        this.#found,
        this.#download,
      ),
      this.#view.element,
    );
  }

  /** Takes over which logs there are; the first one is opened, and a new one that is a build's. */
  offer(logs: readonly LogRef[]): void {
    if (JSON.stringify(logs) === JSON.stringify(this.#logs)) return;
    this.#logs = logs;
    if (this.#shown === undefined && logs[0]) this.open((logs.find(({kind}) => kind === 'build') ?? logs[0]).log);
    this.#showTabs();
  }

  /** Shows that log from its beginning. */
  open(log: string): void {
    this.#turn++;
    this.#shown = log;
    this.#view.clear();
    this.#view.follow(this.#follow.checked);
    this.#showTabs();
    fill(
      this.#download,
      el('a', {href: path`/v1/runs/${this.#run}/log?log=${log}&download=1`, class: 'button', download: ''}, 'Download'),
    );
    void this.#read(log, this.#turn);
  }

  async #read(log: string, turn: number): Promise<void> {
    for (let offset = 0; turn === this.#turn;) {
      const answer = await get<LogAnswer>(path`/v1/runs/${this.#run}/log?log=${log}&offset=${offset}`).catch(
        () => undefined,
      );
      if (turn !== this.#turn) return;
      if (answer && answer.next > offset) {
        offset = answer.next;
        this.#view.append(answer.lines.map(shownLine));
        if (this.#wanted.value !== '') this.#find();
      }
      setText(
        this.#state,
        answer ? (answer.over ? (this.#view.isEmpty ? 'It is empty.' : '') : 'live') : 'connection lost, trying again',
      );
      if (answer?.over === true) return;
      // What is there already comes without a pause.
      if (!answer || answer.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  #showTabs(): void {
    fill(
      this.#tabs,
      this.#logs.length > 1 &&
        this.#logs.map((ref) => {
          const button = el(
            'button',
            {type: 'button', class: 'small', on: {click: () => this.open(ref.log)}},
            tabText(ref),
          );
          setAttributes(button, {'aria-pressed': ref.log === this.#shown});
          return button;
        }),
    );
  }

  #find(): void {
    this.#view.showFound(this.#search, this.#wanted.value);
    this.#showFound();
  }

  #step(by: 1 | -1): void {
    this.#follow.checked = false;
    this.#view.follow(false);
    this.#search.step(by, this.#view.element);
    this.#showFound();
  }

  #showFound(): void {
    setText(this.#found, this.#wanted.value === '' ? '' : this.#search.summary);
  }

  #button(label: string, by: 1 | -1): HTMLElement {
    return el(
      'button',
      {type: 'button', class: 'small', 'aria-label': `${label} place`, on: {click: () => this.#step(by)}},
      label,
    );
  }
}

function tabText({kind, definition, version, cloud}: LogRef): string {
  if (kind === 'output') return 'Answer';
  if (kind === 'errors') return 'Messages';
  const what = [definition, version, cloud].filter((part) => part !== null).join(' ');
  return kind === 'build' ? `Build ${what}` : `Console ${what}`;
}
