import type {PlansAnswer} from '../contract/plans.ts';
import type {RunsAnswer} from '../contract/runs.ts';
import type {Session} from '../contract/session.ts';
import {VERB_WORDS, runsAddress, runsFilter} from './runs-filter.ts';
import {get} from './api.ts';
import {moment} from './clock.ts';
import {command} from './command.ts';
import {el, fill} from './dom.ts';
import {offerButton, offerList} from './offers.ts';
import {path, withQuery} from './path.ts';
import {keepFresh} from './refresh.ts';
import {runsTable} from './runs-table.ts';
import {canStart} from './session.ts';
import {counted} from './text.ts';

/** How often the list is asked for: while something runs, and otherwise. */
const RUNNING_MS = 3000;
const IDLE_MS = 30_000;

/** The runs of this host, the running ones first; plans that wait for an approval; what can be started. */
export function runsPage(main: HTMLElement, session: Session): void {
  const problems = el('div', {});
  const freshness = el('p', {class: 'quiet'});
  const buttons = el('div', {class: 'buttons'});
  const plans = el('section', {class: 'card', hidden: true});
  const rows = el('div', {});
  const more = el('div', {class: 'empty'});
  const actions = el('div', {});
  const fresh = keepFresh<readonly [RunsAnswer, PlansAnswer]>({
    problems,
    load: () => Promise.all([get<RunsAnswer>(runsAddress()), get<PlansAnswer>(path`/v1/plans`)]),
    show: ([answer, kept]) => {
      const {runs, offers} = answer;
      const running = runs.filter(({state}) => state === 'RUNNING').length;
      fill(
        freshness,
        `${running === 0 ? 'Nothing runs' : counted(running, 'run') + ' under way'}; as of `,
        moment(answer.asOf),
      );
      if (!buttons.hasChildNodes() && canStart(session))
        fill(
          buttons,
          offers.map((offer, index) => offerButton(offer, session, index === 0)),
        );
      showPlans(plans, kept);
      runsTable(rows, runs);
      fill(more, olderLink(answer));
      fill(actions, offerList(offers, session) ?? command(answer.command));
      return running > 0 ? RUNNING_MS : IDLE_MS;
    },
  });
  fill(
    main,
    el('div', {class: 'title'}, el('div', {}, el('h1', {}, 'Runs'), freshness), buttons),
    [problems, plans, runsFilter(session.clouds)],
    el('section', {class: 'card flush', 'aria-label': 'Runs of this host'}, rows, more),
    el('section', {class: 'card', 'aria-label': 'Commands'}, el('h2', {}, 'From here'), actions),
  );
  void fresh.now();
}

function olderLink({more, runs}: RunsAnswer): HTMLElement | false {
  const last = runs.at(-1);
  if (!more || !last) return false;
  const query = new URLSearchParams(location.search);
  query.set('before', last.id);
  return el('a', {href: withQuery(path`/runs`, query)}, 'Older runs');
}

/** Plans that nobody has carried out. */
function showPlans(place: HTMLElement, {plans}: PlansAnswer): void {
  const waiting = plans.filter(({run}) => run === null);
  place.hidden = waiting.length === 0;
  fill(
    place,
    el('h2', {}, 'Plans that wait for approval'),
    el(
      'ul',
      {class: 'plain rows'},
      waiting
        .slice(0, 50)
        .map(({id, verb, by, at, clouds, actions, deletions}) =>
          el(
            'li',
            {},
            el(
              'a',
              {href: path`/plans/${id}`},
              `${VERB_WORDS[verb] ?? verb} on ${clouds.length > 3 ? `${clouds.length} clouds` : clouds.join(', ')}`,
            ),
            `: ${counted(actions, 'action')}${deletions > 0 ? `, ${deletions} of them deletions` : ''} `,
            el('span', {class: 'quiet'}, `by ${by}, `, moment(at)),
          ),
        ),
    ),
  );
}
