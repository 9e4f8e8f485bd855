import type {ComputeObject, Intermediate} from '../../ports/cloud-object.ts';
import type {SourceRequest} from '../../ports/image-source.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {formatObjectReference, intermediateName} from '../../core/object-reference.ts';
import {notRemoved} from '../../core/warnings.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {holderText} from '../verification/sweep-servers.ts';
import type {FoundImage} from './image-origin.ts';
import {lookAtImage} from './image-origin.ts';
import {imageSource} from './object-source.ts';
import type {AcquireContext, ByteSource} from './types.ts';

/** What making needs. */
interface Making {
  readonly context: Pick<
    AcquireContext,
    'run' | 'store' | 'source' | 'objects' | 'options' | 'runtime' | 'emit' | 'signal'
  >;
  readonly request: SourceRequest;
  readonly definition: Definition;
}

/** How much longer than an import its intermediates are somebody's, where their holder cannot be seen. */
const GRACE_MS = 5 * 60_000;

/**
 * A volume, a snapshot or a server as source: a service makes a private image of it, whose bytes are read as those of any image of a
 * cloud. The first look makes it, `close` removes it.
 */
export function madeSource(object: ComputeObject, {context, request, definition}: Making): ByteSource {
  const {store, source, emit} = context;
  const shown = formatObjectReference(object, store.cloud);
  let made: Intermediate | undefined;
  let found: FoundImage | undefined;
  const make = async (limitMs: number): Promise<FoundImage> => {
    const message = `${shown}: an intermediate image is made of it, which goes again`;
    emit({type: 'decision', cloud: store.cloud, definition: definition.name, message});
    made = await begin(object, {context, definition, limitMs});
    return {...(await lookAtImage({kind: 'image', id: made.image}, store)), shown};
  };
  const open = (limitMs: number, {format} = request): ByteSource =>
    imageSource(async () => (found ??= await make(limitMs)), {source, request: {...request, format}});
  const formatFound = (): string | undefined =>
    definition.isAnyFormat ? (found?.image.diskFormat ?? undefined) : undefined;
  return {
    async probe(limitMs) {
      found ??= await make(limitMs);
      return open(limitMs, {...request, format: formatFound() ?? request.format}).probe(limitMs);
    },
    open: async (how) => open(how.limitMs ?? 0, {...request, format: formatFound() ?? request.format}).open(how),
    format: formatFound,
    async close() {
      try {
        await made?.remove();
      } catch (error) {
        const hint = 'the next import of a volume or a server removes it';
        const what = `what was made on the way from ${shown}`;
        emit({
          type: 'warning',
          cloud: store.cloud,
          definition: definition.name,
          ...notRemoved({what, reason: asImgmgrError(error).message, hint}),
        });
      }
    },
  };
}

async function begin(
  object: ComputeObject,
  {context, definition, limitMs}: Pick<Making, 'context' | 'definition'> & {readonly limitMs: number},
): Promise<Intermediate> {
  const {run, store, objects, options, runtime, signal} = context;
  if (!objects)
    throw new ImgmgrError('UNSUPPORTED', `${store.cloud} has no volumes and no servers that images could be made of`);
  return objects.makeImage({
    object,
    name: intermediateName(run, runtime.uuid().slice(0, 8)),
    stamp: {
      run,
      image: object.id,
      expires: new Date(store.now().getTime() + options.importTimeoutMs + GRACE_MS).toISOString(),
      holder: holderText(runtime.host),
    },
    allowRunning: options.allowRunning ?? false,
    format: definition.format,
    limitMs,
    signal,
  });
}
