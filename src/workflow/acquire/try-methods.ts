import type {ImportMethod} from '../../ports/image-store.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import {mayTryAnother} from './choose-methods.ts';
import {verifyDigest} from './digests.ts';
import {discardImage, makeRecord} from './make-record.ts';
import {streamBytes} from './send-bytes.ts';
import {describeStaging} from './staging.ts';
import type {AcquireContext, Acquired, Preparation} from './types.ts';
import {importWait, waitForImport} from './wait-for-import.ts';

/**
 * Makes the image by the first method that works. What a method leaves when it fails is removed; the last error is thrown where no
 * other method may work.
 */
export async function tryMethods(context: AcquireContext, preparation: Preparation): Promise<Acquired> {
  const {task, deadlineMs, probe} = preparation;
  const fallbacks: string[] = [];
  let [method, ...others] = withRetries(context, preparation.methods);
  while (method !== undefined) {
    const isPatient = method !== 'web-download' || others.length === 0;
    const limits = isPatient ? {deadlineMs} : withTimeLeft(context, deadlineMs);
    try {
      const acquired = await tryMethod(context, {...preparation, method, limits});
      return {...acquired, detail: [acquired.detail, ...fallbacks].join(', ')};
    } catch (error) {
      const reason = asImgmgrError(error);
      if (!context.imports.isRefusal(reason) && !mayTryAnother(reason, method)) throw error;
      const [next, ...rest]: readonly ImportMethod[] = await context.imports.usable(others, probe.size);
      if (next === undefined) throw error;
      fallbacks.push(`after ${method} failed (${reason.message})`);
      context.emit({
        type: 'warning',
        code: 'import-fallback',
        cloud: context.store.cloud,
        definition: task.definition.name,
        message: `${task.definition.name} ${task.release.version}: ${method} failed (${reason.message}), trying ${next}`,
      });
      method = next;
      others = rest;
    }
  }
  throw new ImgmgrError('INTERNAL', 'no import method was left to try');
}

/** A web-download is tried again as often as `--stuck-retry` says. */
function withRetries({options}: AcquireContext, methods: readonly ImportMethod[]): readonly ImportMethod[] {
  return methods.flatMap((method) =>
    method === 'web-download' ? Array<ImportMethod>(options.stuckRetry + 1).fill(method) : [method],
  );
}

interface Limits {
  readonly deadlineMs: number;
  readonly stuckMs?: number;
}

/** Half of the time is for what comes next (the peer reserves as much), and what has not begun after a minute is stuck. */
function withTimeLeft({runtime}: AcquireContext, deadlineMs: number): Limits {
  return {deadlineMs: (runtime.monotonic() + deadlineMs) / 2, stuckMs: 60_000};
}

type Attempt = Preparation & {readonly method: ImportMethod; readonly limits: Limits};

async function tryMethod(context: AcquireContext, attempt: Attempt): Promise<Acquired> {
  const {task, method, limits, bytes} = attempt;
  const pending = method === 'web-download' && !context.options.policy.wait;
  const record = await makeRecord(context, {...attempt, pending});
  try {
    const marks = await bringBytes(context, {...attempt, id: record.id});
    if (pending) return {image: record, pending: true, detail: 'method web-download, left to the cloud (--no-wait)'};
    const image = await waitForImport({...importWait(context, task), id: record.id, bytes, ...limits});
    if (method === 'web-download') verifyDigest(image, task.release);
    return {image, pending: false, ...(marks && {marks}), detail: describeMade(attempt, image)};
  } catch (error) {
    await discardImage(context, task, record.id);
    throw error;
  }
}

/** Has the cloud fetch the bytes, or sends them; properties that are known only by then. */
async function bringBytes(
  context: AcquireContext,
  attempt: Attempt & {readonly id: string},
): Promise<Readonly<Record<string, string>> | undefined> {
  const {id, method, stores, probe} = attempt;
  const {store, imports} = context;
  if (method !== 'web-download') return streamBytes(context, {...attempt, method});
  await imports.watch(id, store.importFromUrl({id, url: probe.url, ...(stores.length > 0 && {stores})}));
  return undefined;
}

/** `method upload, disk_format raw, stores a,b, converted from qcow2 to raw`. */
function describeMade({method, staging, task}: Attempt, image: Acquired['image']): string {
  return [
    `method ${method}`,
    `disk_format ${image.diskFormat ?? 'unknown'}`,
    ...(image.stores.length > 0 ? [`stores ${image.stores.join(',')}`] : []),
    ...(staging ? [describeStaging(task.definition.format, staging)] : []),
  ].join(', ');
}
