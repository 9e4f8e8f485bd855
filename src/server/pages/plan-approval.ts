import type {PlanAnswer} from '../contract/plans.ts';
import type {StartedAnswer} from '../contract/runs.ts';
import {post} from './api.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {go, path} from './path.ts';

/** The button that carries a plan out; greyed where it may not be, and until the name is typed that it asks for. */
export function approval({plan, confirm, refused, difference}: PlanAnswer): HTMLElement {
  const problems = el('div', {});
  const isDangerous = confirm !== null;
  const typed = el('input', {type: 'text', id: 'confirm', autocomplete: 'off', 'aria-describedby': 'confirm-why'});
  const button = el('button', {type: 'submit', class: isDangerous ? 'danger' : 'main'}, 'Approve');
  const why =
    plan.run !== null
      ? 'it was carried out already'
      : difference?.moved === true
        ? 'the clouds have changed since'
        : refused;
  const refresh = (): void => {
    button.disabled = why !== null || (confirm !== null && typed.value !== confirm.text);
  };
  typed.addEventListener('input', refresh);
  refresh();
  const start = async (): Promise<void> => {
    button.disabled = true;
    try {
      const body = {verb: plan.verb, plan: plan.id, ...(confirm && {confirm: typed.value})};
      go(path`/runs/${(await post<StartedAnswer>(path`/v1/runs`, body)).id}`);
    } catch (error) {
      fill(problems, problem(error));
      refresh();
    }
  };
  return el(
    'form',
    {
      class: 'fields approval',
      on: {
        submit: (event) => {
          event.preventDefault();
          if (!button.disabled) void start();
        },
      },
    },
    confirm !== null &&
      why === null &&
      el(
        'div',
        {class: 'field'},
        el('label', {for: 'confirm'}, 'Type ', el('code', {}, confirm.text), ' to approve it'),
        typed,
        el('p', {class: 'quiet', id: 'confirm-why'}, confirm.why),
      ),
    el('div', {class: 'buttons'}, button, why !== null && el('span', {class: 'quiet'}, `Not now: ${why}`)),
    problems,
  );
}
