import {mkdir, readdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {z} from 'zod';
import type {ServerLeftover, ServerStamp} from '../../ports/test-server-host.ts';
import {hasCode, ifThere} from '../../host/fs-error.ts';
import {makePrivateFolder} from '../../host/private-folder.ts';
import {readRegularFile, IrregularFileError} from '../../host/regular-file.ts';
import type {Folders} from '../folders.ts';
import {FILES} from './machine.ts';

const Stamped = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  stamp: z.strictObject({run: z.string(), image: z.string(), expires: z.string(), holder: z.string()}),
});

const STAMP_BYTES = 64 * 1024;

/** A server's folder as the stamp in it describes it. */
export type StampedServer = z.infer<typeof Stamped>;

/**
 * `servers/<uuid>/` of a local cloud: disk, seed, console and stamp of a server, readable for its user alone. A folder comes
 * and goes by one rename, so it is never there without its stamp.
 */
export class ServerFolders {
  readonly #folders: Folders;
  readonly #servers: string;

  constructor(folders: Folders) {
    this.#folders = folders;
    this.#servers = join(folders.root, 'servers');
  }

  path(id: string): string {
    return join(this.#servers, id);
  }

  /** Makes the folder with nothing in it but the stamp and an empty console. */
  async make(server: {readonly id: string; readonly name: string; readonly stamp: ServerStamp}): Promise<string> {
    await this.#folders.prepare();
    await makePrivateFolder(this.#servers);
    const aside = this.#folders.asidePath();
    try {
      await mkdir(aside, {mode: 0o700});
      const text: StampedServer = {id: server.id, name: server.name, stamp: server.stamp};
      await writeFile(join(aside, FILES.stamp), `${JSON.stringify(text, undefined, 2)}\n`, {mode: 0o600});
      await writeFile(join(aside, FILES.console), '', {mode: 0o600});
      await rename(aside, this.path(server.id));
    } catch (error) {
      await rm(aside, {recursive: true, force: true});
      throw error;
    }
    return this.path(server.id);
  }

  /** Nothing to do when it is gone. */
  async remove(id: string): Promise<void> {
    const aside = this.#folders.asidePath();
    await ifThere(rename(this.path(id), aside));
    await rm(aside, {recursive: true, force: true});
  }

  /** A folder for a moment, removed afterwards. */
  async withScratch<T>(work: (path: string) => Promise<T>): Promise<T> {
    await this.#folders.prepare();
    const path = this.#folders.asidePath();
    await mkdir(path, {mode: 0o700});
    try {
      return await work(path);
    } finally {
      await rm(path, {recursive: true, force: true});
    }
  }

  /** Every server with our stamp; what has none, or none that we wrote, is not ours. Makes no folder. */
  async list(): Promise<readonly ServerLeftover[]> {
    const found: ServerLeftover[] = [];
    for (const id of (await ifThere(readdir(this.#servers))) ?? []) {
      const stamped = await this.#read(id);
      if (stamped?.id === id) found.push({kind: 'server', ...stamped});
    }
    return found;
  }

  async #stamp(id: string): Promise<unknown> {
    const text = await readRegularFile(join(this.path(id), FILES.stamp), {maxBytes: STAMP_BYTES, follow: false});
    return JSON.parse(text.toString('utf8'));
  }

  async #read(id: string): Promise<StampedServer | undefined> {
    try {
      return Stamped.parse(await this.#stamp(id));
    } catch (error) {
      if (error instanceof z.ZodError || error instanceof SyntaxError) return undefined;
      if (error instanceof IrregularFileError) return undefined;
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }
}
