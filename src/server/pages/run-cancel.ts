import {post} from './api.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {path} from './path.ts';

/** Signals that were sent from this page, by run. */
const sent = new Map<string, number>();

/** Ends a run as Ctrl-C does; a second time at once. Greyed where it is refused. */
export function cancelButton(run: string, refused: string | null): HTMLElement {
  const again = (sent.get(run) ?? 0) > 0;
  return el(
    'div',
    {class: 'buttons'},
    el(
      'button',
      {
        ...{type: 'button', class: 'danger', disabled: refused !== null},
        ...(refused !== null && {title: refused}),
        on: {click: () => ask(run, again)},
      },
      again ? 'End at once' : 'Cancel',
    ),
    refused !== null && el('span', {class: 'quiet'}, `Not from here: ${refused}`),
  );
}

function ask(run: string, again: boolean): void {
  const problems = el('div', {});
  const cancel = async (): Promise<void> => {
    try {
      const {signals} = await post<{readonly signals: number}>(path`/v1/runs/${run}/cancel`);
      sent.set(run, signals);
      dialog.close();
    } catch (error) {
      fill(problems, problem(error));
    }
  };
  const dialog = el(
    'dialog',
    {'aria-labelledby': 'cancel-title', on: {close: () => dialog.remove()}},
    el('h2', {id: 'cancel-title'}, again ? 'End this run at once?' : 'Cancel this run?'),
    el(
      'p',
      {},
      again
        ? 'It is cleaning up. What it leaves when it is ended now, the next run removes.'
        : 'It ends as by Ctrl-C: it takes back what is half done, removes its test servers and ends with exit code 130.',
    ),
    problems,
    el(
      'div',
      {class: 'buttons'},
      el(
        'button',
        {type: 'button', class: 'danger', on: {click: () => void cancel()}},
        again ? 'End at once' : 'Cancel the run',
      ),
      el('button', {type: 'button', on: {click: () => dialog.close()}}, 'Let it go on'),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
