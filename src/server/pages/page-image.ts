import type {ImageAnswer} from '../contract/images.ts';
import type {Session} from '../contract/session.ts';
import {get} from './api.ts';
import {moment} from './clock.ts';
import {command} from './command.ts';
import type {Child} from './dom.ts';
import {el, fill} from './dom.ts';
import {findingList} from './findings.ts';
import {chainTable} from './image-chain.ts';
import {imageFacts, propertyList} from './image-facts.ts';
import {verdictOf} from './image-verdict.ts';
import {note, pill} from './notes.ts';
import {offerList} from './offers.ts';
import {path} from './path.ts';
import {keepFresh} from './refresh.ts';

const AGAIN_MS = 60_000;
const SOON_MS = 1500;

/** One definition or image on one cloud. */
export function imagePage(
  main: HTMLElement,
  session: Session,
  of: {readonly cloud: string; readonly target: string},
): void {
  const {cloud, target} = of;
  const problems = el('div', {});
  const head = el('div', {class: 'title'}, el('h1', {}, target));
  const body = el('div', {class: 'page'});
  let refresh = false;
  const fresh = keepFresh<ImageAnswer>({
    problems,
    load: () => {
      const address = refresh ? path`/v1/images/${cloud}/${target}?refresh=1` : path`/v1/images/${cloud}/${target}`;
      refresh = false;
      return get(address);
    },
    show: (answer) => {
      const opened = [...body.querySelectorAll('details')].map(({open}) => open);
      const again = (): void => {
        refresh = true;
        void fresh.now();
      };
      fill(head, headOf(answer, again));
      fill(body, bodyOf(answer, session));
      for (const [index, details] of body.querySelectorAll('details').entries())
        details.open = opened[index] ?? details.open;
      return answer.reading.refreshing ? SOON_MS : AGAIN_MS;
    },
  });
  fill(main, head, problems, body);
  void fresh.now();
}

function headOf({shown, reading}: ImageAnswer, again: () => void): HTMLElement {
  const {definition, target, images, cloud} = shown;
  const [image] = images;
  const title = definition?.name ?? image?.name ?? target;
  return el(
    'div',
    {},
    el('h1', {}, title),
    el(
      'p',
      {class: 'quiet buttons'},
      el('span', {}, 'on ', el('a', {href: path`/?cloud=${cloud}`}, cloud)),
      reading.observedAt !== null && el('span', {}, 'read ', moment(reading.observedAt)),
      el(
        'button',
        {type: 'button', class: 'small', on: {click: again}},
        reading.refreshing ? 'Being read…' : 'Read again now',
      ),
    ),
    reading.error &&
      note(
        'bad',
        el('p', {}, el('strong', {}, `${cloud} cannot be read: `), reading.error.message),
        reading.error.hint !== undefined && el('p', {class: 'quiet'}, reading.error.hint),
      ),
  );
}

function bodyOf(answer: ImageAnswer, session: Session): Child[] {
  const {shown, verifications, offers} = answer;
  const {images, chain, hold, definition} = shown;
  const findings = images.flatMap((image) => image.findings);
  const ahead = images.flatMap((image) => image.ahead);
  return [
    hold &&
      note(
        hold.lasts ? 'warn' : 'plain',
        el(
          'p',
          {},
          pill(hold.lasts ? 'warn' : 'plain', hold.lasts ? 'held' : 'hold is over'),
          ' until ',
          hold.until === null ? 'it is lifted' : moment(hold.until),
          hold.reason !== null && `: ${hold.reason}`,
        ),
        el('p', {class: 'quiet'}, `set by ${hold.origin}`),
      ),
    definition &&
      !definition.enabled &&
      note(
        'plain',
        el(
          'p',
          {},
          'The definition is off in its file (enable: false): runs leave it out, unless they are given --force.',
        ),
      ),
    images.length === 0 && note('warn', el('p', {}, 'There is no current image here.')),
    images.map((image) =>
      el(
        'section',
        {class: 'card', 'aria-label': `Image ${image.id}`},
        imageFacts(image),
        verdictOf(
          image,
          verifications.filter((one) => one.image === image.id),
        ),
        propertyList(image),
      ),
    ),
    el('section', {class: 'card'}, el('h2', {}, 'Actions'), offerList(offers, session) ?? command(answer.command)),
    el('section', {class: 'card'}, el('h2', {}, 'Findings'), findingList(findings, ahead)),
    el(
      'section',
      {class: 'card flush'},
      el('h2', {class: 'inset'}, 'Versions'),
      chainTable(
        chain,
        shown.cloud,
        images.map(({id}) => id),
      ),
    ),
  ];
}
