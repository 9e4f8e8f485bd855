import type {PlanAnswer} from '../contract/plans.ts';
import type {Session} from '../contract/session.ts';
import {get} from './api.ts';
import {moment} from './clock.ts';
import {command} from './command.ts';
import {el, fill} from './dom.ts';
import {note} from './notes.ts';
import {path} from './path.ts';
import {approval} from './plan-approval.ts';
import {cloudPlan} from './plan-cloud.ts';
import {keepFresh} from './refresh.ts';
import {VERB_WORDS} from './runs-filter.ts';
import {canStart} from './session.ts';
import {counted} from './text.ts';

/** How often the plan is compared with the clouds. */
const AGAIN_MS = 60_000;

/** A plan: what it changes on each cloud, and its approval. */
export function planPage(main: HTMLElement, session: Session, id: string): void {
  const problems = el('div', {});
  const head = el('div', {class: 'title'}, el('h1', {}, 'Plan'));
  const difference = el('div', {role: 'status'});
  const approve = el('section', {class: 'card', 'aria-label': 'Approval'});
  const clouds = el('div', {class: 'page'});
  let isFirst = true;
  let shown = '';
  const fresh = keepFresh<PlanAnswer>({
    problems,
    load: () => {
      // What is in the plan is there at once; the clouds are asked behind it.
      const address = isFirst ? path`/v1/plans/${id}` : path`/v1/plans/${id}?compare=1`;
      isFirst = false;
      return get(address);
    },
    show: (answer) => {
      const isCarriedOut = answer.plan.run !== null;
      fill(head, headOf(answer));
      fill(difference, differenceNote(answer));
      const now = JSON.stringify([answer.plan, answer.confirm, answer.refused, answer.difference?.moved]);
      // A name that is being typed stays.
      if (now !== shown)
        fill(
          approve,
          canStart(session)
            ? approval(answer)
            : el(
                'p',
                {class: 'quiet'},
                isCarriedOut ? 'It was carried out.' : 'Nobody can approve it here: the command does the same.',
              ),
          command(answer.command),
        );
      shown = now;
      if (!clouds.hasChildNodes()) fill(clouds, answer.clouds.map(cloudPlan));
      return isCarriedOut ? undefined : answer.difference === null ? 0 : AGAIN_MS;
    },
  });
  fill(main, [head, problems, difference, approve, clouds]);
  void fresh.now();
}

function headOf({plan, clouds}: PlanAnswer): HTMLElement {
  const {verb, by, at, expiresAt, definitions, actions, deletions, run} = plan;
  const where = plan.clouds.length > 3 ? `${plan.clouds.length} clouds` : plan.clouds.join(', ');
  const failed = clouds.filter(({error}) => error !== null).length;
  return el(
    'div',
    {},
    el('h1', {}, `Plan: ${VERB_WORDS[verb]?.toLowerCase() ?? verb} on ${where}`),
    el(
      'p',
      {class: 'summary'},
      `${counted(actions, 'action')}${deletions > 0 ? `, ${counted(deletions, 'deletion')}` : ''}${failed > 0 ? `, ${counted(failed, 'cloud')} could not be planned` : ''}`,
    ),
    el('p', {class: 'quiet'}, definitions.join(', ') || 'every definition'),
    el(
      'p',
      {class: 'quiet buttons'},
      el('span', {}, `made by ${by}, `, moment(at)),
      run === null && el('span', {}, 'kept until ', moment(expiresAt)),
    ),
    run !== null &&
      note(
        'good',
        el('p', {}, 'It is carried out by ', el('a', {href: path`/runs/${run}`}, `run ${run.slice(0, 8)}`), '.'),
      ),
  );
}

function differenceNote({difference, plan}: PlanAnswer): HTMLElement | false {
  if (plan.run !== null) return false;
  if (difference === null) return note('plain', el('p', {}, 'Comparing it with the clouds as they are now…'));
  if (!difference.moved)
    return el('p', {class: 'quiet'}, 'The clouds are as it was made for, looked at ', moment(difference.at), '.');
  return note(
    'warn',
    el(
      'p',
      {},
      el('strong', {}, 'The clouds have changed since: '),
      'it cannot be approved. Make a new plan. Looked at ',
      moment(difference.at),
      '.',
    ),
    el(
      'ul',
      {},
      difference.differences
        .slice(0, 200)
        .flatMap(({cloud, definition, texts}) =>
          texts
            .slice(0, 20)
            .map((text) =>
              el('li', {}, el('strong', {}, definition === null ? cloud : `${cloud}, ${definition}`), `: ${text}`),
            ),
        ),
    ),
  );
}
