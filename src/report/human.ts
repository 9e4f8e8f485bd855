import type {Event} from '../core/events.ts';
import {LONG_ACTIONS, doingText, subject} from './action-text.ts';
import {formatTime} from './amounts.ts';
import {clean} from './clean.ts';
import type {LogParts} from './log.ts';
import {buildLine} from './log.ts';
import type {ProgressEvent} from './progress.ts';
import {progressTexts} from './progress.ts';
import type {Sentence} from './sentences.ts';
import {createDescriber} from './sentences.ts';
import type {Spinner} from './spinner.ts';

/** A report for a terminal: finished things scroll by, one line each; what is under way moves below them. */
export interface Human {
  emit(event: Event): void;
  /** Takes moving things off the screen, for a question or the answer, until the result is called. */
  hold(): () => void;
  close(): void;
}

/** What a terminal report needs; `loadSpinner` because its library takes longer to load than the first line may take. */
export interface HumanParts extends LogParts {
  readonly loadSpinner: () => Promise<Spinner>;
}

export function createHuman({sink, verbosity, paint, loadSpinner}: HumanParts): Human {
  const underWay = new Map<string, Moving>();
  const describe = createDescriber(verbosity);
  let spinner: Spinner | undefined;
  let closed = false;
  let ticking: NodeJS.Timeout | undefined;
  if (verbosity !== 'quiet')
    void loadSpinner().then(
      (loaded) => {
        if (closed) return;
        spinner = loaded;
        // Where nothing happens for long, as while a server boots, the clock goes on.
        ticking = setInterval(refresh, 1000).unref();
        refresh();
      },
      // Without a spinner everything is still printed.
      () => undefined,
    );

  let held = 0;
  const refresh = (): void => {
    if (held > 0) return;
    const lines = [...underWay.values()].map(({texts, sinceMs}) => texts(sink.monotonic() - sinceMs).map(clean));
    spinner?.show(lines.map((texts) => fit(texts, sink.stderr.columns)).join('\n'));
  };
  const hold = (): (() => void) => {
    held++;
    spinner?.stop();
    return () => {
      held--;
      refresh();
    };
  };
  const track = (event: Event): void => {
    const change = underWayAfter(event);
    for (const key of change.gone) underWay.delete(key);
    if (change.texts !== undefined) underWay.set(change.key, {texts: change.texts, sinceMs: sink.monotonic()});
  };

  return {
    emit(event) {
      track(event);
      const sentences = describe(event).filter(({text}) => !isShownMoving(event, text));
      if (sentences.length > 0) spinner?.stop();
      for (const sentence of sentences) sink.stderr.write(render(sentence, paint));
      refresh();
    },
    hold,
    close() {
      closed = true;
      clearInterval(ticking);
      spinner?.stop();
    },
  };
}

/** A line, the longest form first, as it reads so many milliseconds after the event. */
type Texts = (passedMs: number) => readonly [string, ...string[]];

/** What is under way, and since when it is known, by the monotonic clock. */
interface Moving {
  readonly texts: Texts;
  readonly sinceMs: number;
}

type Change = {readonly gone: readonly string[]; readonly key: string; readonly texts?: Texts};

const STAGE = 'stage';

