import type {ImportState} from '../../cloud/image-store.ts';
import type {Image} from '../../core/image.ts';
import type {GlanceApi} from './api.ts';
import {bytesOf, isUnderWay, judgeImage, judgeWithTasks, newestTask} from './import-state.ts';

interface Seen {
  readonly looks: number;
  readonly image: Image;
}

/**
 * Looks at running imports with few calls: the first look asks for the image alone, the second adds the tasks where that did not
 * tell, later ones ask the tasks alone as long as those say that it goes on. A failure shows within two looks.
 */
export class ImportWatch {
  readonly #api: GlanceApi;
  readonly #seen = new Map<string, Seen>();
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
    const state = await this.#state(id, stores, seen);
    if (state.kind === 'running') this.#seen.set(id, {looks: (seen?.looks ?? 0) + 1, image: state.image});
    else this.#seen.delete(id);
    return state;
  }

  async #state(id: string, stores: readonly string[], seen: Seen | undefined): Promise<ImportState> {
    if (seen !== undefined && seen.looks > 1 && this.#tasksKnown && seen.image.status !== 'active') {
      const task = newestTask(seen.image, await this.#api.tasks(id));
      if (isUnderWay(task)) return {kind: 'running', image: seen.image, ...bytesOf(task)};
    }
    const image = await this.#api.get(id);
    if (image === undefined) return {kind: 'gone'};
    const judged = judgeImage(image, stores);
    if (judged.kind === 'failed') return judgeWithTasks(image, stores, await this.#tasks(id));
    if (judged.kind !== 'ask-tasks') return judged;
    const tellsOfTask = image.properties['os_glance_import_task'] !== undefined;
    if (seen === undefined && tellsOfTask) return {kind: 'running', image};
    return judgeWithTasks(image, stores, await this.#tasks(id));
  }

  // The image was there a moment ago, so a 404 means that this Glance has no such call.
  async #tasks(id: string): Promise<Awaited<ReturnType<GlanceApi['tasks']>>> {
    const tasks = await this.#api.tasks(id);
    this.#tasksKnown = tasks !== undefined;
    return tasks;
  }
}
