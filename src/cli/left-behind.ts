import type {ActionSummary, Event} from '../core/events.ts';

/** Remembers from events what would be half-made if the process ended now. */
export class LeftBehind {
  readonly #halfMade = new Map<string, string>();

  observe(event: Event): void {
    if (event.type === 'progress' && event.image !== undefined) this.#set(event.cloud, event, event.image);
    if (event.type === 'action-started' && MAKING.has(event.action.kind))
      this.#set(event.cloud, event.action, event.action.image);
    if (event.type === 'action-done' && MAKING.has(event.action.kind))
      this.#set(event.cloud, event.action, event.image ?? event.action.image);
    if (event.type === 'action-failed' || (event.type === 'action-done' && event.action.kind === 'publish'))
      this.#halfMade.delete(keyOf(event.cloud, event.action));
  }

  /** One line per thing: what, its id where it is known, on which cloud. */
  list(): readonly string[] {
    return [...this.#halfMade.values()];
  }

  #set(cloud: string, what: Subject, image: string | undefined): void {
    const name = what.version === undefined ? what.definition : `${what.definition} (${what.version})`;
    const id = image === undefined ? '' : ` ${image}`;
    this.#halfMade.set(keyOf(cloud, what), `image${id} of ${name} on cloud ${cloud}, not published`);
  }
}

type Subject = Pick<ActionSummary, 'definition' | 'version'>;

const MAKING: ReadonlySet<ActionSummary['kind']> = new Set(['acquire', 'resume']);

function keyOf(cloud: string, {definition, version}: Subject): string {
  return JSON.stringify([cloud, definition, version]);
}
