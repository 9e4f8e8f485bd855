import type {RunAnswer, StartedAnswer} from '../contract/runs.ts';
import {post} from './api.ts';
import {command} from './command.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {go, path} from './path.ts';
import {typedName} from './typed-name.ts';

/** What is left of the builds of a run, with the button that deletes it; greyed where it is refused. Where nothing can be started here, the command alone. */
export function deletionCard(run: string, {deletion}: RunAnswer, canStart: boolean): HTMLElement | undefined {
  if (!deletion) return undefined;
  const {refused} = deletion;
  return el(
    'section',
    {class: 'card'},
    el('h2', {}, 'Builds on this host'),
    el(
      'div',
      {class: canStart ? 'action' : 'action no-button'},
      canStart
        ? el(
            'button',
            {
              ...{type: 'button', class: 'danger', disabled: refused !== null},
              ...(refused !== null && {title: refused}),
              on: {click: () => ask(run, deletion)},
            },
            'Delete',
          )
        : el('span', {}, 'Delete'),
      command(deletion.command),
      canStart && refused !== null && el('p', {class: 'quiet refusal'}, `Not from here: ${refused}`),
    ),
  );
}

function ask(run: string, deletion: NonNullable<RunAnswer['deletion']>): void {
  const problems = el('div', {});
  const button = el('button', {type: 'submit', class: 'danger', disabled: true}, 'Delete');
  const typed = typedName({name: deletion.confirm, purpose: 'to delete them', why: 'Nothing brings them back.'}, () => {
    button.disabled = !typed.agrees();
  });
  const start = async (): Promise<void> => {
    button.disabled = true;
    try {
      const body = {confirm: typed.value()};
      const {id} = await post<StartedAnswer>(path`/v1/runs/${run}/delete-builds`, body);
      dialog.close();
      go(path`/runs/${id}`);
    } catch (error) {
      fill(problems, problem(error));
      button.disabled = false;
    }
  };
  const dialog = el(
    'dialog',
    {'aria-labelledby': 'delete-title', on: {close: () => dialog.remove()}},
    el('h2', {id: 'delete-title'}, 'Delete these builds?'),
    el('p', {class: 'quiet'}, 'Their files, manifests and logs on this host. Images in clouds stay.'),
    el(
      'form',
      {
        class: 'fields',
        on: {
          submit: (event) => {
            event.preventDefault();
            if (!button.disabled) void start();
          },
        },
      },
      typed.field,
      el(
        'div',
        {class: 'field'},
        el('span', {class: 'label'}, 'The same on a command line'),
        command(deletion.command),
      ),
      problems,
      el(
        'div',
        {class: 'buttons'},
        button,
        el('button', {type: 'button', on: {click: () => dialog.close()}}, 'Keep them'),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
