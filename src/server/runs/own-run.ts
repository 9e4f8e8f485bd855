import {readdir, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import {replaceFile} from '../../host/durable.ts';
import {ifThere} from '../../host/fs-error.ts';
import {readRegularFile} from '../../host/regular-file.ts';

const process = z.strictObject({
  pid: z.int(),
  startTime: z.string(),
  hostBootId: z.string(),
  pidNamespace: z.string(),
});

const ownRun = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  verb: z.string(),
  /** Who asked for it, and when, ISO 8601. */
  by: z.string(),
  at: z.string(),
  definitions: z.array(z.string()),
  clouds: z.array(z.string()),
  plan: z.string().nullable(),
  line: z.array(z.string()),
  /** Absent until the process is there. */
  process: z.exactOptional(process),
  cancelledBy: z.string().nullable(),
  /** Both are there when it ended; the code is null where nobody saw it. */
  endedAt: z.exactOptional(z.string()),
  exitCode: z.exactOptional(z.int().nullable()),
});

/** A run of this server, as its file says it. */
export type OwnRun = z.infer<typeof ownRun>;

/** What a run prints. */
export const OUTPUTS = {output: 'out', errors: 'err'} as const;

const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:json|out|err)$/;
const LARGEST = 1024 * 1024;

/** The files of the runs of this server: one about each run, and two with what it printed; all for their owner alone. */
export class RunFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Where what the run prints is; the id is one of ours, never a text from outside. */
  outputPath(id: string, output: keyof typeof OUTPUTS): string {
    return join(this.#folder, `${id}.${OUTPUTS[output]}`);
  }

  async write(run: OwnRun): Promise<void> {
    await replaceFile({path: join(this.#folder, `${run.id}.json`), text: `${JSON.stringify(run)}\n`});
  }

  /** All runs that have a file that can be read, the oldest first. */
  async readAll(): Promise<readonly OwnRun[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json') && NAME.test(name));
    const read = await Promise.all(names.map(async (name) => readRun(join(this.#folder, name))));
    return read.flatMap((run) => run ?? []).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  }

  async remove(id: string): Promise<void> {
    for (const ending of ['json', ...Object.values(OUTPUTS)])
      await rm(join(this.#folder, `${id}.${ending}`), {force: true});
  }

  /** Removes what belongs to no run: a server that was killed leaves it. */
  async sweep(known: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const [, id] = NAME.exec(name) ?? [];
      if (id === undefined ? name.startsWith('.tmp-') : !known.has(id))
        await ifThere(rm(join(this.#folder, name), {force: true}));
    }
  }
}

async function readRun(path: string): Promise<OwnRun | undefined> {
  try {
    return ownRun.parse(JSON.parse((await readRegularFile(path, {maxBytes: LARGEST})).toString('utf8')));
  } catch {
    // A disk that was full leaves a file that says nothing.
    return undefined;
  }
}
