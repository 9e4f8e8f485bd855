import type {OciReference} from '../../../core/oci-reference.ts';
import {formatOciReference, isOciUrl, parseOciReference} from '../../../core/oci-reference.ts';
import {limitsOf} from '../../../core/limits.ts';
import type {Compression} from '../../../core/format/wrapper.ts';
import {compressionOf, WRAPPER_REACH} from '../../../core/format/wrapper.ts';
import {ImgmgrError} from '../../../errors.ts';
import type {Exec} from '../../../exec.ts';
import {capped, tooLarge} from '../../capped.ts';
import {peekable} from '../../chunks.ts';
import {decompressed} from '../../decompress.ts';
import type {Web} from '../../download/follow.ts';
import type {ReadRequest, Served, SourceKind} from '../../served.ts';
import {showUrl} from '../../show-url.ts';
import {tarEntries} from '../../tar.ts';
import type {Patience} from '../../download/patience.ts';
import {DiskFolder} from './disk-folder.ts';
import type {Logins} from './login.ts';
import {findLogin} from './login.ts';
import type {Descriptor, Manifest} from './manifest.ts';
import {checkArchitecture, readManifest} from './manifest.ts';
import {Registry} from './registry.ts';

/** What container images are read with. */
export interface OciContext {
  readonly web: Web;
  readonly patience: Patience;
  readonly exec: Exec;
  readonly logins: Logins;
}

/** `oci://registry/repository[:tag][@digest]`: the one file below `/disk` of a container image, as KubeVirt's container disks have it. */
export function createOciKind(context: OciContext): SourceKind {
  return {name: 'oci', claims: isOciUrl, read: async (request) => read(context, request)};
}

async function read(context: OciContext, request: ReadRequest): Promise<Served> {
  const closing = new AbortController();
  const signal = request.signal === undefined ? closing.signal : AbortSignal.any([request.signal, closing.signal]);
  const of = referenceOf(request.url);
  const show = showUrl(request.url);
  // Before anything is asked: what a registry knows from earlier must not be printed either.
  const login = await findLogin(of, context.logins);
  const registry = new Registry({...context, of, login, signal});
  const {manifest, digest} = await imageOf(registry, {of, show, architecture: request.architecture});
  const disk = diskOf({registry, manifest, show, context, request});
  try {
    // The header of the file says how large it is; what lies above it has been read by then.
    const first = await disk.next();
    if (first.done === true) throw new ImgmgrError('INTERNAL', `${show} has no disk, and nothing said so`);
    return {
      url: request.url,
      origin: formatOciReference(of, digest),
      remote: false,
      size: first.value.size,
      chunks: contents(disk),
      close: async () => {
        closing.abort();
        await disk.return(undefined);
      },
    };
  } catch (error) {
    closing.abort();
    throw error;
  }
}

function referenceOf(url: string): OciReference {
  const of = parseOciReference(url);
  if (of !== undefined) return of;
  throw new ImgmgrError('SOURCE_REFUSED', `${showUrl(url)} names no container image`, {
    hint: 'write oci://registry/repository:tag, with the name of the registry (oci://docker.io/… for Docker Hub)',
  });
}

interface Wanted {
  readonly of: OciReference;
  readonly show: string;
  readonly architecture: string | undefined;
}

/** The manifest of the image for that processor, and the digest of what the reference named. */
async function imageOf(
  registry: Registry,
  {of, show, architecture}: Wanted,
): Promise<{readonly manifest: Manifest; readonly digest: string}> {
  const served = await registry.manifest(of.digest ?? of.tag ?? 'latest');
  const reading = {show, contentType: served.contentType, architecture};
  const found = readManifest(served.body, reading);
  if (found.kind === 'image') {
    await checkConfig(registry, found.manifest, reading);
    return {manifest: found.manifest, digest: served.digest};
  }
  const chosen = await registry.manifest(found.chosen.digest, found.chosen.size);
  const inner = readManifest(chosen.body, {...reading, contentType: chosen.contentType});
  if (inner.kind === 'image') return {manifest: inner.manifest, digest: served.digest};
  throw new ImgmgrError('SOURCE_REFUSED', `${show} has a list of images in a list of images`);
}

/** An index names the processor of each of its images; an image by itself has it in its configuration. */
async function checkConfig(
  registry: Registry,
  {config}: Manifest,
  reading: Parameters<typeof checkArchitecture>[1],
): Promise<void> {
  if (config !== undefined && reading.architecture !== undefined)
    checkArchitecture(await registry.small(config), reading);
}

interface Reading {
  readonly registry: Registry;
  readonly manifest: Manifest;
  readonly show: string;
  readonly context: OciContext;
  readonly request: ReadRequest;
}

/** First the size of the disk, then its bytes, and then nothing until the layers below are read, too: none of them may have another one. */
async function* diskOf(reading: Reading): AsyncGenerator<{readonly size: number} & {readonly chunk?: Uint8Array}> {
  const {manifest, show, request} = reading;
  const limits = limitsOf(request.limits);
  const served = manifest.layers.reduce((sum, {size}) => sum + size, 0);
  if (served > limits.download) throw tooLarge({show, name: 'download', limit: limits.download});
  const folder = new DiskFolder(show);
  // All layers together.
  const read = {bytes: 0};
  const cap = {show, name: 'unpacked', limit: limits.unpacked} as const;
  for (const layer of manifest.layers.toReversed()) {
    const bytes = capped(await layerBytes(reading, layer), cap, read);
    for await (const entry of tarEntries(bytes, show)) {
      if (!folder.isDisk(entry)) continue;
      yield {size: entry.size};
      for await (const chunk of entry.content) yield {size: entry.size, chunk};
    }
    folder.nextLayer();
  }
  folder.requireFound();
}

async function* contents(disk: AsyncGenerator<{readonly chunk?: Uint8Array}>): AsyncGenerator<Uint8Array> {
  for await (const {chunk} of disk) if (chunk !== undefined) yield chunk;
}

/** A layer as a tar file. */
async function layerBytes({registry, context, show}: Reading, layer: Descriptor): Promise<AsyncGenerator<Uint8Array>> {
  const peeker = peekable(registry.blob(layer));
  const wrapper = compressionOf((await peeker.peek(WRAPPER_REACH)).head);
  if (wrapper === undefined) return peeker.rest();
  if (isOfLayers(wrapper)) return decompressed(peeker.rest(), {exec: context.exec, show, wrapper});
  await peeker.close();
  throw new ImgmgrError('SOURCE_REFUSED', `${show} has a layer that is compressed with ${wrapper}`, {
    hint: 'layers are tar files, plain, gzip or zstd',
  });
}

function isOfLayers(wrapper: Compression): boolean {
  return wrapper === 'gz' || wrapper === 'zst';
}
