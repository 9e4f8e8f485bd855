import type {ImagesAnswer} from '../contract/images.ts';
import type {CloudReading} from '../contract/common.ts';
import type {Session} from '../contract/session.ts';
import {get} from './api.ts';
import {age, moment} from './clock.ts';
import {command} from './command.ts';
import {el, fill} from './dom.ts';
import {imagesFilter} from './images-filter.ts';
import {imagesTable} from './images-table.ts';
import {note, pill} from './notes.ts';
import {offerList} from './offers.ts';
import type {Path} from './path.ts';
import {path, withQuery} from './path.ts';
import {keepFresh} from './refresh.ts';
import {counted} from './text.ts';

/** How often the server is asked; it reads its clouds at most every five minutes. */
const AGAIN_MS = 60_000;
/** While a cloud is being read. */
const SOON_MS = 1500;

/** Every image on every cloud, the worst first. */
export function imagesPage(main: HTMLElement, session: Session): void {
  const summary = el('p', {class: 'summary', role: 'status'}, 'Loading…');
  const freshness = el('p', {class: 'quiet buttons'});
  const problems = el('div', {});
  const clouds = el('div', {});
  const rows = el('div', {});
  const actions = el('div', {});
  let refresh = false;
  let cursor: string | undefined;
  let last: ImagesAnswer | undefined;
  const filter = imagesFilter(session.clouds, (asks) => {
    cursor = undefined;
    if (asks || !last) void fresh.now();
    else imagesTable(rows, filter.pass(last.rows));
  });
  const fresh = keepFresh<ImagesAnswer>({
    problems,
    load: () => {
      const again = refresh;
      refresh = false;
      return get(imagesAddress(filter.clouds(), {refresh: again, cursor}));
    },
    show: (answer) => {
      last = answer;
      fill(summary, summaryOf(answer));
      fill(freshness, agesOf(answer), refreshButton());
      fill(clouds, unreachableNote(answer.clouds));
      filter.offer(answer.rows);
      imagesTable(rows, filter.pass(answer.rows));
      fill(
        actions,
        answer.next !== null && moreNote(answer.next),
        offerList(answer.offers, session) ?? command(answer.command),
      );
      return answer.clouds.some(({refreshing, state}) => refreshing || state === 'unknown') ? SOON_MS : AGAIN_MS;
    },
  });
  const refreshButton = (): HTMLElement => {
    const ask = (): void => {
      refresh = true;
      void fresh.now();
    };
    return el('button', {type: 'button', class: 'small', on: {click: ask}}, 'Read again now');
  };
  const moreNote = (next: string): HTMLElement => {
    const turn = (): void => {
      cursor = next;
      void fresh.now();
    };
    return note(
      'plain',
      el('p', {}, 'More than 1,000 rows: these are the worst. Choose a cloud to see fewer.'),
      el('button', {type: 'button', on: {click: turn}}, 'Next 1,000'),
    );
  };
  fill(
    main,
    el('div', {class: 'title'}, el('div', {}, el('h1', {}, 'Images'), summary, freshness)),
    [problems, clouds, filter.element],
    el('section', {class: 'card flush', 'aria-label': 'Images on the clouds'}, rows),
    el('section', {class: 'card', 'aria-label': 'Actions'}, el('h2', {}, 'From here'), actions),
  );
  void fresh.now();
}

function imagesAddress(
  clouds: readonly string[],
  {refresh, cursor}: {readonly refresh: boolean; readonly cursor: string | undefined},
): Path {
  return withQuery(path`/v1/images`, [
    ...clouds.map((name) => ['cloud', name] as const),
    ...(refresh ? [['refresh', '1'] as const] : []),
    ...(cursor === undefined ? [] : [['cursor', cursor] as const]),
  ]);
}

/** `14 clouds, 2 unreachable, 1 red, 3 due, 1 quarantined`; what is 0 is left out. */
function summaryOf({summary, clouds}: ImagesAnswer): Node[] {
  const {unreachable, red, due, quarantined} = summary;
  const parts = [
    document.createTextNode(counted(summary.clouds, 'cloud')),
    ...(unreachable > 0 ? [pill('bad', `${unreachable} unreachable`)] : []),
    ...(red > 0 ? [pill('bad', `${red} red`, 'an error of a deciding rule is there now')] : []),
    ...(due > 0 ? [pill('warn', `${due} due`, 'will turn red within the forecast')] : []),
    ...(quarantined > 0 ? [pill('warn', `${quarantined} quarantined`)] : []),
  ];
  if (clouds.some(({state}) => state === 'unknown')) parts.push(pill('busy', 'reading'));
  else if (parts.length === 1)
    parts.push(pill('good', summary.offending > 0 ? `${summary.offending} to look at` : 'nothing to do'));
  return parts.flatMap((part, index) => (index < parts.length - 1 ? [part, comma()] : [part]));
}

/** Pills are parted for the eye by their shape; a screen reader gets a comma. */
function comma(): HTMLElement {
  return el('span', {class: 'unseen'}, ', ');
}

function agesOf({clouds, profile}: ImagesAnswer): HTMLElement {
  const times = clouds
    .flatMap(({observedAt, state}) => (observedAt === null || state === 'unreachable' ? [] : [observedAt]))
    .sort();
  const [oldest] = times;
  const refreshing = clouds.filter((cloud) => cloud.refreshing).length;
  return el(
    'span',
    {},
    oldest === undefined ? 'No cloud was read yet' : ['Clouds read ', moment(oldest)],
    refreshing > 0 && `, ${refreshing} being read now`,
    `; judged by ${profile}`,
  );
}

function unreachableNote(clouds: readonly CloudReading[]): HTMLElement | false {
  const away = clouds.filter(({state}) => state === 'unreachable');
  return (
    away.length > 0 &&
    note(
      'bad',
      el(
        'ul',
        {class: 'plain'},
        away.map(({cloud, error, observedAt}) =>
          el(
            'li',
            {},
            el('strong', {}, cloud),
            ` cannot be read: ${error?.message ?? 'no reason known'}`,
            error?.hint !== undefined && ` (${error.hint})`,
            observedAt === null ? '; nothing of it is known' : ['; shown as it was ', age(observedAt)],
          ),
        ),
      ),
    )
  );
}
