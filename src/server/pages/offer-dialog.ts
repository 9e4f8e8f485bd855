import type {DefinitionsAnswer} from '../contract/images.ts';
import type {PlanAnswer} from '../contract/plans.ts';
import type {StartedAnswer} from '../contract/runs.ts';
import type {Session} from '../contract/session.ts';
import type {Offer} from '../contract/verbs.ts';
import {get, post} from './api.ts';
import {command} from './command.ts';
import {el, fill} from './dom.ts';
import {problem} from './notes.ts';
import {filledCommand} from './offer-command.ts';
import {offerFields} from './offer-fields.ts';
import {offBuilds} from './offer-off.ts';
import {go, path} from './path.ts';
import type {Picker} from './picker.ts';
import {picker} from './picker.ts';

/** Asks for what an offer needs, starts it or has it planned, and goes to the page of the run or plan. */
export async function openOffer(offer: Offer, session: Session, label: string): Promise<void> {
  const {verb, via, definitions, clouds} = offer;
  const problems = el('div', {});
  const shownCommand = el('div', {});
  const choices: {definitions?: Picker; clouds?: Picker} = {};
  const fields = offerFields(offer, () => refresh());
  const refresh = (): void => fill(shownCommand, command(filledCommand(offer.command, fields.chosen())));
  let names: Selectable = {on: definitions, off: []};
  try {
    if (definitions.length === 0 && verb !== 'hold' && verb !== 'unhold') names = await selectable(verb);
    if (names.on.length > 1) choices.definitions = picker('Definitions', names.on, refresh);
  } catch (error) {
    fill(problems, problem(error));
  }
  const offered = clouds.length === 0 && verb !== 'build' ? session.clouds : clouds;
  if (offered.length > 1) choices.clouds = picker('Clouds', offered, refresh);
  const submit = el(
    'button',
    {
      ...{type: 'submit', class: verb === 'rollback' ? 'danger' : 'main'},
      hidden: names.on.length === 0 && names.off.length > 0,
    },
    via === 'plans' ? 'Make the plan' : label,
  );
  const chosen = (): readonly string[] =>
    choices.definitions && !choices.definitions.isWhole() ? choices.definitions.chosen() : definitions;
  const start = async (off?: string): Promise<void> => {
    submit.disabled = true;
    try {
      await send(offer, {
        verb,
        definitions: off === undefined ? chosen() : [off],
        clouds: choices.clouds?.chosen() ?? offered,
        flags: {...offer.flags, ...fields.chosen(), ...(off !== undefined && {force: true})},
      });
    } catch (error) {
      fill(problems, problem(error));
      submit.disabled = false;
    }
  };
  const dialog = el(
    'dialog',
    {'aria-labelledby': 'offer-title', on: {close: () => dialog.remove()}},
    el('h2', {id: 'offer-title'}, label),
    el('p', {class: 'quiet'}, sentence(offer, offered)),
    el(
      'form',
      {
        on: {
          submit: (event) => {
            event.preventDefault();
            void start();
          },
        },
      },
      [choices.definitions?.element, choices.clouds?.element, fields.element],
      offBuilds(names.off, (name) => void start(name)),
      el('div', {class: 'field'}, el('span', {class: 'label'}, 'The same on a command line'), shownCommand),
      problems,
      el('div', {class: 'buttons'}, submit, el('button', {type: 'button', on: {click: () => dialog.close()}}, 'Close')),
    ),
  );
  refresh();
  document.body.append(dialog);
  dialog.showModal();
}

async function send({via}: Offer, body: object): Promise<void> {
  if (via === 'plans') go(path`/plans/${(await post<PlanAnswer>(path`/v1/plans`, body)).plan.id}`);
  else go(path`/runs/${(await post<StartedAnswer>(path`/v1/runs`, body)).id}`);
}

interface Selectable {
  readonly on: readonly string[];
  /** Off in their files; they can be built by name. */
  readonly off: readonly string[];
}

/** The definitions that the verb can be given. */
async function selectable(verb: Offer['verb']): Promise<Selectable> {
  const {definitions} = await get<DefinitionsAnswer>(path`/v1/definitions`);
  const fit = definitions.filter(({isBuilt}) => verb !== 'build' || isBuilt);
  const namesOf = (enabled: boolean): string[] => fit.filter((one) => one.enabled === enabled).map(({name}) => name);
  return {on: namesOf(true), off: verb === 'build' ? namesOf(false) : []};
}

function sentence({verb, via, definitions, flags}: Offer, clouds: readonly string[]): string {
  const image = flags['image'];
  const all = verb === 'build' ? 'What is built on this host' : 'Every definition';
  const what = definitions.join(', ') || (image === undefined ? all : `Image ${String(image)}`);
  const where = clouds.length === 0 ? '' : ` on ${clouds.length > 3 ? `${clouds.length} clouds` : clouds.join(', ')}`;
  const next = via === 'plans' ? ' Nothing is changed yet: the plan is shown for approval.' : '';
  const builds = verb === 'build' && clouds.length > 0 ? ': built, uploaded, booted, published' : '';
  return `${what}${where}${builds}.${next}`;
}
