import type {RunAnswer} from '../contract/runs.ts';
import type {Session} from '../contract/session.ts';
import {get} from './api.ts';
import {checkTable} from './checks.ts';
import {el, fill} from './dom.ts';
import {watch} from './live.ts';
import {note, pill, problem} from './notes.ts';
import {offerList} from './offers.ts';
import {path} from './path.ts';
import {cancelButton} from './run-cancel.ts';
import type {SeenEvent} from './run-event.ts';
import {deletionCard} from './run-delete.ts';
import {runFacts, runHead, runOutcome} from './run-head.ts';
import {RunLines} from './run-lines.ts';
import {RunLog} from './run-log.ts';
import {RunMessages} from './run-messages.ts';
import {closeRun, newRun, takeEvent} from './run-model.ts';
import {canStart} from './session.ts';

/** Events after which there is more to be asked: a log, a verdict, a phase. */
const NEWS: ReadonlySet<string> = new Set([
  'started',
  'planned',
  'build-started',
  'built',
  'verdict',
  'action-done',
  'interrupted',
]);
/** So long news are gathered before the server is asked. */
const GATHER_MS = 700;

/** One run, live: its line, its log, who and where. */
export function runPage(main: HTMLElement, session: Session, id: string): void {
  const parts = {
    head: el('div', {class: 'title'}, el('h1', {}, 'Run')),
    connection: el('div', {role: 'status'}),
    problems: el('div', {}),
    outcome: el('div', {}),
    verdicts: el('div', {class: 'page'}),
    about: el('section', {class: 'card'}),
    next: el('section', {class: 'card', hidden: true}),
    builds: el('div', {}),
  };
  const model = newRun();
  const lines = new RunLines();
  const log = new RunLog(id);
  const messages = new RunMessages();
  let over = false;
  let asking: ReturnType<typeof setTimeout> | undefined;

  const show = (answer: RunAnswer): void => {
    const {run, logs, verifications, offers} = answer;
    document.title = `${run.verb} ${run.state.toLowerCase()} · imgmgr`;
    fill(parts.head, runHead(run), canStart(session) && answer.cancel && cancelButton(id, answer.cancel.refused));
    fill(parts.outcome, runOutcome(run));
    log.offer(logs);
    fill(parts.verdicts, verifications.slice(0, 100).map(verdictCard));
    fill(parts.about, el('h2', {}, 'About this run'), runFacts(answer));
    fill(parts.builds, deletionCard(id, answer, canStart(session)));
    const list = offerList(offers, session);
    parts.next.hidden = list === undefined;
    fill(parts.next, el('h2', {}, 'Next'), list);
  };
  const ask = async (): Promise<void> => {
    asking = undefined;
    try {
      show(await get<RunAnswer>(path`/v1/runs/${id}`));
      fill(parts.problems);
    } catch (error) {
      fill(parts.problems, problem(error));
    }
  };
  const take = (events: readonly SeenEvent[]): void => {
    for (const event of events) takeEvent(model, event);
    lines.update(model, over);
    messages.update(model.said);
    if (events.some(({type}) => NEWS.has(type))) asking ??= setTimeout(() => void ask(), GATHER_MS);
  };
  const end = (): void => {
    over = true;
    closeRun(model);
    lines.update(model, over);
    void ask();
  };
  fill(
    main,
    [parts.head, parts.connection, parts.problems, parts.outcome],
    el(
      'section',
      {class: 'card', 'aria-labelledby': 'line-title'},
      el('h2', {id: 'line-title', class: 'unseen'}, 'Progress'),
      lines.element,
    ),
    [messages.element, parts.verdicts, log.element, parts.next, parts.builds, parts.about],
  );
  void ask();
  watch(id, {
    onEvents: take,
    onConnected: (connected) =>
      fill(parts.connection, !connected && !over && note('warn', 'Connection lost, trying again.')),
    onEnd: end,
  });
}

function verdictCard({
  definition,
  version,
  cloud,
  verdict,
  cause,
  checks,
  state,
}: RunAnswer['verifications'][number]): HTMLElement {
  const name = version === null ? definition : `${definition} ${version}`;
  return el(
    'section',
    {class: 'card'},
    el(
      'h2',
      {class: 'buttons'},
      `Checks of ${name} on ${cloud}`,
      verdict === null
        ? pill('busy', state)
        : pill(verdict === 'pass' ? 'good' : 'bad', verdict === 'pass' ? 'passed' : (cause ?? verdict)),
    ),
    checkTable(checks),
  );
}
