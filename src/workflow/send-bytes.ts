import type {OpenedSource, SourceRequest} from '../cloud/image-source.ts';
import type {ImportMethod} from '../cloud/image-store.ts';
import type {Image} from '../core/image.ts';
import type {AcquireContext, AcquireTask} from './acquire.ts';

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
  const {context, task, record, method, stores, deadlineMs} = stream;
  const opened = await context.source.open(sourceRequest(context, task));
  reportProgress({context, task, record, deadlineMs}, opened);
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
      await context.store.stage(upload);
      await context.store.importStaged({id: record.id, ...(stores.length > 0 && {stores})});
      return await completeManifest(stream, opened);
    }
  } finally {
    opened.bytes.destroy();
  }
  await copyToOthers(context, record, stores.slice(1));
  return completeManifest(stream, opened);
}

async function completeManifest(
  {context, task}: StreamTask,
  opened: OpenedSource,
): Promise<Readonly<Record<string, string>>> {
  if (!task.artifact || !context.builder) return {};
  const sha512 = opened.facts().digests.find(({algorithm}) => algorithm === 'sha512')?.hex;
  const format = task.artifact.files.find((file) => file.format === task.definition.format)?.format;
  if (sha512 === undefined || format === undefined) return {};
  const {manifestSha256, patchlevel} = await context.builder.complete(task.artifact, {format, sha512});
  return {
    imgmgr_manifest: `sha256:${manifestSha256}`,
    // What the definition says of it counts.
    ...(patchlevel !== undefined && !('patchlevel' in task.definition.meta) && {patchlevel}),
  };
}

/** A direct upload reaches one store; the others get a copy, before anybody can see the image. */
async function copyToOthers(context: AcquireContext, record: Image, stores: readonly string[]): Promise<void> {
  if (stores.length > 0) await context.store.copyToStores({id: record.id, stores});
}

function reportProgress(
  {context, task, record, deadlineMs}: Pick<StreamTask, 'context' | 'task' | 'record' | 'deadlineMs'>,
  opened: OpenedSource,
): void {
  const startMs = context.surroundings.monotonic();
  let bytes = 0;
  let toldMs = startMs;
  opened.bytes.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const nowMs = context.surroundings.monotonic();
    if (nowMs - toldMs < 250) return;
    toldMs = nowMs;
    context.emit({
      type: 'progress',
      cloud: context.store.cloud,
      definition: task.definition.name,
      version: task.release.version,
      image: record.id,
      phase: 'uploading',
      bytes,
      elapsedMs: nowMs - startMs,
      limitMs: deadlineMs - startMs,
      ...(opened.size !== undefined && {total: opened.size}),
    });
  });
  // Whoever takes the bytes reports the error; without a listener of its own it would end the process when it comes late.
  opened.bytes.on('error', () => undefined);
  // A listener for `data` would start the flow before the upload is there to take it.
  opened.bytes.pause();
}

/** How the source of a release is asked. */
export function sourceRequest(context: AcquireContext, {definition, release, artifact}: AcquireTask): SourceRequest {
  const {listed, digest} = release;
  return {
    urls: listed.mirrorUrl === undefined ? [listed.url] : [listed.mirrorUrl, listed.url],
    baseDir: context.baseDir,
    format: definition.format,
    // Hashing costs more than sending; the demanded digest is what counts, and a build has none until now.
    wantSha512: artifact !== undefined,
    signal: context.signal,
    ...(digest && {digest}),
  };
}
