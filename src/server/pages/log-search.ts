/** As many places as are marked. */
const MOST_FOUND = 1000;

/** Finds a text in text nodes without changing them: places are marked by the CSS Custom Highlight API. */
export class LogSearch {
  #ranges: Range[] = [];
  #at = -1;

  /** Every place of the text, upper and lower case alike; none for an empty one. */
  find(nodes: readonly Text[], wanted: string): void {
    const needle = wanted.toLowerCase();
    this.#ranges = needle === '' ? [] : placesOf(nodes, needle);
    this.#at = -1;
    this.#mark();
  }

  /** `3 of 12`, `12 found`, `nothing found`. */
  get summary(): string {
    const count = this.#ranges.length;
    const most = count === MOST_FOUND ? 'at least ' : '';
    if (count === 0) return 'nothing found';
    return this.#at < 0 ? `${most}${count} found` : `${this.#at + 1} of ${most}${count}`;
  }

  /** Goes to the next place (1) or the one before (-1), and shows it in its scrolling element. */
  step(by: 1 | -1, scroller: HTMLElement): void {
    const count = this.#ranges.length;
    if (count === 0) return;
    this.#at = this.#at < 0 && by < 0 ? count - 1 : (this.#at + by + count) % count;
    this.#mark();
    const box = this.#ranges[this.#at]?.getBoundingClientRect();
    if (!box) return;
    scroller.scrollTop += box.top - scroller.getBoundingClientRect().top - scroller.clientHeight / 2;
  }

  #mark(): void {
    if (!('highlights' in CSS)) return;
    const current = this.#ranges[this.#at];
    CSS.highlights.set('found', new Highlight(...this.#ranges));
    CSS.highlights.set('found-now', new Highlight(...(current ? [current] : [])));
  }
}

function placesOf(nodes: readonly Text[], needle: string): Range[] {
  const ranges: Range[] = [];
  for (const node of nodes) {
    const text = node.data.toLowerCase();
    // Where a letter changes its length in lower case, places cannot be told.
    if (text.length !== node.length) continue;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      ranges.push(range);
      if (ranges.length === MOST_FOUND) return ranges;
    }
  }
  return ranges;
}
