import type {ImportState} from '../../ports/image-store.ts';
import type {Image} from '../../core/image/image.ts';
import type {GlanceApi} from './api.ts';
import {bytesOf, isUnderWay, judgeImage, judgeWithTasks, lacks, newestTask} from './import-state.ts';

/** Tasks of dead workers go on for ever, so now and then the image is asked as well. */
const LOOKS_PER_IMAGE = 10;

/**
 * Looks at running imports with few calls: the first look asks for the image alone; later ones ask the tasks alone as long as
 * those say that it goes on, and the image after them or at every tenth look. An image that was read before its task had
 * ended is never taken for the outcome, unless the cloud has killed it. A failure shows within two looks.
 */
export class ImportWatch {
  readonly #api: GlanceApi;
  /** The image as the last look had it. */
  readonly #seen = new Map<string, Image>();
  readonly #looks = new Map<string, number>();
  #tasksKnown = true;

  constructor(api: GlanceApi) {
    this.#api = api;
  }

  /** Forgets earlier looks: a new import of the image has begun. */
  begin(id: string): void {
    this.#forget(id);
  }

  async look(id: string, stores: readonly string[]): Promise<ImportState> {
    const seen = this.#seen.get(id);
    this.#looks.set(id, (this.#looks.get(id) ?? 0) + 1);
    const mayBeDone = seen === undefined || (seen.status === 'active' && lacks(seen, stores).length === 0);
    const state =
      mayBeDone || !this.#tasksKnown ? await this.#imageFirst(id, stores, seen) : await this.#tasksFirst(seen, stores);
    if (state.kind === 'running') this.#seen.set(id, state.image);
    else this.#forget(id);
    return state;
  }

  #forget(id: string): void {
    this.#seen.delete(id);
    this.#looks.delete(id);
  }

  async #imageFirst(id: string, stores: readonly string[], seen: Image | undefined): Promise<ImportState> {
    const image = await this.#api.get(id);
    if (image === undefined) return {kind: 'gone'};
    const judged = judgeImage(image, stores);
    if (judged.kind !== 'ask-tasks' && judged.kind !== 'failed') return judged;
    const named = image.properties['os_glance_import_task'] !== undefined && image.status !== 'killed';
    const complete = image.status === 'active' && lacks(image, stores).length === 0;
    if (named && this.#tasksKnown && (seen === undefined || !complete)) return {kind: 'running', image};
    return judgeWithTasks(image, stores, await this.#tasksOf(id));
  }

  async #tasksFirst(seen: Image, stores: readonly string[]): Promise<ImportState> {
    const {id} = seen;
    const tasks = await this.#api.tasks(id);
    const task = newestTask(seen, tasks);
    const isTimeForImage = (this.#looks.get(id) ?? 0) % LOOKS_PER_IMAGE === 0;
    if (isUnderWay(task) && !isTimeForImage) return {kind: 'running', image: seen, ...bytesOf(task)};
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
