import type {RunAnswer, RunRow} from '../contract/runs.ts';
import {elapsed, moment} from './clock.ts';
import {command} from './command.ts';
import type {Child} from './dom.ts';
import {el} from './dom.ts';
import {facts} from './image-facts.ts';
import {note, pill} from './notes.ts';
import {path} from './path.ts';
import {stateTone} from './run-state.ts';
import {durationText} from './time.ts';

/** What a run is, and how far it is. */
export function runHead(run: RunRow): HTMLElement {
  const {verb, clouds, state, phase, startedAt, elapsedMs, definitions} = run;
  const isRunning = state === 'RUNNING' || state === 'PENDING';
  return el(
    'div',
    {},
    el(
      'h1',
      {},
      `${verb}${clouds.length === 0 ? '' : ` on ${clouds.length > 3 ? `${clouds.length} clouds` : clouds.join(', ')}`}`,
    ),
    el(
      'p',
      {class: 'buttons'},
      pill(stateTone(state), state),
      el('span', {}, isRunning ? [`${phase}, `, elapsed(startedAt)] : `took ${durationText(elapsedMs)}`),
      el('span', {class: 'quiet'}, 'started ', moment(startedAt)),
    ),
    definitions.length > 0 &&
      el('p', {class: 'quiet'}, definitions.length > 10 ? `${definitions.length} definitions` : definitions.join(', ')),
  );
}

/** How it ended: exit code, counts, and its first error. */
export function runOutcome({state, exitCode, counts, reason}: RunRow): Child {
  if (state === 'RUNNING' || state === 'PENDING') return undefined;
  const shown = Object.entries(counts ?? {})
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name}: ${count}`);
  const tone = stateTone(state);
  return note(
    tone,
    el(
      'p',
      {},
      el('strong', {}, state),
      exitCode !== null && `, exit code ${exitCode}${EXITS[exitCode] === undefined ? '' : ` (${EXITS[exitCode]})`}`,
      shown.length > 0 && `; ${shown.join(', ')}`,
    ),
    reason !== null && el('p', {}, reason),
    state === 'LOST' &&
      el('p', {class: 'quiet'}, 'Its process is gone and said no end. The next run cleans up what it left.'),
  );
}

/** Who, where, and with which command. */
export function runFacts({run, cancel, command: history}: RunAnswer): HTMLElement {
  const {id, who, host, pid, version, server, heartbeatAt, state, command: line} = run;
  const by = [
    who.user,
    who.sudoUser !== null && `(sudo by ${who.sudoUser})`,
    who.ci !== null && `in ${who.ci} ${who.job ?? ''}`,
  ].filter((part) => part !== false);
  return el(
    'div',
    {},
    facts([
      ['Run', el('code', {}, id)],
      ['Asked for by', server?.by],
      [
        'Plan',
        server?.plan !== undefined &&
          server.plan !== null &&
          el('a', {href: path`/plans/${server.plan}`}, server.plan.slice(0, 8)),
      ],
      ['Runs as', by.join(' ')],
      ['CI job', who.jobUrl],
      ['Host', `${host}, process ${pid}`],
      ['Version', version],
      ['Sign of life', state === 'RUNNING' && moment(heartbeatAt)],
      ['Lease', state === 'RUNNING' && 'kept by this run until it ends: no other run works on the same definition'],
      ['Cancelled by', server?.cancelledBy],
    ]),
    el('div', {class: 'field'}, el('span', {class: 'label'}, 'Its command'), command(line)),
    el('div', {class: 'field'}, el('span', {class: 'label'}, 'This page on a command line'), command(history)),
    cancel && el('div', {class: 'field'}, el('span', {class: 'label'}, 'To end it'), command(cancel.command)),
  );
}

/** docs/cli.md, Exit codes. */
const EXITS: Readonly<Record<number, string>> = {
  1: 'something failed',
  2: 'usage, configuration or definition wrong',
  3: 'changes pending, or findings that count',
  4: 'a cloud refused the login',
  5: 'an image failed verification',
  75: 'temporary: it may be tried again',
  130: 'interrupted, cleaned up',
  143: 'ended, cleaned up',
};
