import type {ConvertProgress} from '../../ports/image-converter.ts';
import {SOURCE_FACT} from '../../core/image/record.ts';
import type {OpenedSource} from '../../ports/image-source.ts';
import type {ImportMethod} from '../../ports/image-store.ts';
import {limitsOf} from '../../core/limits.ts';
import {completeBuild} from './complete-build.ts';
import {describeStaging} from './staging.ts';
import type {AcquireContext, Preparation} from './types.ts';

/** How bytes go through us into a record. */
export interface Sending extends Preparation {
  /** Glance id of the record. */
  readonly id: string;
  readonly method: Exclude<ImportMethod, 'web-download'>;
}

/**
 * Streams the bytes of the source into the record, and further to all demanded stores. Of a build, the same pass computes the digest
 * for its manifest; the answer is what the image shall say of that.
 */
export async function streamBytes(
  context: AcquireContext,
  sending: Sending,
): Promise<Readonly<Record<string, string>>> {
  const {id, method, stores} = sending;
  const opened = await openSource(context, sending);
  reportUpload(opened, progressReporter(context, sending));
  const upload = {
    id,
    bytes: opened.bytes,
    signal: context.signal,
    ...(opened.size !== undefined && {size: opened.size}),
  };
  try {
    if (method === 'upload')
      await context.store.upload({...upload, ...(stores[0] !== undefined && {store: stores[0]})});
    else {
      await context.imports.watch(id, context.store.stage(upload));
      await context.imports.watch(id, context.store.importStaged({id, ...(stores.length > 0 && {stores})}));
      return await readMarks(context, {...sending, opened});
    }
  } finally {
    opened.bytes.destroy();
  }
  // A direct upload reaches one store; the others get a copy, before anybody can see the image.
  if (stores.length > 1) await context.store.copyToStores({id, stores: stores.slice(1)});
  return readMarks(context, {...sending, opened});
}

/** What the image shall say of the digest that was computed while its bytes were sent. */
async function readMarks(
  context: AcquireContext,
  {task, digests, opened}: Sending & {readonly opened: OpenedSource},
): Promise<Readonly<Record<string, string>>> {
  const {origin, digests: found} = opened.facts();
  const sha512 = found.find(({algorithm}) => algorithm === 'sha512')?.hex;
  // The file of a build says nothing that its manifest does not say better.
  const source = origin === undefined || task.artifact !== undefined ? {} : {[SOURCE_FACT]: origin};
  const own = sha512 !== undefined && digests.recordSha512 ? {imgmgr_digests: `sha512:${sha512}`} : {};
  return {...own, ...source, ...(await completeBuild(context, task, sha512))};
}

/** The bytes as they go to the store: those of the source, or, once all of them are here and have the demanded digest, the judged copy or what it was converted to. */
async function openSource(context: AcquireContext, sending: Sending): Promise<OpenedSource> {
  const {task, source, staging, deadlineMs} = sending;
  const {definition, release} = task;
  const {store, emit, runtime, signal} = context;
  const limitMs = deadlineMs - runtime.monotonic();
  if (!staging) return source.open({limitMs});
  const {conversion, converter} = staging;
  const message = `${release.version}: ${describeStaging(definition.format, staging)} on this host`;
  emit({type: 'decision', cloud: store.cloud, definition: definition.name, message});
  const open = (limited: AbortSignal): Promise<OpenedSource> => source.open({signal: limited});
  const judged = {
    from: definition.format,
    limits: limitsOf(context.options.limits, definition.limits),
    limitMs,
    signal,
    progress: progressReporter(context, sending),
  };
  return conversion ? converter.convert(open, {...judged, conversion}) : converter.judge(open, judged);
}

function reportUpload(opened: OpenedSource, report: (amount: Amount) => void): void {
  const {size} = opened;
  let bytes = 0;
  opened.bytes.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    report({phase: 'uploading', bytes, ...(size !== undefined && {total: size})});
  });
  // The reader of the bytes reports the error; without a listener of its own it would end the process when it comes late.
  opened.bytes.on('error', () => undefined);
  // A listener for `data` would start the flow before the upload is there to take it.
  opened.bytes.pause();
}

type Amount = Omit<ConvertProgress, 'phase'> & {readonly phase: ConvertProgress['phase'] | 'uploading'};

/** Says how far it is, four times a second at most; of a conversion each new phase at once. */
function progressReporter(context: AcquireContext, {task, id, deadlineMs}: Sending): (amount: Amount) => void {
  const startMs = context.runtime.monotonic();
  let saidMs = startMs;
  let phase: Amount['phase'] = 'uploading';
  return (amount) => {
    const nowMs = context.runtime.monotonic();
    if (amount.phase === phase && nowMs - saidMs < 250) return;
    ({phase} = amount);
    saidMs = nowMs;
    context.emit({
      type: 'progress',
      cloud: context.store.cloud,
      definition: task.definition.name,
      version: task.release.version,
      image: id,
      elapsedMs: nowMs - startMs,
      limitMs: deadlineMs - startMs,
      ...amount,
    });
  };
}
