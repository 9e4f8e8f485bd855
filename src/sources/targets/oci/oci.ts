import type {OciReference} from '../../../core/oci-reference.ts';
import {formatOciReference, parseOciReference} from '../../../core/oci-reference.ts';
import {ImgmgrError} from '../../../errors.ts';
import type {ImageToWrite, OpenTarget, TargetRequest, WrittenImage} from '../../../ports/image-target.ts';
import type {Logins} from '../../kinds/oci/login.ts';
import {findLogin} from '../../kinds/oci/login.ts';
import {readManifest} from '../../kinds/oci/manifest.ts';
import type {RegistryContext} from '../../kinds/oci/registry.ts';
import {Registry} from '../../kinds/oci/registry.ts';
import {showUrl} from '../../show-url.ts';
import type {Reading} from '../checked-bytes.ts';
import {drain, hashing, readChecked} from '../checked-bytes.ts';
import {describeImage, LAYER_TYPE, layerOf, layerSize, MANIFEST_TYPE, sha256} from './container-disk.ts';
import type {BlobBytes} from './push.ts';
import {Push} from './push.ts';

/** What registries are written with. */
export type OciTargetContext = Pick<RegistryContext, 'web' | 'patience'> & {readonly logins: Logins};

/** A tag of a repository; USAGE for what is none. CONFIG where the file of logins cannot be used. */
export async function openOci(
  {address, signal}: Omit<TargetRequest, 'force'>,
  given: OciTargetContext,
): Promise<OpenTarget> {
  const of = referenceOf(address);
  const context = {...given, of, login: await findLogin(of, given.logins), signal, rights: 'pull,push'} as const;
  return {write: (image) => write(image, context)};
}

type Tagged = OciReference & {readonly tag: string};

function referenceOf(address: string): Tagged {
  const of = parseOciReference(address);
  if (of?.tag !== undefined && of.digest === undefined) return {...of, tag: of.tag};
  throw new ImgmgrError(
    'USAGE',
    of === undefined
      ? `${showUrl(address)} names no container image`
      : `${showUrl(address)} names a digest, which comes of the image`,
    {hint: 'write oci://registry/repository:tag, with the name of the registry'},
  );
}

/** The layer, the configuration, and last the tag: whoever pulls it gets all of it, or what it was before. */
async function write(image: ImageToWrite, context: RegistryContext & {readonly of: Tagged}): Promise<WrittenImage> {
  const {of, signal} = context;
  const push = new Push(context);
  const registry = new Registry(context);
  let last: Reading | undefined;
  const read = async (): Promise<Reading> => (last = await readChecked(image, signal));
  const size = image.size ?? (await count(await read()));
  const bytes: BlobBytes = {
    size: layerSize(size),
    read: async () => layerOf({format: image.format, size}, (await read()).chunks),
  };
  const digest = await sendLayer(bytes, {push, registry, tag: of.tag, signal});
  const layer = {mediaType: LAYER_TYPE, digest, size: bytes.size};
  const {config, configBlob, manifest} = describeImage(layer, image);
  if (!(await push.has(configBlob)))
    await push.put(configBlob.digest, {size: config.length, read: () => Promise.resolve(once(config))});
  for (const blob of [layer, configBlob])
    if (!(await push.has(blob)))
      throw new ImgmgrError('SOURCE_REFUSED', `the registry ${of.registry} took ${blob.digest}, and does not have it`, {
        hint: 'export again; where it stays so, have the operator of the registry look',
      });
  const described = {mediaType: MANIFEST_TYPE, digest: sha256(manifest), bytes: manifest};
  signal.throwIfAborted();
  await push.tag(of.tag, described);
  // Its bytes are compared with the digest.
  await registry.manifest(described.digest, manifest.length);
  return {
    target: formatOciReference(of, described.digest),
    bytes: size,
    digests: last?.digests() ?? [],
    manifest: described.digest,
  };
}

async function count({chunks, bytes}: Reading): Promise<number> {
  await drain(chunks);
  return bytes();
}

interface Sending {
  readonly push: Push;
  readonly registry: Registry;
  readonly tag: string;
  readonly signal: AbortSignal;
}

/** Where the tag has a layer of this size, it is likely the same: then the bytes are read first, and sent only where the registry lacks them. */
async function sendLayer(bytes: BlobBytes, {push, registry, tag, signal}: Sending): Promise<string> {
  if (!(await hasLayerOfSize(bytes.size, {registry, tag, signal}))) return push.stream(bytes);
  const hash = hashing();
  await drain(hash.through(await bytes.read()));
  const digest = hash.digest();
  if (!(await push.has({digest, size: bytes.size}))) await push.put(digest, bytes);
  return digest;
}

/** Whatever keeps us from looking: then it is sent. */
async function hasLayerOfSize(size: number, {registry, tag, signal}: Omit<Sending, 'push'>): Promise<boolean> {
  try {
    const {body, contentType} = await registry.manifest(tag);
    const found = readManifest(body, {show: tag, contentType, architecture: undefined});
    return found.kind === 'image' && found.manifest.layers.some((layer) => layer.size === size);
  } catch (error) {
    if (signal.aborted || !(error instanceof ImgmgrError)) throw error;
    return false;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
