import {byCharacters} from '../../core/order.ts';
import type {ImportState} from '../../ports/image-store.ts';
import type {Image} from '../../core/image/image.ts';
import type {ImportTask} from './schema.ts';
import {splitList} from './schema.ts';

/** A verdict, or `ask-tasks` where the image alone does not show it. */
export type Judgement = ImportState | {readonly kind: 'ask-tasks'; readonly image: Image};

/**
 * What the image alone shows of its import. Glance keeps `os_glance_import_task` on the image from the accepted request to
 * the end of the task, and until then saves whole images that it read earlier: a PATCH in that time could be lost, so an
 * `active` image is done only when that property is gone.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/async_/flows/api_image_import.py (ImportActionWrapper)
 */
export function judgeImage(image: Image, demanded: readonly string[]): Judgement {
  const failedStores = splitList(image.properties['os_glance_failed_import']);
  const underWay = image.properties['os_glance_import_task'] !== undefined;
  switch (image.status) {
    case 'deleted':
    case 'pending_delete':
      return {kind: 'gone'};
    case 'killed':
      return {kind: 'failed', image, reason: 'the cloud killed the image', failedStores};
    case 'saving':
      return {kind: 'running', image};
    case 'active':
    case 'deactivated':
      if (underWay) return {kind: 'ask-tasks', image};
      if (lacks(image, demanded).length === 0) return {kind: 'done', image};
      return {kind: 'ask-tasks', image};
    case 'queued':
      if (underWay || failedStores.length === 0) return {kind: 'ask-tasks', image};
      return {kind: 'failed', image, reason: storesText(failedStores), failedStores};
    case 'uploading':
    case 'importing':
      return {kind: 'ask-tasks', image};
  }
}

/** What the image and its newest task show together; `tasks` undefined: this Glance lists none. */
export function judgeWithTasks(
  image: Image,
  demanded: readonly string[],
  tasks: readonly ImportTask[] | undefined,
): ImportState {
  const judged = judgeImage(image, demanded);
  const task = newestTask(image, tasks);
  const failedStores = splitList(image.properties['os_glance_failed_import']);
  if (judged.kind === 'failed') return {...judged, reason: withTask(judged.reason, task)};
  if (judged.kind !== 'ask-tasks') return judged;
  if (tasks === undefined) return withoutTasks(image, demanded);
  if (isUnderWay(task)) return {kind: 'running', image, ...bytesOf(task)};

  const missing = lacks(image, demanded);
  const there = image.status === 'active' || image.status === 'deactivated';
  if (there && missing.length === 0) return {kind: 'done', image};
  if (there) {
    const reason = withTask(`it is not in ${missing.join(', ')}`, task);
    return {kind: 'failed', image, reason, failedStores: failedStores.length > 0 ? failedStores : missing};
  }
  // The task has ended, or there never was one, and the image is still not there.
  const reason =
    task === undefined ? `nothing is importing it (status ${image.status})` : withTask(`status ${image.status}`, task);
  return {kind: 'failed', image, reason, failedStores};
}

/** True while the task may still change the image. */
export function isUnderWay(task: ImportTask | undefined): boolean {
  return task?.status === 'pending' || task?.status === 'processing';
}

/** The task that the image names, else the one made last. */
export function newestTask(image: Image, tasks: readonly ImportTask[] | undefined): ImportTask | undefined {
  const named = tasks?.find((task) => task.id === image.properties['os_glance_import_task']);
  return named ?? tasks?.toSorted((a, b) => byCharacters(a.created_at, b.created_at)).at(-1);
}

/** How many bytes are in the store, as far as Glance says (`Copied 12 MiB`). */
export function bytesOf(task: ImportTask | undefined): {readonly bytes?: number} {
  const mib = /^Copied (\d+) MiB/.exec(task?.message ?? '')?.[1];
  return mib === undefined ? {} : {bytes: Number(mib) * 1024 * 1024};
}

// Without tasks, what Glance leaves on the image must do; a record at rest may still begin.
function withoutTasks(image: Image, demanded: readonly string[]): ImportState {
  const failedStores = splitList(image.properties['os_glance_failed_import']);
  const missing = lacks(image, demanded);
  const failed = missing.filter((store) => failedStores.includes(store));
  const importing = splitList(image.properties['os_glance_importing_to_stores']);
  if (image.status === 'active' && importing.length === 0 && failed.length > 0)
    return {kind: 'failed', image, reason: `it is not in ${missing.join(', ')}`, failedStores: failed};
  if (image.status === 'active' && importing.length === 0 && missing.length === 0) return {kind: 'done', image};
  return {kind: 'running', image};
}

/** The demanded stores that do not hold the bytes. */
export function lacks(image: Image, demanded: readonly string[]): string[] {
  return demanded.filter((store) => !image.stores.includes(store));
}

function storesText(stores: readonly string[]): string {
  return `the import into ${stores.join(', ')} failed`;
}

function withTask(reason: string, task: ImportTask | undefined): string {
  const message = task?.message ?? '';
  return message === '' || task?.status !== 'failure' ? reason : `${reason}: ${message}`;
}
