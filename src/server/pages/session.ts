import type {Session} from '../contract/session.ts';
import {get, logOut} from './api.ts';
import {byId, el, fill} from './dom.ts';
import {path} from './path.ts';

/** Who asks, shown in the frame of the page. */
export async function loadSession(): Promise<Session> {
  const session = await get<Session>(path`/v1/session`);
  const {user, role, host, version, allowWrite, by} = session;
  fill(
    byId('session'),
    !allowWrite && el('span', {class: 'state', title: 'started without --allow-write'}, 'read-only'),
    el('span', {}, user, role !== 'operator' && ` (${role})`),
    by === 'cookie' && el('button', {type: 'button', class: 'small', on: {click: () => void logOut()}}, 'Log out'),
  );
  fill(
    byId('footer'),
    el('span', {}, `imgmgr ${version} on ${host}`),
    el('a', {href: path`/v1/openapi.json`}, 'API'),
    el('span', {}, 'Every button runs the command that stands beside it.'),
  );
  return session;
}

/** True where this user can start something on this server; where not, pages show commands alone. */
export function canStart(session: Session): boolean {
  return session.verbs.length > 0;
}