function underWayAfter(event: Event): Change {
  switch (event.type) {
    case 'starting':
      return {gone: [], key: STAGE, texts: always('reading definitions')};
    case 'started':
      return event.clouds.length === 0
        ? {gone: [STAGE], key: ''}
        : {gone: [], key: STAGE, texts: timed(`logging in to ${event.clouds.join(', ')}`)};
    case 'cloud-started':
      return {gone: [], key: STAGE, texts: timed(`comparing ${event.cloud} with the definitions`)};
    case 'waiting':
      return {
        gone: [],
        key: STAGE,
        texts: (passedMs) => [
          `${event.message}, ${formatTime(event.elapsedMs + passedMs)} of at most ${formatTime(event.limitMs)}`,
        ],
      };
    case 'action-started':
      return {gone: [STAGE], key: subject(event.action), texts: timed(doingText(event.action))};
    case 'progress':
      return {gone: [STAGE], key: subject(event), texts: progressing(event)};
    case 'build-started':
      return {gone: [STAGE], key: subject(event), texts: timed(`building ${subject(event)}`)};
    case 'build-progress':
      return {gone: [STAGE], key: subject(event), texts: building(event)};
    case 'built':
      return {gone: [STAGE, subject(event)], key: ''};
    case 'action-done':
    case 'action-failed':
      return {gone: [STAGE, subject(event.action)], key: ''};
    case 'cloud-failed':
    case 'run-failed':
    case 'finished':
      return {gone: [STAGE], key: ''};
    case 'interrupted':
      return {gone: [], key: STAGE, texts: timed('cleaning up')};
    case 'image-phase':
    case 'planned':
    case 'plan-written':
    case 'findings':
    case 'definition-findings':
    case 'definition-failed':
    case 'warning':
    case 'verdict':
    case 'bytes-verified':
    case 'exported':
    case 'presence':
    case 'decision':
    case 'http':
    case 'deletable':
    case 'deletable-builds':
    case 'build-deleted':
    case 'artifact':
    case 'difference':
    case 'audited':
    case 'status-row':
    case 'status':
    case 'shown':
    case 'inspected':
    case 'hold':
    case 'rolled-back':
    case 'check':
    case 'checked':
    case 'setting':
    case 'policy':
    case 'history-run':
    case 'history-elsewhere':
    case 'history':
    case 'history-shown':
    case 'history-line':
      return {gone: [], key: ''};
  }
}

function always(text: string): Texts {
  return () => [text];
}

/** With the time since the event, once that is some seconds. */
function timed(text: string): Texts {
  return (passedMs) => (passedMs < 5000 ? [text] : [`${text}, ${formatTime(passedMs)}`, text]);
}

function progressing(event: ProgressEvent): Texts {
  return (passedMs) => {
    const [longest, ...shorter] = progressTexts({...event, elapsedMs: event.elapsedMs + passedMs});
    return [`${subject(event)}: ${longest}`, ...shorter.map((text) => `${subject(event)}: ${text}`)];
  };
}

function building(event: Extract<Event, {type: 'build-progress'}>): Texts {
  return (passedMs) => [buildLine({...event, elapsedMs: event.elapsedMs + passedMs})];
}

/** The start of an action moves below already; a line of its own would say it twice. */
function isShownMoving(event: Event, text: string): boolean {
  return event.type === 'action-started' && LONG_ACTIONS.has(event.action.kind) && text === doingText(event.action);
}

function render({level, text, details = [], done}: Sentence, paint: HumanParts['paint']): string {
  const mark = done === true ? paint.green('✔') : MARKS[level](paint);
  const lines = [`${mark} ${clean(text)}`, ...details.map((detail) => paint.dim(`    ${clean(detail)}`))];
  return `${lines.join('\n')}\n`;
}

const MARKS: Readonly<Record<Sentence['level'], (paint: HumanParts['paint']) => string>> = {
  error: (paint) => paint.red('✖'),
  warning: (paint) => paint.yellow('⚠'),
  info: (paint) => paint.dim('·'),
  debug: (paint) => paint.dim('…'),
};

/** The longest form that does not wrap, else the shortest one, cut: a line that wraps cannot be taken back by the cursor. */
function fit(texts: readonly string[], columns = 80): string {
  const fitting = texts.find((text) => text.length < columns - 3);
  if (fitting !== undefined) return fitting;
  const line = texts.at(-1) ?? '';
  // Half of a surrogate pair is no character.
  return `${line.slice(0, Math.max(10, columns - 4)).replace(/[\ud800-\udbff]$/, '')}…`;
}
