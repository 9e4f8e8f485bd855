import {Automaton} from './automaton.ts';
import {spellingsOf} from './spellings.ts';

/** What stands in place of a secret. */
const REDACTED = '***';

/** Where secrets are made known, as soon as somebody reads or is given one. */
export interface Secrets {
  add(secret: string | undefined): void;
  /** A user and its password, which HTTP sends as base64 of `user:password`. */
  addLogin(user: string, password: string): void;
  /** The text with every known secret, in every spelling of it, replaced by `***`. Linear in the text. */
  scrub(text: string): string;
}

/** The secrets of one run. */
export class SecretRegistry implements Secrets {
  readonly #known = new Set<string>();
  readonly #spellings = new Set<string>();
  #automaton: Automaton | undefined;

  add(secret: string | undefined): void {
    if (secret === undefined || this.#known.has(secret)) return;
    this.#known.add(secret);
    this.#learn(spellingsOf(secret));
  }

  addLogin(user: string, password: string): void {
    this.add(password);
    this.#learn([Buffer.from(`${user}:${password}`).toString('base64')]);
  }

  scrub(text: string): string {
    return this.scrubPart(text, false).text;
  }

  /** Of a text that goes on: what is certain, and the rest, which may be the beginning of a secret and belongs in front of what follows. */
  scrubPart(text: string, goesOn: boolean): {readonly text: string; readonly rest: string} {
    if (this.#spellings.size === 0) return {text, rest: ''};
    this.#automaton ??= new Automaton(this.#spellings);
    const {found, open} = this.#automaton.scan(text);
    // What was found up to the open part may be longer in the end.
    const across = found.find(({start, end}) => start < open && end >= open);
    const until = goesOn ? (across?.start ?? open) : text.length;
    let clean = '';
    let at = 0;
    for (const {start, end} of found) {
      if (start >= until) break;
      clean += text.slice(at, start) + REDACTED;
      at = end;
    }
    return {text: clean + text.slice(at, Math.max(at, until)), rest: text.slice(Math.max(at, until))};
  }

  #learn(spellings: Iterable<string>): void {
    for (const spelling of spellings) this.#spellings.add(spelling);
    this.#automaton = undefined;
  }
}

const SECRET_VARIABLE = /^OS_(?:\w*_)?(?:PASSWORD|PASSCODE|SECRET|TOKEN)$/;

/** Makes the secrets known that stand in environment variables of OpenStack. */
export function addEnvironment(secrets: Secrets, env: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(env)) if (SECRET_VARIABLE.test(name)) secrets.add(value);
}
