import type {OpenedSource, SourceProbe, SourceRequest} from '../../ports/image-source.ts';
import {folderOf} from '../../core/definition/definition.ts';
import {limitsOf} from '../../core/limits.ts';
import {ImgmgrError} from '../../errors.ts';
import {originOf} from '../../core/object-reference.ts';
import {fileOf} from './make-build.ts';
import {lookAtImage, storeOf} from './image-origin.ts';
import {madeSource} from './made-source.ts';
import {imageSource} from './object-source.ts';
import {StoredSource} from './stored-source.ts';
import type {AcquireContext, AcquireTask, ByteSource} from './types.ts';

type Context = Pick<
  AcquireContext,
  'run' | 'store' | 'source' | 'otherStore' | 'objects' | 'baseDir' | 'options' | 'runtime' | 'emit' | 'signal'
>;

/** Where the bytes of an image come from: the store, an object of a cloud, the file of its build, or the addresses that its version lists. */
export function byteSource(context: Context, what: AcquireTask & {readonly wantSha512: boolean}): ByteSource {
  const {source, signal} = context;
  if (what.stored) {
    const stored = new StoredSource(context.store, what.stored);
    return {probe: () => stored.probe(), open: (how) => stored.open({signal, ...how})};
  }
  const request = sourceRequest(context, what);
  const origin = originOf(what.release.listed?.url ?? '');
  if (origin.kind === 'object') {
    const {object} = origin;
    if (object.kind === 'image')
      return imageSource(async () => lookAtImage(object, await storeOf(object, context)), {...context, request});
    return madeSource(object, {context, request, definition: what.definition});
  }
  return {
    probe: (limitMs): Promise<SourceProbe> => source.probe({...request, limitMs}),
    open: (how): Promise<OpenedSource> => source.open({...request, ...how}),
  };
}

function sourceRequest(context: Context, what: AcquireTask & {readonly wantSha512: boolean}): SourceRequest {
  const {definition, release, wantSha512} = what;
  const {listed, digest} = release;
  const architecture = listed?.meta['architecture'] ?? definition.meta['architecture'];
  return {
    urls: addressesOf(what),
    baseDir: folderOf(definition, context),
    format: definition.format,
    ...(architecture && {architecture}),
    wantSha512,
    limits: limitsOf(context.options.limits, definition.limits),
    signal: context.signal,
    ...(digest && {digest}),
    // Only a digest of the definition itself: a published one may come over the same way.
    ...(listed?.allowHttpRedirect === true && listed.checksum !== undefined && {allowHttpRedirect: true}),
  };
}

/** In order of preference. */
function addressesOf({definition, release, artifact}: AcquireTask): readonly string[] {
  if (release.kind === 'build') {
    if (artifact) return [new URL(`file://${encodePath(fileOf(artifact, definition))}`).href];
    throw new ImgmgrError('INTERNAL', `${definition.name} ${release.version} is a build, and its file is not here`);
  }
  const {url, mirrorUrl} = release.listed;
  return mirrorUrl === undefined ? [url] : [mirrorUrl, url];
}

/** A path as the path of a URL. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
