import type {IntermediateRequest} from '../../ports/cloud-object.ts';
import {ImgmgrError} from '../../errors.ts';
import {statusOf} from '../answers.ts';
import type {CinderApi} from '../cinder/api.ts';
import type {GlanceApi} from '../glance/api.ts';
import type {NovaApi} from '../nova/api.ts';
import {recoded} from '../request.ts';
import {createSurely} from '../test-servers/create-surely.ts';
import type {Pace} from '../test-servers/pace.ts';
import {poll, requireGoing} from '../test-servers/pace.ts';
import {stampMetadata} from '../test-servers/stamp-text.ts';
import type {Way} from './look.ts';

/** What intermediates are made with. */
export interface MakeParts {
  readonly cloud: string;
  readonly projectId: string;
  readonly glance: GlanceApi;
  readonly nova: NovaApi;
  readonly cinder: CinderApi;
  readonly pace: Pace;
}

/** Ids of what was made on the way; what is undefined was not made, as far as is known. */
export interface Parts {
  image?: string;
  volume?: string;
  snapshot?: string;
}

/** Makes the image by the given way, and notes in `made` what there is to be removed, as soon as it is known. Returns when the image is active. */
export async function makeByWay(
  parts: MakeParts,
  request: IntermediateRequest,
  of: {readonly way: Way; readonly made: Parts},
): Promise<string> {
  const {way, made} = of;
  const endMs = parts.pace.monotonic() + request.limitMs;
  const wait: Wait = {...request, left: () => endMs - parts.pace.monotonic()};
  if (way.kind === 'server') {
    const metadata = stampMetadata(request.stamp);
    made.image = await createImage(parts, request, () =>
      parts.nova.createImage(way.server, {name: request.name, metadata}),
    );
    return untilActive(parts, wait, made.image);
  }
  const volume = way.kind === 'upload' ? way.volume : await volumeOf(parts, wait, {way, made});
  requireGoing(request.signal);
  made.image = await createImage(parts, request, () =>
    parts.cinder.uploadToImage(volume, {name: request.name, format: request.format}),
  );
  return untilActive(parts, wait, made.image, volume);
}

type Wait = IntermediateRequest & {readonly left: () => number};

/** A temporary volume with what a snapshot has, which is taken first where there is none. */
async function volumeOf(
  {cinder, pace}: MakeParts,
  wait: Wait,
  {way, made}: {readonly way: Exclude<Way, {kind: 'server' | 'upload'}>; readonly made: Parts},
): Promise<string> {
  const {name, signal} = wait;
  const metadata = stampMetadata(wait.stamp);
  let snapshot: string;
  if (way.kind === 'snapshot') ({snapshot} = way);
  else {
    snapshot = await createSurely(
      allowedTo('take snapshots of volumes', cinder.createSnapshot({name, volume: way.volume, metadata})),
      pace,
      async () => (await cinder.snapshots()).find((one) => one.name === name)?.id,
    );
    made.snapshot = snapshot;
    await untilReady({pace, wait, what: `snapshot ${snapshot}`}, async () => (await cinder.snapshot(snapshot))?.status);
  }
  requireGoing(signal);
  const volume = await createSurely(
    allowedTo('make volumes', cinder.create({name, from: {snapshot}, metadata})),
    pace,
    async () => (await cinder.volumes()).find((one) => one.name === name)?.id,
  );
  made.volume = volume;
  await untilReady({pace, wait, what: `volume ${volume}`}, async () => (await cinder.volume(volume))?.status);
  return volume;
}

/** Where the answer was lost, the image is looked for by its name, which nothing else has. */
async function createImage(
  {glance, pace, projectId}: MakeParts,
  {name}: IntermediateRequest,
  create: () => Promise<string>,
): Promise<string> {
  return createSurely(
    allowedTo('make images of volumes and servers', create()),
    pace,
    async () => (await glance.list({name, owner: projectId}))[0]?.id,
  );
}

async function untilReady(
  {pace, wait, what}: {readonly pace: Pace; readonly wait: Wait; readonly what: string},
  look: () => Promise<string | undefined>,
): Promise<void> {
  const ready = await poll({pace, forMs: wait.left(), signal: wait.signal}, async () => {
    const status = (await look()) ?? 'gone';
    if (status === 'available') return true;
    if (status === 'creating') return undefined;
    throw new ImgmgrError('CLOUD_REFUSED', `the temporary ${what} became ${status} while it was made`, {
      hint: 'the log of the block storage says why; run again',
    });
  });
  if (ready === undefined) throw late(`the temporary ${what}`);
}

/** `volume`: what Cinder uploads; as soon as it does so no more, no image comes of it. */
async function untilActive(
  {glance, cinder, cloud, pace}: MakeParts,
  wait: Wait,
  id: string,
  volume?: string,
): Promise<string> {
  let idleLooks = 0;
  const active = await poll({pace, forMs: wait.left(), signal: wait.signal}, async () => {
    const image = await glance.get(id);
    if (image?.status === 'active') return image;
    if (!image || image.status === 'killed' || image.status === 'deleted') throw vanished(wait, {id, cloud});
    if (volume === undefined) return undefined;
    idleLooks = (await cinder.volume(volume))?.status === 'uploading' ? 0 : idleLooks + 1;
    if (idleLooks > 2) throw vanished(wait, {id, cloud});
    return undefined;
  });
  if (active === undefined) throw late(`the intermediate image ${id}`);
  return id;
}

function vanished({object}: Wait, {id, cloud}: {readonly id: string; readonly cloud: string}): ImgmgrError {
  return new ImgmgrError(
    'CLOUD_REFUSED',
    `no image came of ${object.kind} ${object.id}: the intermediate image ${id} of ${cloud} is gone, or nothing fills it`,
    {
      hint: 'the service gave it up (its log says why), the object was removed meanwhile, or it keeps its images in another Glance than this cloud',
    },
  );
}

function late(what: string): ImgmgrError {
  return new ImgmgrError('TIMEOUT', `${what} was not ready in time`, {hint: 'give it longer with --import-timeout'});
}

/** What policy refuses will be refused again: it is the account that has to be changed. */
async function allowedTo<T>(what: string, call: Promise<T>): Promise<T> {
  return recoded(call, {
    FORBIDDEN: (error) =>
      new ImgmgrError('CONFIG', `this login may not ${what}: ${error.message}`, {
        hint: 'imgmgr doctor --policy names the rules; use a login with the right',
        ...(error.place !== undefined && {place: error.place}),
        cause: error.cause,
      }),
    CLOUD_REFUSED: (error) => (statusOf(error) === 406 ? tooOld(what, error) : undefined),
    QUOTA: (error) =>
      new ImgmgrError('QUOTA', `the quota leaves no room to ${what}: ${error.message}`, {
        hint: 'remove volumes or snapshots, or have the quota raised (gigabytes, volumes, snapshots)',
        ...(error.place !== undefined && {place: error.place}),
        cause: error.cause,
      }),
  });
}

function tooOld(what: string, error: ImgmgrError): ImgmgrError {
  return new ImgmgrError('UNSUPPORTED', `the services of this cloud are too old to ${what} for us: ${error.message}`, {
    hint: 'Nova 2.45 and Cinder 3.1 (Pike) are needed',
    cause: error.cause,
  });
}
