import type {Path} from './path.ts';
import {visible} from './text.ts';

/** What an element can hold. Strings become text nodes and never anything else; nothing, false and null are left out. */
export type Child = Node | string | number | false | null | undefined | readonly Child[];

/** The attributes that pages use. There is none here that a browser would run, and addresses are those of this server. */
interface Attributes {
  readonly class?: string;
  readonly id?: string;
  readonly href?: Path;
  readonly title?: string;
  readonly role?: string;
  readonly lang?: string;
  readonly type?: 'button' | 'submit' | 'text' | 'search' | 'checkbox' | 'password' | 'radio' | 'date';
  readonly name?: string;
  readonly value?: string;
  readonly placeholder?: string;
  readonly autocomplete?: 'off' | 'current-password';
  readonly for?: string;
  readonly scope?: 'col' | 'row';
  readonly datetime?: string;
  readonly download?: string;
  readonly method?: 'dialog';
  readonly tabindex?: number;
  readonly max?: number;
  readonly rows?: number;
  readonly maxlength?: number;
  readonly colspan?: number;
  readonly open?: boolean;
  readonly hidden?: boolean;
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly selected?: boolean;
  readonly required?: boolean;
  readonly 'data-label'?: string;
  readonly 'data-state'?: string;
  readonly [aria: `aria-${string}`]: string | number | boolean | undefined;
}

type Handlers = {readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void};

/** An element of that name with attributes, handlers (`on`) and content. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes & {readonly on?: Handlers} = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const {on = {}, ...rest} = attributes;
  setAttributes(element, rest);
  for (const [name, handler] of Object.entries(on)) element.addEventListener(name, handler as EventListener);
  element.append(...nodesOf(children));
  return element;
}

/** Changes attributes of an element that is there; undefined and false take one away. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || (value === false && !name.startsWith('aria-'))) element.removeAttribute(name);
    else element.setAttribute(name, value === true && !name.startsWith('aria-') ? '' : visible(String(value)));
  }
}

/** Puts this in the place of everything that an element holds. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...nodesOf(children));
}

/** Changes the text of an element where it is another one, so that nothing is read out again. */
export function setText(element: Element, text: string): void {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

/** The element with that id; the shell of the pages has it. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

function nodesOf(children: readonly Child[]): Node[] {
  return children.flatMap((child): Node[] => {
    if (child === undefined || child === null || child === false) return [];
    if (child instanceof Node) return [child];
    if (typeof child === 'string' || typeof child === 'number')
      return [document.createTextNode(visible(String(child)))];
    return nodesOf(child);
  });
}
