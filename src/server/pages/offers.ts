import type {Session} from '../contract/session.ts';
import type {Offer} from '../contract/verbs.ts';
import {command} from './command.ts';
import {el} from './dom.ts';
import {openOffer} from './offer-dialog.ts';
import {canStart} from './session.ts';

/** What can be started from a page: a button each, and the command that does the same. Where nothing can be started here, the commands alone. */
export function offerList(offers: readonly Offer[], session: Session): HTMLElement | undefined {
  if (offers.length === 0) return undefined;
  return el(
    'div',
    {class: 'actions'},
    offers.map((offer) =>
      canStart(session)
        ? el('div', {class: 'action'}, offerButton(offer, session), [command(offer.command), refusal(offer)])
        : el('div', {class: 'action no-button'}, el('span', {}, offerLabel(offer)), command(offer.command)),
    ),
  );
}

/** The button of one offer; greyed where it is refused. */
export function offerButton(offer: Offer, session: Session, isMain = false): HTMLElement {
  const {refused} = offer;
  return el(
    'button',
    {
      type: 'button',
      disabled: refused !== null,
      class: offer.verb === 'rollback' ? 'danger' : isMain ? 'main' : '',
      ...(refused !== null && {title: refused}),
      on: {click: () => void openOffer(offer, session, offerLabel(offer))},
    },
    offerLabel(offer),
  );
}

/** What an offer is called. */
function offerLabel({verb, via, flags}: Offer): string {
  switch (verb) {
    case 'manage':
      if (via === 'runs') return 'Run manage';
      return flags['delete'] === true ? 'Plan deletions, too' : 'Plan a manage run';
    case 'build':
      return flags['upload'] === true ? 'Start build' : 'Build without upload';
    case 'verify':
      return 'Verify';
    case 'hold':
      return flags['all'] === true ? 'Hold all' : 'Hold';
    case 'unhold':
      return 'Lift the hold';
    case 'rollback':
      if (flags['pull'] === true) return 'Take away';
      return flags['undo'] === undefined ? 'Roll back' : 'Lift revocation';
  }
}

function refusal({refused}: Offer): HTMLElement | false {
  return refused !== null && el('p', {class: 'quiet refusal'}, `Not from here: ${refused}`);
}
