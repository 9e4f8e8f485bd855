import type {Session} from '../contract/session.ts';
import {post} from './api.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {go, ownPath, path} from './path.ts';

/** Logs in by the code behind `#`, which is sent to no server with the address, or by a token. */
export async function loginPage(main: HTMLElement): Promise<void> {
  document.body.classList.add('is-login');
  const problems = el('div', {});
  const token = el('input', {type: 'password', id: 'token', required: true, autocomplete: 'current-password'});
  const logIn = async (body: {readonly code: string} | {readonly token: string}): Promise<void> => {
    try {
      await post<Session>(path`/v1/session`, body);
      go(ownPath(new URLSearchParams(location.search).get('next')));
    } catch (error) {
      fill(problems, problem(error));
    }
  };
  fill(
    main,
    el(
      'section',
      {class: 'card login'},
      el('h1', {}, 'Log in'),
      el(
        'p',
        {},
        'On the host of this server, ',
        el('code', {}, 'imgmgr serve login'),
        ' prints an address that logs this browser in, once and within 10 minutes.',
      ),
      el(
        'form',
        {
          class: 'fields',
          on: {
            submit: (event) => {
              event.preventDefault();
              void logIn({token: token.value.trim()});
            },
          },
        },
        el(
          'div',
          {class: 'field'},
          el('label', {for: 'token'}, 'Or a token'),
          token,
          el('p', {class: 'quiet'}, 'imgmgr serve token add NAME --role viewer makes one.'),
        ),
        el('div', {class: 'buttons'}, el('button', {type: 'submit', class: 'main'}, 'Log in')),
      ),
      problems,
    ),
  );
  const code = location.hash.slice(1);
  if (code === '') return;
  // So that it is neither in the history of the browser nor sent to anybody by hand.
  history.replaceState(null, '', location.pathname + location.search);
  await logIn({code});
}
