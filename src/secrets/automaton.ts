/** A piece of a text, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a scan found, and from where on the text may go on as something that is not complete yet. */
export interface Scan {
  /** Sorted, without overlaps. */
  readonly found: readonly Span[];
  /** The text from here on may be the beginning of a pattern. */
  readonly open: number;
}

interface Node {
  readonly next: Map<number, Node>;
  readonly depth: number;
  /** Where to go on when no child fits. */
  fail: Node | undefined;
  /** Length of the longest piece that ends here and counts; 0: none. */
  mark: number;
}

/**
 * Finds many patterns in one pass (Aho and Corasick, 1975): linear in the text, whatever text and patterns are. A pattern counts when it is
 * complete, and, when it is long, from its first {@link FROM} characters on: a text may have been cut off in its middle.
 */
export class Automaton {
  readonly #root: Node = newNode(0);
  /** Steps from node to node, for tests that bound the work. */
  steps = 0;

  /** 1 for characters of ASCII with which no pattern begins; most texts have little else. */
  readonly #beginsNone = new Uint8Array(ASCII).fill(1);

  constructor(patterns: Iterable<string>) {
    for (const pattern of patterns) this.#add(pattern);
    for (const unit of this.#root.next.keys()) if (unit < ASCII) this.#beginsNone[unit] = 0;
    this.#link();
  }

  scan(text: string): Scan {
    const found: Span[] = [];
    const root = this.#root;
    let node = root;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (node === root && unit < ASCII && this.#beginsNone[unit] === 1) {
        this.steps += 1;
        continue;
      }
      node = this.#step(node, unit);
      if (node.mark > 0) join(found, {start: at + 1 - node.mark, end: at + 1});
    }
    return {found, open: text.length - node.depth};
  }

  #step(from: Node, unit: number): Node {
    let node = from;
    for (;;) {
      this.steps += 1;
      const child = node.next.get(unit);
      if (child !== undefined) return child;
      if (node.fail === undefined) return node;
      node = node.fail;
    }
  }

  #add(pattern: string): void {
    let node = this.#root;
    for (let at = 0; at < pattern.length; at += 1) {
      const unit = pattern.charCodeAt(at);
      const child = node.next.get(unit) ?? newNode(node.depth + 1);
      node.next.set(unit, child);
      node = child;
      if (node.depth === pattern.length || (pattern.length >= LONG && node.depth >= FROM)) node.mark = node.depth;
    }
  }

  #link(): void {
    const queue: Node[] = [this.#root];
    for (const node of queue)
      for (const [unit, child] of node.next) {
        queue.push(child);
        child.fail = node === this.#root ? this.#root : this.#step(node.fail ?? this.#root, unit);
        if (child.mark === 0) child.mark = child.fail.mark;
      }
  }
}

const ASCII = 128;
const LONG = 16;
const FROM = 12;

function newNode(depth: number): Node {
  return {next: new Map(), depth, fail: undefined, mark: 0};
}

function join(found: Span[], span: Span): void {
  let {start} = span;
  for (let last = found.at(-1); last !== undefined && last.end >= start; last = found.at(-1)) {
    start = Math.min(start, last.start);
    found.pop();
  }
  found.push({start, end: span.end});
}
