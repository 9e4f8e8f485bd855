import type {Identity} from '../access/identity.ts';
import type {DefinitionsAnswer, ImageAnswer, ImagesAnswer} from '../contract/images.ts';
import {CallError, notFound} from '../errors.ts';
import {cloudReading} from '../reading/clouds.ts';
import type {ImagesQuery} from '../reading/images.ts';
import {cloudsOf, imagesAnswer} from '../reading/images.ts';
import {commandText, readLine} from '../verbs/command-line.ts';
import {cloudOffers, imageOffers} from '../verbs/offers.ts';
import type {ServiceContext} from './context.ts';
import {offerContext} from './context.ts';

/** As many verifications of a definition are shown with every check. */
const VERIFICATIONS = 20;

/** What is on the clouds. NOT_FOUND for a cloud that there is not. */
export async function listImages(
  query: ImagesQuery & {readonly refresh?: '1' | undefined},
  identity: Identity,
  context: ServiceContext,
): Promise<ImagesAnswer> {
  const {clouds, parts, profile} = context;
  const asked = cloudsOf(query.cloud, clouds.names, identity);
  const known = await clouds.status(asked, query.refresh === '1');
  const about = {now: parts.now(), profile, flags: parts.flags};
  return {...imagesAnswer(known, query, about), offers: cloudOffers(asked, offerContext(context, identity))};
}

/** Everything about one definition or image on one cloud. NOT_FOUND; UNAVAILABLE where the cloud could never be read. */
export async function getImage(
  {cloud, target, refresh}: {readonly cloud: string; readonly target: string; readonly refresh?: '1' | undefined},
  identity: Identity,
  context: ServiceContext,
): Promise<ImageAnswer> {
  const {clouds, parts, history} = context;
  cloudsOf([cloud], clouds.names, identity);
  const reading = await clouds.show(cloud, target, refresh === '1');
  const {value: shown, error} = reading;
  if (shown === null)
    throw notFound(
      `definition and no image "${target.slice(0, 200)}" on ${cloud}`,
      'GET /v1/images lists what is there',
    );
  if (shown === undefined) {
    const message = error ? `${cloud}: ${error.message}` : `${cloud} has not answered yet`;
    throw new CallError(
      503,
      {code: 'UNAVAILABLE', message, retryS: 5},
      error?.hint === undefined ? {} : {hint: error.hint},
    );
  }
  const definition = shown.definition?.name ?? shown.images[0]?.stamp?.definition;
  const verifications =
    definition === undefined
      ? []
      : await history.read((reader) => reader.verifications({cloud, definition, limit: VERIFICATIONS}));
  return {
    reading: cloudReading(cloud, reading),
    shown,
    verifications: (verifications ?? []).map(
      ({run, image, version, datasource, state, verdict, cause, startedAt, endedAt, checks}) => ({
        ...{run, image, version, datasource, state, verdict, cause, startedAt, endedAt, checks},
      }),
    ),
    command: commandText(readLine('show', parts.flags, {clouds: [cloud], names: [target]})),
    offers: imageOffers(shown, offerContext(context, identity)),
  };
}

/** What the definition files say. The error of the files where they cannot be read at all. */
export async function listDefinitions({definitions}: ServiceContext): Promise<DefinitionsAnswer> {
  const {value, error} = await definitions.answer();
  if (value && !error) return value;
  throw new CallError(
    503,
    {code: 'UNAVAILABLE', message: error?.message ?? 'the definitions were not read yet'},
    error?.hint === undefined ? {} : {hint: error.hint},
  );
}
