import type {PlanAnswer} from '../contract/plans.ts';
import type {StartedAnswer} from '../contract/runs.ts';
import {post} from './api.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {go, path} from './path.ts';
import {typedName} from './typed-name.ts';

/** The button that carries a plan out; greyed where it may not be, and until the name is typed that it asks for. */
export function approval({plan, confirm, refused, difference}: PlanAnswer): HTMLElement {
  const problems = el('div', {});
  const isDangerous = confirm !== null;
  const button = el('button', {type: 'submit', class: isDangerous ? 'danger' : 'main'}, 'Approve');
  const why =
    plan.run !== null
      ? 'it was carried out already'
      : difference?.moved === true
        ? 'the clouds have changed since'
        : refused;
  const refresh = (): void => {
    button.disabled = why !== null || typed?.agrees() === false;
  };
  const typed = confirm && typedName({name: confirm.text, purpose: 'to approve it', why: confirm.why}, refresh);
  refresh();
  const start = async (): Promise<void> => {
    button.disabled = true;
    try {
      const body = {verb: plan.verb, plan: plan.id, ...(typed && {confirm: typed.value()})};
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
    why === null && typed?.field,
    el('div', {class: 'buttons'}, button, why !== null && el('span', {class: 'quiet'}, `Not now: ${why}`)),
    problems,
  );
}
