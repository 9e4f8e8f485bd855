import {Automaton} from './automaton.ts';
import {passingSpellingsOf, spellingsOf} from './spellings.ts';

/** What stands in place of a secret. */
const REDACTED = '***';

/** Fewer characters at a cut end say nothing of a secret. */
const SHORTEST_BEGINNING = 4;

/** What is kept of secrets that servers hand out: the latest, so that no server decides about the memory and the time of the run. */
const PASSING_CHARACTERS = 16 * 1024;
const PASSING_LONGEST = 4096;
/** Shorter ones may be ordinary words, which a server could make vanish from everything that is written. */
const PASSING_SHORTEST = 16;

/** Where secrets are made known, as soon as somebody reads or is given one. */
export interface Secrets {
  add(secret: string | undefined): void;
  /** What a server handed out (a signature in a redirect); only the latest are kept. */
  addPassing(secret: string): void;
  /** A user and its password, which HTTP sends as base64 of `user:password`. */
  addLogin(user: string, password: string): void;
  /** The text with every known secret, in every spelling of it, replaced by `***`. Linear in the text. */
  scrub(text: string): string;
  /** The same for a text that somebody may have cut off: at its end, also before dots and quotes, the beginning of a secret goes, too. */
  scrubCut(text: string): string;
  /** Of a text that goes on: what is certain, and the rest, which may be the beginning of a secret and belongs in front of what follows. */
  scrubPart(text: string, goesOn: boolean): ScrubbedPart;
}

/** See {@link Secrets.scrubPart}. */
export interface ScrubbedPart {
  readonly text: string;
  readonly rest: string;
}

/** The secrets of one run. */
export class SecretRegistry implements Secrets {
  readonly #known = new Set<string>();
  readonly #passing = new Set<string>();
  readonly #spellings = new Set<string>();
  /** Short texts in which no secret was found: what is reported repeats itself. */
  #harmless = new Set<string>();
  /** The same from before, so that what is said again and again stays known among many texts that are said once. */
  #harmlessBefore = new Set<string>();
  #automaton: Automaton | undefined;

  add(secret: string | undefined): void {
    if (secret === undefined || this.#known.has(secret)) return;
    this.#known.add(secret);
    this.#learn(spellingsOf(secret));
  }

  addPassing(secret: string): void {
    const kept = secret.slice(0, PASSING_LONGEST);
    if (kept.length < PASSING_SHORTEST || this.#passing.has(kept) || this.#known.has(secret)) return;
    this.#passing.add(kept);
    let characters = [...this.#passing].reduce((sum, {length}) => sum + length, 0);
    for (const oldest of this.#passing) {
      if (characters <= PASSING_CHARACTERS) break;
      characters -= oldest.length;
      this.#passing.delete(oldest);
    }
    this.#forget();
  }

  addLogin(user: string, password: string): void {
    this.add(password);
    this.#learn([Buffer.from(`${user}:${password}`).toString('base64')]);
  }

  scrub(text: string): string {
    // A search takes no longer there than remembering the text does.
    if (text.length <= SHORT) return this.scrubPart(text, false).text;
    if (this.#harmless.has(text)) return text;
    if (this.#harmlessBefore.has(text)) {
      this.#keepHarmless(text);
      return text;
    }
    const {text: clean} = this.scrubPart(text, false);
    if (clean === text && text.length <= HARMLESS_LONGEST) this.#keepHarmless(text);
    return clean;
  }

  #keepHarmless(text: string): void {
    if (this.#harmless.size >= HARMLESS_MOST) {
      this.#harmlessBefore = this.#harmless;
      this.#harmless = new Set();
    }
    this.#harmless.add(text);
  }

  scrubCut(text: string): string {
    const end = endOfWords(text);
    const {text: clean, rest} = this.scrubPart(text.slice(0, end), true);
    const last = rest.length < SHORTEST_BEGINNING ? rest : REDACTED;
    return clean + last + text.slice(end);
  }

  scrubPart(text: string, goesOn: boolean): ScrubbedPart {
    if (this.#spellings.size === 0 && this.#passing.size === 0) return {text, rest: ''};
    this.#automaton ??= new Automaton([...this.#spellings, ...[...this.#passing].flatMap(passingSpellingsOf)]);
    const {found, open} = this.#automaton.scan(text);
    if (found.length === 0 && !goesOn) return {text, rest: ''};
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

  #forget(): void {
    this.#automaton = undefined;
    this.#harmless.clear();
    this.#harmlessBefore.clear();
  }

  #learn(spellings: Iterable<string>): void {
    for (const spelling of spellings) this.#spellings.add(spelling);
    this.#forget();
  }
}

const SHORT = 40;
const HARMLESS_LONGEST = 400;
const HARMLESS_MOST = 2048;

const SECRET_VARIABLE = /^OS_(?:\w*_)?(?:PASSWORD|PASSCODE|SECRET|TOKEN)$/;

/** Makes the secrets known that stand in environment variables of OpenStack, and the users of proxies with their passwords. */
export function addEnvironment(secrets: Secrets, env: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(env))
    if (SECRET_VARIABLE.test(name)) secrets.add(value);
    else if (value !== undefined && PROXY_VARIABLE.test(name)) addProxy(secrets, value);
}

const PROXY_VARIABLE = /^(?:https?|ftp|all)_proxy$/i;

function addProxy(secrets: Secrets, value: string): void {
  const url = URL.parse(value);
  if (url === null || url.password === '') return;
  secrets.add(url.password);
  try {
    secrets.addLogin(decodeURIComponent(url.username), decodeURIComponent(url.password));
  } catch {
    // A percent sign that escapes nothing: as it is written, it is known already.
  }
}

/** Where the dots, quotes and brackets begin that may stand behind a text that was cut off. */
function endOfWords(text: string): number {
  let end = text.length;
  while (end > 0 && end > text.length - 16 && /[.…"'\])}>\s]/.test(text[end - 1] ?? '')) end -= 1;
  return end;
}
