import {randomUUID} from 'node:crypto';
import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {replaceFile} from '../../host/durable.ts';
import {makePrivateFolder} from '../../host/private-folder.ts';
import {readRegularFile} from '../../host/regular-file.ts';
import {cloudPlan} from '../contract/plans.ts';
import {planRequest} from '../contract/verbs.ts';

const kept = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  by: z.string(),
  at: z.string(),
  request: planRequest,
  clouds: z.array(cloudPlan),
  /** The run that carries it out, or did. */
  run: z.string().nullable(),
});

/** A plan as the server keeps it beside its file: what it was asked for, and what it does. */
export type KeptPlan = z.infer<typeof kept>;

/** A plan is kept so long. */
export const PLAN_LIFE_MS = 24 * 3_600_000;
const MOST_PLANS = 100;
const LARGEST = 64 * 1024 * 1024;
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.about)?\.json$/;

/** The plans of the server: of each the file that `--plan` takes, and one about it; for their owner alone. */
export class PlanStore {
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #plans = new Map<string, KeptPlan>();

  constructor(folder: string, now: () => Date) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Reads what an earlier server kept. */
  async open(): Promise<void> {
    await makePrivateFolder(this.#folder);
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.about.json') && NAME.test(name));
    const read = await Promise.all(names.map(async (name) => readPlan(join(this.#folder, name))));
    for (const plan of read.flatMap((one) => one ?? []).sort((a, b) => Date.parse(a.at) - Date.parse(b.at)))
      this.#plans.set(plan.id, plan);
    await this.#sweep();
    for (const name of await readdir(this.#folder)) {
      const [, id] = NAME.exec(name) ?? [];
      if (id === undefined || !this.#plans.has(id)) await rm(join(this.#folder, name), {force: true});
    }
  }

  /** A new id, and the path where the file of its plan is to be written. */
  reserve(): {readonly id: string; readonly path: string} {
    const id = randomUUID();
    return {id, path: this.path(id)};
  }

  /** Where the file of the plan is; the id is one of ours, never a text from outside. */
  path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  find(id: string): KeptPlan | undefined {
    const plan = this.#plans.get(id);
    return plan && !this.#isOver(plan) ? plan : undefined;
  }

  /** The newest first. */
  all(): readonly KeptPlan[] {
    return [...this.#plans.values()].filter((plan) => !this.#isOver(plan)).reverse();
  }

  async keep(plan: KeptPlan): Promise<void> {
    await replaceFile({path: join(this.#folder, `${plan.id}.about.json`), text: `${JSON.stringify(plan)}\n`});
    this.#plans.set(plan.id, plan);
    await this.#sweep();
  }

  /** Removes what is over. */
  async #sweep(): Promise<void> {
    const all = [...this.#plans.values()];
    const old = new Set([...all.filter((plan) => this.#isOver(plan)), ...all.slice(0, -MOST_PLANS)].map(({id}) => id));
    for (const id of old) this.#plans.delete(id);
    for (const name of await readdir(this.#folder)) {
      const [, id] = NAME.exec(name) ?? [];
      if (id !== undefined && old.has(id)) await rm(join(this.#folder, name), {force: true});
    }
  }

  /** Removes the file of a plan that came to nothing. */
  async drop(id: string): Promise<void> {
    await rm(this.path(id), {force: true});
  }

  #isOver({at}: KeptPlan): boolean {
    return this.#now().getTime() - Date.parse(at) >= PLAN_LIFE_MS;
  }
}

async function readPlan(path: string): Promise<KeptPlan | undefined> {
  try {
    return kept.parse(JSON.parse((await readRegularFile(path, {maxBytes: LARGEST})).toString('utf8')));
  } catch {
    return undefined;
  }
}
