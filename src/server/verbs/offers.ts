import type {Shown} from '../../core/status/shown.ts';
import type {Identity} from '../access/identity.ts';
import type {OwnRun} from '../runs/own-run.ts';
import type {DirectRequest, Offer, PlanRequest} from '../contract/verbs.ts';
import {commandText, planLine, runLine} from './command-line.ts';
import type {ServerFlags} from './command-line.ts';
import type {Permissions} from './permit.ts';
import {refusalOf} from './permit.ts';

/** By whom and where something is offered. */
export interface OfferContext {
  readonly identity: Identity;
  readonly permissions: Permissions;
  readonly flags: ServerFlags;
}

/** What can be started for the definition of an image page. */
export function imageOffers({cloud, definition, hold, images, chain}: Shown, context: OfferContext): readonly Offer[] {
  const name = definition?.name ?? images[0]?.stamp?.definition;
  if (name === undefined) return [];
  const about = {definitions: [name], clouds: [cloud]};
  const isHeld = hold?.lasts === true && hold.by === 'cloud';
  const current = images.length > 0 || chain.some(({state}) => state === 'current');
  // Runs leave out what is off in its file; an image is verified by its id all the same.
  const isOff = definition?.enabled === false;
  const verified = isOff ? images[0]?.id : undefined;
  return [
    ...(isOff
      ? []
      : [
          direct({verb: 'manage', ...about, flags: {}}, [], context),
          planned({verb: 'manage', ...about, flags: {}}, [], context),
        ]),
    ...(current && definition?.multi !== false
      ? [planned({verb: 'rollback', ...about, flags: {reason: 'REASON'}}, ['reason'], context)]
      : []),
    ...(current && !isOff ? [direct({verb: 'verify', ...about, flags: {}}, [], context)] : []),
    ...(verified === undefined
      ? []
      : [direct({verb: 'verify', definitions: [], clouds: [cloud], flags: {image: verified}}, [], context)]),
    direct({verb: 'hold', ...about, flags: {until: 'DATE'}}, ['until'], context),
    ...(isHeld ? [direct({verb: 'unhold', ...about, flags: {}}, [], context)] : []),
    ...(definition?.isBuilt === true
      ? [
          direct(
            {verb: 'build', ...about, flags: {upload: true, ...(!definition.enabled && {force: true})}},
            [],
            context,
          ),
        ]
      : []),
  ];
}

/** What can be started for these clouds as a whole. */
export function cloudOffers(clouds: readonly string[], context: OfferContext): readonly Offer[] {
  if (clouds.length === 0) return [];
  const all = {definitions: [], clouds};
  return [
    direct({verb: 'manage', ...all, flags: {}}, [], context),
    planned({verb: 'manage', ...all, flags: {}}, [], context),
    planned({verb: 'manage', ...all, flags: {delete: true}}, [], context),
    direct({verb: 'verify', ...all, flags: {}}, [], context),
    direct({verb: 'build', ...all, flags: {upload: true}}, [], context),
    direct({verb: 'build', definitions: [], clouds: [], flags: {}}, [], context),
  ];
}

/** What can be started next to a run of this server: the same again, where it needs no plan. */
export function againOffers({verb, definitions, clouds, line}: OwnRun, context: OfferContext): readonly Offer[] {
  const about = {definitions, clouds};
  if (verb === 'manage') return [direct({verb, ...about, flags: {}}, [], context)];
  // One that was about an image names no definition.
  if (verb === 'verify' && definitions.length > 0) return [direct({verb, ...about, flags: {}}, [], context)];
  if (verb !== 'build') return [];
  const isForced = definitions.length > 0 && line.includes('--force');
  const flags = {...(clouds.length > 0 && {upload: true as const}), ...(isForced && {force: true as const})};
  return [direct({verb, ...about, flags}, [], context)];
}

function direct(request: DirectRequest, asks: readonly string[], {identity, permissions, flags}: OfferContext): Offer {
  const {verb, definitions, clouds} = request;
  const refused = refusalOf(request, identity, permissions) ?? null;
  const command = commandText(runLine(request, flags));
  return {verb, via: 'runs', definitions, clouds, flags: withoutAsked(request.flags, asks), asks, command, refused};
}

function planned(request: PlanRequest, asks: readonly string[], {identity, permissions, flags}: OfferContext): Offer {
  const {verb, definitions, clouds} = request;
  // A plan changes nothing: only its approval needs a server that may write.
  const refused = refusalOf(request, identity, {...permissions, allowWrite: true}) ?? null;
  const command = commandText(planLine(request, flags));
  return {verb, via: 'plans', definitions, clouds, flags: withoutAsked(request.flags, asks), asks, command, refused};
}

/** What a person has to give stands in the command as a word in capitals, and is in no request. */
function withoutAsked(flags: Offer['flags'], asks: readonly string[]): Offer['flags'] {
  return Object.fromEntries(Object.entries(flags).filter(([key]) => !asks.includes(key)));
}
