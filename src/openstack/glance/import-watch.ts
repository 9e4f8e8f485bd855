import type {ImportState} from '../../cloud/image-store.ts';
import type {Image} from '../../core/image.ts';
import type {GlanceApi} from './api.ts';
import {bytesOf, isUnderWay, judgeImage, judgeWithTasks, lacks, newestTask} from './import-state.ts';

/**
 * Looks at running imports with few calls: the first look asks for the image alone; later ones ask the tasks alone as long as
 * those say that it goes on, and the image after them. An image that was read before its task had ended is never taken for
 * the outcome. A failure shows within two looks.
 */
export class ImportWatch {
  readonly #api: GlanceApi;
  /** The image as the last look had it. */
  readonly #seen = new Map<string, Image>();
  #tasksKnown = true;

  constructor(api: GlanceApi) {
    this.#api = api;
  }

  /** Forgets earlier looks: a new import of the image has begun. */
  begin(id: string): void {
    this.#seen.delete(id);
  }

  async look(id: string, stores: readonly string[]): Promise<ImportState> {
    const seen = this.#seen.get(id);
    const mayBeDone = seen === undefined || (seen.status === 'active' && lacks(seen, stores).length === 0);
    const state =
      mayBeDone || !this.#tasksKnown ? await this.#imageFirst(id, stores, seen) : await this.#tasksFirst(seen, stores);
    if (state.kind === 'running') this.#seen.set(id, state.image);
    else this.#seen.delete(id);
    return state;
  }

  async #imageFirst(id: string, stores: readonly string[], seen: Image | undefined): Promise<ImportState> {
    const image = await this.#api.get(id);
    if (image === undefined) return {kind: 'gone'};
    const judged = judgeImage(image, stores);
    if (judged.kind !== 'ask-tasks' && judged.kind !== 'failed') return judged;
    const named = image.properties['os_glance_import_task'] !== undefined;
    const complete = image.status === 'active' && lacks(image, stores).length === 0;
    if (named && this.#tasksKnown && (seen === undefined || !complete)) return {kind: 'running', image};
    return judgeWithTasks(image, stores, await this.#tasksOf(id));
  }

  async #tasksFirst(seen: Image, stores: readonly string[]): Promise<ImportState> {
    const {id} = seen;
    const tasks = await this.#api.tasks(id);
    const task = newestTask(seen, tasks);
    if (isUnderWay(task)) return {kind: 'running', image: seen, ...bytesOf(task)};
    const image = await this.#api.get(id);
    if (image === undefined) return {kind: 'gone'};
    this.#tasksKnown = tasks !== undefined;
    return judgeWithTasks(image, stores, tasks);
  }

  // The image was there a moment ago, so a 404 means that this Glance has no such call.
  async #tasksOf(id: string): Promise<Awaited<ReturnType<GlanceApi['tasks']>>> {
    if (!this.#tasksKnown) return undefined;
    const tasks = await this.#api.tasks(id);
    this.#tasksKnown = tasks !== undefined;
    return tasks;
  }
}
