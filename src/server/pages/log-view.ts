import {el, fill, setText} from './dom.ts';
import type {LogSearch} from './log-search.ts';
import {counted} from './text.ts';

/** Lines in one block of the page: blocks that are not seen are not laid out. */
const BLOCK = 250;
/** As much text as stays on the page; older blocks go. */
const MOST_CHARACTERS = 4_000_000;
const MOST_LINES = 40_000;

interface Block {
  readonly element: HTMLElement;
  readonly text: Text;
  lines: number;
}

/** The lines of a log: appended, followed to their end while that is wanted, the oldest dropped where there are too many. */
export class LogView {
  readonly element: HTMLElement;
  readonly #blocks: Block[] = [];
  readonly #lines = el('div', {class: 'log-lines'});
  readonly #dropped = el('p', {class: 'log-dropped', hidden: true});
  readonly #onFollow: (follows: boolean) => void;
  #follows = true;
  #characters = 0;
  #lineCount = 0;
  #droppedLines = 0;

  /** `label`: what a screen reader calls it. `onFollow` is told when scrolling changes whether the end is followed. */
  constructor(label: string, onFollow: (follows: boolean) => void) {
    this.#onFollow = onFollow;
    this.element = el(
      'div',
      {class: 'log', tabindex: 0, role: 'region', 'aria-label': label, on: {scroll: () => this.#scrolled()}},
      this.#dropped,
      this.#lines,
    );
  }

  /** Adds lines. */
  append(lines: readonly string[]): void {
    for (let from = 0; from < lines.length;) from += this.#fillBlock(lines, from);
    this.#dropOldest();
    if (this.#follows) this.toEnd();
  }

  /** Empties the view. */
  clear(): void {
    this.#blocks.length = 0;
    fill(this.#lines);
    this.#characters = this.#lineCount = this.#droppedLines = 0;
    this.#dropped.hidden = true;
  }

  /** Whether the end stays in sight. */
  follow(follows: boolean): void {
    this.#follows = follows;
    if (follows) this.toEnd();
  }

  toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Looks for the text; what it finds is the search's. */
  showFound(search: LogSearch, wanted: string): void {
    search.find(
      this.#blocks.map(({text}) => text),
      wanted,
    );
  }

  /** True while there is nothing in it. */
  get isEmpty(): boolean {
    return this.#lineCount + this.#droppedLines === 0;
  }

  #fillBlock(lines: readonly string[], from: number): number {
    const block = this.#openBlock();
    const part = lines.slice(from, from + BLOCK - block.lines);
    const text = part.map((line) => `${line}\n`).join('');
    block.text.appendData(text);
    block.lines += part.length;
    this.#lineCount += part.length;
    this.#characters += text.length;
    return part.length;
  }

  #openBlock(): Block {
    const last = this.#blocks.at(-1);
    if (last && last.lines < BLOCK) return last;
    const text = document.createTextNode('');
    const block = {element: el('div', {class: 'log-block'}, text), text, lines: 0};
    this.#blocks.push(block);
    this.#lines.append(block.element);
    return block;
  }

  #dropOldest(): void {
    while (this.#blocks.length > 1 && (this.#characters > MOST_CHARACTERS || this.#lineCount > MOST_LINES)) {
      const block = this.#blocks.shift();
      if (!block) break;
      this.#characters -= block.text.length;
      this.#lineCount -= block.lines;
      this.#droppedLines += block.lines;
      block.element.remove();
    }
    if (this.#droppedLines === 0) return;
    this.#dropped.hidden = false;
    setText(this.#dropped, `${counted(this.#droppedLines, 'older line')} not shown here: the download has everything`);
  }

  #scrolled(): void {
    const {scrollTop, scrollHeight, clientHeight} = this.element;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 24;
    if (atEnd === this.#follows) return;
    this.#follows = atEnd;
    this.#onFollow(atEnd);
  }
}
