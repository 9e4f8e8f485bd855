import {open, readdir, rename, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {makePrivateFolder} from '../host/private-folder.ts';
import type {Emit} from '../core/events.ts';
import {jsonText} from '../core/json-text.ts';
import {scrubDeep} from '../secrets/scrub-deep.ts';
import {scrubJson} from '../secrets/structured.ts';
import type {Evidence} from '../ports/evidence.ts';

/** Keeps evidence as JSON in `FOLDER/evidence`, for the owner alone, without the secrets of the run; a folder that cannot be written costs a warning, no verdict. */
export function evidenceKeeper({
  folder,
  scrub,
}: {
  readonly folder: string;
  readonly scrub: (text: string) => string;
}): (evidence: Evidence, emit: Emit) => Promise<string | undefined> {
  return async (evidence, emit) => {
    const {run, image, datasource, cloud} = evidence;
    const place = join(folder, 'evidence');
    const path = join(place, fileName(run, image, datasource));
    try {
      await makePrivateFolder(folder);
      await makePrivateFolder(place);
      const file = await open(`${path}.new`, 'w', 0o600);
      try {
        await file.writeFile(scrubJson(`${jsonText(scrubDeep(evidence, scrub), 2)}\n`, scrub));
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      return path;
    } catch (error) {
      emit({
        type: 'warning',
        code: 'evidence-lost',
        cloud,
        image,
        message: `the evidence could not be kept in ${path}: ${error instanceof Error ? error.message : String(error)}`,
        hint: 'the verdict holds all the same; XDG_STATE_HOME names another folder',
      });
      return undefined;
    }
  };
}

/** Ids come from the cloud; none leads out of the folder. */
function fileName(...parts: readonly string[]): string {
  return `${parts.map((part) => part.replace(/[^\w.~-]/g, '_')).join('-')}.json`;
}

/** Finds the newest evidence file of an image in `FOLDER/evidence`; undefined where there is none, or nothing can be read. */
export function evidenceFinder(folder: string): (image: string) => Promise<string | undefined> {
  return async (image) => {
    const place = join(folder, 'evidence');
    try {
      const names = (await readdir(place)).filter((name) => name.includes(`-${image}-`) && name.endsWith('.json'));
      const files = await Promise.all(
        names.map(async (name) => ({path: join(place, name), time: (await stat(join(place, name))).mtimeMs})),
      );
      return files.sort((a, b) => b.time - a.time)[0]?.path;
    } catch {
      return undefined;
    }
  };
}
