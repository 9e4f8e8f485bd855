import {without} from '../exchange.ts';
import type {Misdeed} from '../misbehaviour.ts';
import {payloadOf, takeIn} from './bytes.ts';
import type {Payload} from './bytes.ts';
import {clearData, importStage, isRefusedFormat, setData} from './context.ts';
import type {GlanceContext, ImportTask} from './context.ts';
import type {ImageRecord} from './image-table.ts';
import type {ImportOrder} from './imports.ts';

interface Run {
  readonly context: GlanceContext;
  readonly task: ImportTask;
  readonly order: ImportOrder;
  readonly misdeed: Misdeed | undefined;
}

/**
 * One import from start to end, in Glance's steps: importing, fetch, store after store, active, lock off. Property by
 * property as https://github.com/openstack/glance/blob/master/glance/async_/flows/api_image_import.py leaves them.
 */
export async function runImport(run: Run): Promise<void> {
  if (run.misdeed?.name === 'imageStuckInQueued') return;
  begin(run);
  await importStage(run.context);
  if (run.misdeed !== undefined && misbehave(run, run.misdeed)) return;
  const payload = await fetchBytes(run);
  if (payload === undefined) {
    giveUp(run, run.order.stores);
    return;
  }
  await storeBytes(run, payload);
}

/** True when the misdeed is the end of this import. */
function misbehave(run: Run, {name, options}: Misdeed): boolean {
  if (name === 'importNeverEnds') return true;
  if (name === 'imageStuckInImporting') finishTask(run, 'failure', options.message ?? FAILED);
  else if (name === 'importFailsBackToQueued') giveUp(run, run.order.stores);
  else if (name === 'importTaskFails') giveUp(run, [], options.message ?? 'Request exceeded a limit: image_size_total');
  else return false;
  return true;
}

const FAILED = 'Task failed due to Internal Error';

function begin(run: Run): void {
  run.task.status = 'processing';
  edit(run, 'importing', (image) => {
    if (run.order.method !== 'copy-image') image.status = 'importing';
    setStores(image, 'os_glance_importing_to_stores', run.order.stores);
    setStores(image, 'os_glance_failed_import', []);
  });
}

async function fetchBytes(run: Run): Promise<Payload | undefined> {
  const {context, order, task} = run;
  if (order.method === 'copy-image') return context.payloads.get(task.image_id);
  const payload = order.method === 'web-download' ? await download(run) : context.staged.get(task.image_id);
  context.staged.delete(task.image_id);
  const record = context.table.find(task.image_id);
  if (payload === undefined || record === undefined || isRefusedFormat(context, record, payload)) return undefined;
  return run.misdeed?.name === 'conversionPlugin' ? converted(run, payload) : payload;
}

async function download({context, order}: Run): Promise<Payload | undefined> {
  try {
    const response = await fetch(order.uri ?? '', {
      signal: context.closing,
      headers: {'user-agent': 'Python-urllib/3.11', 'accept-encoding': 'identity'},
    });
    if (!response.ok || response.body === null) return undefined;
    return await takeIn(response.body, context.options.keepBytes);
  } catch {
    return undefined;
  }
}

/** Server-side conversion to raw: as many bytes as the disk inside has, so another size and another hash. */
function converted({context, task}: Run, payload: Payload): Payload {
  context.table.change(task.image_id, 'converted', (image) => {
    image.disk_format = 'raw';
  });
  const raw =
    payload.virtualSize <= context.options.keepBytes ? Buffer.alloc(payload.virtualSize) : Buffer.from(payload.sha512);
  return {...payloadOf(raw), size: payload.virtualSize, virtualSize: payload.virtualSize, format: 'raw'};
}

async function storeBytes(run: Run, payload: Payload): Promise<void> {
  const {context, order, task, misdeed} = run;
  const lost = misdeed?.name === 'someStoresFail' ? (misdeed.options.store ?? order.stores.at(-1)) : undefined;
  const copying = order.method === 'copy-image';
  context.payloads.set(task.image_id, payload);
  const targets = order.stores.length > 0 ? order.stores : [undefined];
  for (const [index, store] of targets.entries()) {
    if (index > 0) await importStage(run.context);
    task.message = `Copied ${Math.floor(payload.size / 2 ** 20)} MiB`;
    const last = index === targets.length - 1;
    edit(run, `stored in ${store ?? 'the store'}`, (image) => {
      const done = store === undefined || store === lost ? image.stores : [...image.stores, store];
      if (!copying) setData(image, payload, done);
      image.stores = done;
      if (!copying && (last || !order.allMustSucceed)) image.status = 'active';
      setStores(image, 'os_glance_importing_to_stores', order.stores.slice(index + 1));
      if (store !== undefined && store === lost) setStores(image, 'os_glance_failed_import', [store]);
    });
  }
  finishTask(run, 'success', task.message);
  // In Glance, too, the lock goes a moment after the image is active and the task has succeeded.
  await importStage(run.context);
  edit(run, 'import done', unlock);
}

function giveUp(run: Run, failedStores: readonly string[], message = FAILED): void {
  finishTask(run, 'failure', message);
  edit(run, 'import failed', (image) => {
    if (run.order.method !== 'copy-image') clearData(image);
    setStores(image, 'os_glance_importing_to_stores', []);
    setStores(image, 'os_glance_failed_import', failedStores);
    unlock(image);
  });
}

function finishTask({task, context}: Run, status: 'success' | 'failure', message: string): void {
  task.status = status;
  task.message = message;
  task.updated_at = context.clock.now();
}

function unlock(image: ImageRecord): void {
  image.properties = without(image.properties, 'os_glance_import_task');
}

function setStores(image: ImageRecord, key: string, stores: readonly string[]): void {
  image.properties = {...image.properties, [key]: stores.toSorted().join(',')};
}

function edit({context, task}: Run, cause: string, change: (image: ImageRecord) => void): void {
  context.table.change(task.image_id, cause, change);
}
