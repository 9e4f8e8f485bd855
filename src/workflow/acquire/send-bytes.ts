import type {ConvertProgress} from '../../ports/image-converter.ts';
import type {OpenedSource} from '../../ports/image-source.ts';
import type {ImportMethod} from '../../ports/image-store.ts';
import type {Image} from '../../core/image/image.ts';
import type {AcquireContext, AcquireTask} from './types.ts';
import {completeBuild} from './complete-build.ts';
import {describeStaging, stagingOf} from './staging.ts';
import {limitsOf} from '../../core/limits.ts';
import {needsOwnDigest, sourceRequest} from './source-request.ts';

/** One way of bytes through us into a record. */
export interface StreamTask {
  readonly context: AcquireContext;
  readonly task: AcquireTask;
  readonly record: Image;
  readonly method: ImportMethod;
  readonly stores: readonly string[];
  readonly deadlineMs: number;
}

/**
 * Streams the bytes of the source into the record, and further to all demanded stores. Of a build, the same pass tells the digests
 * for its manifest; the answer is what the image shall say of that.
 */
export async function streamBytes(stream: StreamTask): Promise<Readonly<Record<string, string>>> {
  const {context, record, method, stores} = stream;
  const opened = await openSource(stream);
  reportUpload(stream, opened);
  const upload = {
    id: record.id,
    bytes: opened.bytes,
    signal: context.signal,
    ...(opened.size !== undefined && {size: opened.size}),
  };
  try {
    if (method === 'upload')
      await context.store.upload({...upload, ...(stores[0] !== undefined && {store: stores[0]})});
    else {
      await context.imports.watch(record.id, context.store.stage(upload));
      await context.imports.watch(
        record.id,
        context.store.importStaged({id: record.id, ...(stores.length > 0 && {stores})}),
      );
      return await completeManifest(stream, opened);
    }
  } finally {
    opened.bytes.destroy();
  }
  await copyToOthers(context, record, stores.slice(1));
  return completeManifest(stream, opened);
}

/** Of what was built, the pass that sent the bytes tells the digest, too. */
async function completeManifest(
  {context, task}: StreamTask,
  opened: OpenedSource,
): Promise<Readonly<Record<string, string>>> {
  const sha512 = opened.facts().digests.find(({algorithm}) => algorithm === 'sha512')?.hex;
  const own = sha512 !== undefined && needsOwnDigest(context, task) ? {imgmgr_digests: `sha512:${sha512}`} : {};
  return {...own, ...(await completeBuild(context, task, sha512))};
}

/** A direct upload reaches one store; the others get a copy, before anybody can see the image. */
async function copyToOthers(context: AcquireContext, record: Image, stores: readonly string[]): Promise<void> {
  if (stores.length > 0) await context.store.copyToStores({id: record.id, stores});
}

/** The bytes as they go to the store: those of the source, or, once all of them are here and proven, the judged copy or what it was converted to. */
async function openSource(stream: StreamTask): Promise<OpenedSource> {
  const {context, task, deadlineMs} = stream;
  const {definition, release} = task;
  const request = sourceRequest(context, task);
  const staging = stagingOf(context, definition);
  const {store, emit, surroundings, signal} = context;
  const limitMs = deadlineMs - surroundings.monotonic();
  if (!staging) return context.source.open({...request, limitMs});
  const {conversion, converter} = staging;
  const message = `${release.version}: ${describeStaging(definition.format, staging)} on this host`;
  emit({type: 'decision', cloud: store.cloud, definition: definition.name, message});
  const open = (limited: AbortSignal): Promise<OpenedSource> => context.source.open({...request, signal: limited});
  const judged = {
    from: definition.format,
    limits: limitsOf(context.options.limits, definition.limits),
    limitMs,
    signal,
    progress: progressTeller(stream),
  };
  return conversion ? converter.convert(open, {...judged, conversion}) : converter.judge(open, judged);
}

function reportUpload(stream: StreamTask, opened: OpenedSource): void {
  const tell = progressTeller(stream);
  const {size} = opened;
  let bytes = 0;
  opened.bytes.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    tell({phase: 'uploading', bytes, ...(size !== undefined && {total: size})});
  });
  // Whoever takes the bytes reports the error; without a listener of its own it would end the process when it comes late.
  opened.bytes.on('error', () => undefined);
  // A listener for `data` would start the flow before the upload is there to take it.
  opened.bytes.pause();
}

type Amount = Omit<ConvertProgress, 'phase'> & {readonly phase: ConvertProgress['phase'] | 'uploading'};

/** Tells how far it is, four times a second at most; of a conversion each new phase at once. */
function progressTeller({context, task, record, deadlineMs}: StreamTask): (amount: Amount) => void {
  const startMs = context.surroundings.monotonic();
  let toldMs = startMs;
  let phase: Amount['phase'] = 'uploading';
  return (amount) => {
    const nowMs = context.surroundings.monotonic();
    if (amount.phase === phase && nowMs - toldMs < 250) return;
    ({phase} = amount);
    toldMs = nowMs;
    context.emit({
      type: 'progress',
      cloud: context.store.cloud,
      definition: task.definition.name,
      version: task.release.version,
      image: record.id,
      elapsedMs: nowMs - startMs,
      limitMs: deadlineMs - startMs,
      ...amount,
    });
  };
}
