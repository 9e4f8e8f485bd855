import {el, fill} from './dom.ts';
import {announce} from './notes.ts';

/** A command with a button that copies it. */
export function command(text: string): HTMLElement {
  const code = el('code', {}, text);
  const button = el('button', {type: 'button', class: 'small', 'aria-label': `Copy the command ${text}`}, 'Copy');
  button.addEventListener('click', () => {
    void copy(text, code).then((copied) => {
      const word = copied ? 'Copied' : 'Selected';
      fill(button, word);
      announce(word);
      setTimeout(() => fill(button, 'Copy'), 2000);
    });
  });
  return el('div', {class: 'command'}, code, button);
}

/** Over plain HTTP from elsewhere browsers have no clipboard: the text is selected then. */
async function copy(text: string, code: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return false;
  }
}
