import {countsOf} from '../core/counts.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Emit} from '../core/events.ts';
import {latestHold, shownHold} from '../core/hold.ts';
import type {Image} from '../core/image/image.ts';
import {MANAGED_TAG} from '../core/image/stamp.ts';
import {didYouMean} from '../core/nearest.ts';
import type {OwnImage} from '../core/release/release.ts';
import {FORECAST_MS} from '../core/rules/forecast.ts';
import {auditLive} from '../core/rules/live-audit.ts';
import {liveSubject} from '../core/rules/live-subject.ts';
import type {Profile} from '../core/rules/profile.ts';
import {ofNewerFormat} from '../core/status/rows.ts';
import {chainOf, linkOf, shownDefinition, shownImage} from '../core/status/show.ts';
import type {Shown} from '../core/status/shown.ts';
import {ImgmgrError} from '../errors.ts';
import type {ImageStore} from '../ports/image-store.ts';
import type {ServerHost} from '../ports/server-host.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {logInTo} from '../workflow/log-in.ts';
import {viewOf} from '../workflow/run/observe.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ProfileChoice} from './audit-profile.ts';
import {chosenProfile} from './audit-profile.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {CloudChoice, DefinitionChoice} from './requests.ts';
import {orFailed} from './work-on-clouds.ts';

/** Say everything that is known of one definition or image. */
export interface ShowRequest extends CloudChoice {
  /** The name of a definition, a Glance id, or the name of an image: the first that is there. */
  readonly target: string;
  readonly definitions: Pick<DefinitionChoice, 'images'>;
  readonly profile: ProfileChoice;
  /** Also which servers use the images. */
  readonly servers: boolean;
}

/** Emits what each cloud has under the name; USAGE with the nearest names where none has anything. */
export async function* show(request: ShowRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const at = ports.now();
  const profile = await chosenProfile(request.profile, ports, at);
  const definitions = await ports.files.definitions(request.definitions.images);
  const clouds = ports.clouds(request);
  emit({type: 'started', command: 'show', clouds: clouds.map(({name}) => name), run: ports.run});
  const known = new Set(definitions.map(({name}) => name));
  const look = {request, ports, emit, profile, definitions, at, known};
  const seen = {found: false, failed: false};
  for (const cloud of clouds) {
    ports.signal.throwIfAborted();
    const outcome = await orFailed({cloud, signal: ports.signal, emit}, async () => {
      const shown = await showOn(cloud, look);
      if (shown) emit({type: 'shown', ...shown});
      seen.found ||= shown !== undefined;
      return {cloud: cloud.name, counts: countsOf({}), errors: [], changesPending: false};
    });
    seen.failed ||= outcome.errors.length > 0;
    yield outcome;
  }
  if (seen.found || seen.failed) return;
  throw new ImgmgrError('USAGE', `there is no definition and no image "${request.target}"`, {
    hint: didYouMean(request.target, known) ?? `give an id or a whole name; definitions: ${shortList(known)}`,
  });
}

function shortList(names: ReadonlySet<string>): string {
  return [...names].slice(0, 10).join(', ') || 'none';
}

interface Look {
  readonly request: ShowRequest;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly profile: Profile;
  readonly definitions: readonly Definition[];
  readonly at: Date;
  /** Names that are near when nothing is found; each cloud adds its own. */
  readonly known: Set<string>;
}

async function showOn(cloud: OpenCloud, look: Look): Promise<Shown | undefined> {
  const {request, ports, emit, definitions, at, known} = look;
  const {target} = request;
  const {store, servers} = interruptible(await cloud.open(), ports.signal);
  const {projectId} = await logInTo(store, emit);
  const view = viewOf(await store.listTagged(MANAGED_TAG), projectId, store.now());
  const own = [...view.own, ...ofNewerFormat(view.images, projectId)];
  for (const {image, stamp} of own)
    for (const name of [stamp.definition, image.name]) if (name !== null) known.add(name);
  const chosen = await choose(target, {own, definitions, store});
  if (!chosen) return undefined;
  const {images, chain} = chosen;
  const name = chosen.definition;
  const definition = definitions.find((each) => each.name === name);
  const about = {cloud: store.cloud, target, asOf: at.toISOString()};
  return {
    ...about,
    definition: definition ? shownDefinition(definition) : null,
    hold: name === undefined ? null : shownHold(latestHold(definition ?? {name}, view.holds), view.now),
    images: await describe(images, own, look),
    chain,
    ...(request.servers && {
      servers: await usesOf([...images.map(({id}) => id), ...chain.map(({image}) => image)], servers),
    }),
  };
}

interface Chosen {
  readonly definition?: string;
  readonly images: readonly Image[];
  readonly chain: Shown['chain'];
}

interface Around {
  readonly own: readonly OwnImage[];
  readonly definitions: readonly Definition[];
  readonly store: ImageStore;
}

/** The definition of that name, else the image with that id, else the images with that name: one, or a list of several. */
async function choose(target: string, {own, definitions, store}: Around): Promise<Chosen | undefined> {
  const ofDefinition = (name: string): readonly OwnImage[] => own.filter(({stamp}) => stamp.definition === name);
  const definitionOf = (name: string): Definition | undefined => definitions.find((each) => each.name === name);
  const siblings = ofDefinition(target);
  if (siblings.length > 0 || definitions.some(({name}) => name === target)) {
    const current = siblings.filter(({stamp}) => stamp.state === 'current').map(({image}) => image);
    return {definition: target, images: current, chain: chainOf(siblings, definitionOf(target))};
  }
  const found = await findImages(target, own, store);
  const [image, ...others] = found;
  if (!image) return undefined;
  if (others.length > 0) return {images: [], chain: found.map((each) => linkOf(each))};
  const definition = own.find((each) => each.image.id === image.id)?.stamp.definition;
  return {
    images: [image],
    ...(definition === undefined
      ? {chain: []}
      : {definition, chain: chainOf(ofDefinition(definition), definitionOf(definition))}),
  };
}

async function findImages(target: string, own: readonly OwnImage[], store: ImageStore): Promise<readonly Image[]> {
  const known = own.find(({image}) => image.id === target);
  if (known) return [known.image];
  const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(target);
  const image = isId ? await store.get(target) : undefined;
  return image ? [image] : store.listNamed([target]);
}

/** Judged among the images of ours, which alone are listed. */
async function describe(
  images: readonly Image[],
  own: readonly OwnImage[],
  {ports, profile, definitions, at}: Look,
): Promise<Shown['images']> {
  if (images.length === 0) return [];
  const now = at.getTime();
  const ours = new Set(own.map(({image}) => image.id));
  const others = images
    .filter(({id}) => !ours.has(id))
    .map((image) => liveSubject(image, {mends: 'you', refreshes: 'you'}));
  const audit = auditLive({own, definitions, others, whole: false, profile, now, until: now + FORECAST_MS});
  const {findEvidence} = await ports.verification();
  return Promise.all(
    images.map(async (image) => {
      const other = others.find((subject) => subject.image === image.id);
      const judged = other ? audit.judgeOther(other) : audit.byImage.get(image.id);
      return shownImage(image, judged ?? {findings: [], ahead: []}, await findEvidence?.(image.id));
    }),
  );
}

async function usesOf(ids: readonly string[], servers: ServerHost): Promise<NonNullable<Shown['servers']>> {
  return Object.fromEntries(await servers.imageUses({ids: [...new Set(ids)], partial: true}));
}
