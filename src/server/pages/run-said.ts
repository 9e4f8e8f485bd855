import type {SeenEvent} from './run-event.ts';

/** Something that a run said besides its progress: a warning, an error, an answer. */
export interface Said {
  readonly tone: 'good' | 'bad' | 'warn';
  /** ISO 8601. */
  readonly at: string;
  /** Cloud and definition, where it is about one. */
  readonly about: string;
  readonly text: string;
  readonly hint?: string;
  /** Lines for a definition file. */
  readonly lines?: readonly string[];
}

/** What an event says to people; undefined for one that only says how far something is. */
export function saidOf(event: SeenEvent): Said | undefined {
  const {at, cloud, definition, lines} = event;
  const about = [cloud, definition].filter((part) => typeof part === 'string' && part !== '').join(', ');
  const found = textOf(event);
  return found && {at, about, ...found, ...(lines !== undefined && lines.length > 0 && {lines})};
}

function textOf(event: SeenEvent): Pick<Said, 'tone' | 'text' | 'hint'> | undefined {
  const {type, error = {}, message = '', hint, left = []} = event;
  switch (type) {
    case 'warning':
      return {tone: 'warn', text: message, ...(hint !== undefined && {hint})};
    case 'definition-failed':
    case 'cloud-failed':
    case 'run-failed':
      return {
        tone: 'bad',
        text: [`${error.code ?? 'INTERNAL'}: ${error.message ?? 'no reason known'}`, error.place]
          .filter(Boolean)
          .join(', '),
        ...(error.hint !== undefined && {hint: error.hint}),
      };
    case 'hold':
      return {tone: 'good', text: holdText(event)};
    case 'rolled-back':
      return {tone: 'good', text: rollbackText(event)};
    case 'interrupted':
      return {
        tone: 'warn',
        text: `interrupted by ${event.signal ?? 'a signal'}${left.length > 0 ? `; it leaves ${left.join(', ')}` : ''}`,
      };
    default:
      return undefined;
  }
}

function holdText({definition, change = '', until, reason}: SeenEvent): string {
  const what = definition ?? 'every definition';
  const end = typeof until === 'string' ? ` until ${until}` : '';
  const why = reason === undefined ? '' : `: ${reason}`;
  if (change === 'lifted') return `the hold of ${what} is lifted`;
  return change === 'none' ? `there was no hold of ${what}` : `${what} is held${end}${why}`;
}

function rollbackText({how, versions = [], current, definition}: SeenEvent): string {
  const which = versions.join(', ') || 'nothing';
  if (how === 'undo') return `${which} is not revoked any more`;
  const now =
    typeof current === 'string' ? `${current} has the name` : `nothing bears the name of ${definition ?? 'it'}`;
  return `revoked: ${which}; ${now}`;
}
