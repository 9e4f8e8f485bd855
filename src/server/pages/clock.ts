import {el, setAttributes, setText} from './dom.ts';
import {ageText, durationText, momentText} from './time.ts';

/** All that ticks on this page, once a second. */
const ticking = new Set<() => void>();
setInterval(() => {
  for (const tick of ticking) tick();
}, 1000);

/** By how much the server's clock is ahead of this browser's, milliseconds; ages and elapsed times go by the server's. */
let aheadMs = 0;

/** Notes the server's time, the header `Date` of an answer that has just come; a second is as exact as it is. */
export function noteServerTime(date: string | null): void {
  const found = Date.parse(date ?? '') - Date.now();
  if (Math.abs(found - aheadMs) > 1500) aheadMs = found;
}

/** Now, by the server's clock, milliseconds since 1970. */
function serverNow(): number {
  return Date.now() + aheadMs;
}

class Ticking extends HTMLElement {
  readonly #tick = (): void => {
    setText(this, this.textNow());
  };

  connectedCallback(): void {
    ticking.add(this.#tick);
    this.#tick();
  }

  disconnectedCallback(): void {
    ticking.delete(this.#tick);
  }

  protected textNow(): string {
    return '';
  }
}

/** How long ago a moment was, kept right; `at`: ISO 8601. */
class Age extends Ticking {
  at = '';

  protected override textNow(): string {
    return ageText(serverNow() - Date.parse(this.at));
  }
}

/** How long something has gone on; `since`: ISO 8601. */
class Elapsed extends Ticking {
  since = '';

  protected override textNow(): string {
    return durationText(serverNow() - Date.parse(this.since));
  }
}

customElements.define('imgmgr-age', Age);
customElements.define('imgmgr-elapsed', Elapsed);

/** A moment with its zone, and its age, which is kept right. */
export function moment(iso: string): HTMLElement {
  return el('span', {class: 'moment'}, time(iso), ' (', age(iso), ')');
}

/** A moment with its zone. */
export function time(iso: string): HTMLElement {
  return el('time', {datetime: iso}, momentText(iso));
}

/** The age alone; the moment is its title. */
export function age(iso: string): HTMLElement {
  const element = new Age();
  element.at = iso;
  setAttributes(element, {title: momentText(iso)});
  return element;
}

/** Elapsed time since a moment, which goes on. */
export function elapsed(since: string): HTMLElement {
  const element = new Elapsed();
  element.since = since;
  return element;
}
