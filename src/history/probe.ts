import {join} from 'node:path';
import {makePrivateFolder} from '../host/private-folder.ts';
import {fileSystemOf} from './file-system.ts';
import {lossText} from './loss.ts';
import {DATABASE, ReplacedError, makeOwnFile, openForWriting} from './open-database.ts';
import {SCHEMA_VERSION} from './schema.ts';
import {inTransaction, sqliteRefusal} from './sqlite.ts';

/**
 * Whether a run that began now would be kept in the history of the folder of state: undefined, or why not, as a clause (`/var/lib/… has no
 * room left on its disk`). Writes as a run does, and leaves nothing; a database that another process has at this moment, or a damaged one that the run
 * would set aside, is no reason.
 */
export async function historyRefusal(folder: string): Promise<string | undefined> {
  const path = join(folder, DATABASE);
  try {
    await makePrivateFolder(folder);
    const shared = (await fileSystemOf(folder)) !== undefined;
    const db = openForWriting(path, {file: makeOwnFile(path), shared});
    try {
      // A page is written, with what stands there already.
      inTransaction(db, () => db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`));
    } finally {
      db.close();
    }
    return undefined;
  } catch (error) {
    const refusal = sqliteRefusal(error);
    if (refusal === 'locked' || refusal === 'damaged' || error instanceof ReplacedError) return undefined;
    return `${path} ${lossText(error)}`;
  }
}
