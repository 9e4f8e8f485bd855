import type {SizeLimits} from '../core/limits.ts';
import {raiseHint} from '../core/limits.ts';
import type {ObjectReference} from '../core/object-reference.ts';
import {formatObjectReference, objectKind, parseObjectReference} from '../core/object-reference.ts';
import type {ComputeObject} from '../ports/cloud-object.ts';
import type {ErrorCode} from '../errors.ts';
import {ImgmgrError} from '../errors.ts';
import {compareDemanded, lookAtImage} from '../workflow/acquire/image-origin.ts';
import {interruptible} from '../workflow/interruptible.ts';
import type {CloudPorts} from '../workflow/types.ts';
import type {AdHocImage, LocatedObject} from './ad-hoc-image.ts';
import type {AppPorts, OpenCloud} from './ports.ts';

/** A cloud whose connection is made once, however often it is asked for. */
interface Clouds {
  readonly targets: readonly OpenCloud[];
  /** The one that has the object. */
  readonly origin: OpenCloud;
}

/** What keeps the object itself from becoming an image: found out before anything is made, as any other wrong argument. */
const ABOUT_THE_OBJECT: ReadonlySet<ErrorCode> = new Set([
  'SOURCE_REFUSED',
  'NOT_FOUND',
  'FORBIDDEN',
  'UNSUPPORTED',
  'DIGEST_MISMATCH',
]);

/** What the address names in a cloud, or undefined where it is another kind of address. USAGE where it is written wrongly. */
export function objectOf({address, fromCloud}: Pick<AdHocImage, 'address' | 'fromCloud'>): ObjectReference | undefined {
  const kind = objectKind(address);
  if (kind === undefined) {
    if (fromCloud === undefined) return undefined;
    throw new ImgmgrError('USAGE', `--from-cloud names the cloud of an image, and ${address} is none of a cloud`, {
      hint: 'write import image:ID --from-cloud CLOUD',
    });
  }
  const object = parseObjectReference(address);
  if (!object)
    throw new ImgmgrError('USAGE', `${address} names no ${kind.replace('-', ' ')}`, {
      hint: `write ${kind}:ID with its id, a UUID${kind === 'image' ? ', and --from-cloud CLOUD where another cloud has it' : '; it must be in the cloud of --cloud'}`,
    });
  if (fromCloud === undefined) return object;
  if (object.kind === 'image' && (object.cloud === undefined || object.cloud === fromCloud))
    return {...object, cloud: fromCloud};
  throw new ImgmgrError('USAGE', `${address} and --from-cloud ${fromCloud} do not fit together`, {
    hint:
      object.kind === 'image'
        ? 'name one cloud'
        : `a ${object.kind} is imported into its own cloud: leave --from-cloud out`,
  });
}

/** Opens the clouds, and looks at the object. USAGE where it cannot become an image; makes nothing. */
export async function locateObject(
  image: AdHocImage,
  object: ObjectReference,
  ports: Pick<AppPorts, 'signal' | 'clouds'> & {
    readonly targets: readonly OpenCloud[];
    readonly limits: SizeLimits;
  },
): Promise<{readonly located: LocatedObject; readonly targets: readonly OpenCloud[]}> {
  const {targets, origin} = chosen(image, object, ports);
  try {
    const located = await look(image, object, {
      origin,
      targets,
      limits: ports.limits,
      ports: interruptible(await origin.open(), ports.signal),
    });
    return {located, targets};
  } catch (error) {
    if (!(error instanceof ImgmgrError) || !ABOUT_THE_OBJECT.has(error.code)) throw error;
    const {message, hint, place, cause} = error;
    throw new ImgmgrError('USAGE', message, {
      cause,
      ...(hint !== undefined && {hint}),
      ...(place !== undefined && {place}),
    });
  }
}

function chosen(
  {address}: AdHocImage,
  object: ObjectReference,
  {clouds, targets: given}: Pick<AppPorts, 'clouds'> & {readonly targets: readonly OpenCloud[]},
): Clouds {
  const targets = given.map(openedOnce);
  const named = object.kind === 'image' ? object.cloud : undefined;
  const [first, ...others] = targets;
  if (named === undefined && first && others.length === 0) return {targets, origin: first};
  if (named === undefined)
    throw new ImgmgrError('USAGE', `${address} is in one cloud, but ${targets.length} clouds are named`, {
      hint: object.kind === 'image' ? 'say with --from-cloud which one has it' : 'name the one that has it',
    });
  const [other] = clouds({clouds: [named]}, '--from-cloud');
  const origin = targets.find(({name}) => name === named) ?? (other && openedOnce(other));
  if (!origin) throw new ImgmgrError('INTERNAL', `cloud ${named} was not opened`);
  return {targets, origin};
}

function openedOnce(cloud: OpenCloud): OpenCloud {
  let opened: Promise<CloudPorts> | undefined;
  return {name: cloud.name, open: () => (opened ??= cloud.open())};
}

async function look(
  image: AdHocImage,
  object: ObjectReference,
  opened: Clouds & {readonly ports: CloudPorts; readonly limits: SizeLimits},
): Promise<LocatedObject> {
  return object.kind === 'image' ? lookAtOther(image, object, opened) : lookAtDisk(image, object, opened);
}

async function lookAtOther(
  {checksum}: AdHocImage,
  object: Extract<ObjectReference, {kind: 'image'}>,
  {origin, targets, ports}: Clouds & {readonly ports: CloudPorts},
): Promise<LocatedObject> {
  const found = await lookAtImage(object, ports.store);
  compareDemanded(found, checksum);
  const {image, digest} = found;
  const isElsewhere = targets.every(({name}) => name !== origin.name);
  return {
    url: isElsewhere ? formatObjectReference(object, origin.name) : `image:${object.id}`,
    ...(isElsewhere && image.name !== null && image.name !== '' && {name: image.name}),
    format: image.diskFormat ?? 'raw',
    modified: new Date(image.createdAt),
    ...(digest && {digest}),
    minDiskGib: image.minDisk,
    minRamMib: image.minRam,
  };
}

/** Cinder makes a raw image of a volume where no other format is said; of what Nova makes of a server, the format is known then. */
async function lookAtDisk(
  {allowRunning}: AdHocImage,
  object: ComputeObject,
  {ports: {store, objects}, limits}: {readonly ports: CloudPorts; readonly limits: SizeLimits},
): Promise<LocatedObject> {
  if (!objects)
    throw new ImgmgrError('UNSUPPORTED', `${store.cloud} has no volumes and no servers that images could be made of`);
  const {name, bytes, changedAt} = await objects.look(object, {allowRunning});
  if (bytes !== undefined && bytes > limits.virtual)
    throw new ImgmgrError('USAGE', `${object.kind} ${object.id} has ${bytes} bytes, more than ${limits.virtual}`, {
      hint: raiseHint('virtual'),
    });
  return {
    url: `${object.kind}:${object.id}`,
    ...(name !== undefined && {name}),
    format: object.kind === 'server' ? 'qcow2' : 'raw',
    ...(object.kind === 'server' && {isAnyFormat: true as const}),
    modified: changedAt ?? store.now(),
    minDiskGib: 0,
    minRamMib: 0,
  };
}
