import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {rolldown} from 'rolldown';

/** The commit of the version whose state, images, servers and leases this one must read. */
const PREDECESSOR = '10987015212f5dc57d6b408ddfc20960ef3a692e';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, '.cache', 'predecessor-1098701');

/** The program of that version, bundled as it is installed; there once {@link buildPredecessor} made it. */
export const PREDECESSOR_CLI = join(FOLDER, 'dist', 'bin', 'imgmgr.js');

/**
 * Makes {@link PREDECESSOR_CLI} from the history of this repository with the libraries of today, unless it is there. Gives the reason
 * where that is impossible: a shallow clone, or libraries that this source cannot be bundled with.
 */
export async function buildPredecessor(): Promise<string | undefined> {
  if (existsSync(PREDECESSOR_CLI)) return undefined;
  if (!hasCommit()) return `this clone does not have commit ${PREDECESSOR}`;
  await mkdir(join(ROOT, '.cache'), {recursive: true});
  const aside = await mkdtemp(`${FOLDER}-`);
  try {
    const source = execFileSync('git', ['archive', PREDECESSOR, 'bin', 'src', 'elements', 'package.json'], {
      cwd: ROOT,
      maxBuffer: 2 ** 28,
    });
    execFileSync('tar', ['-x', '-C', aside], {input: source});
    const made = await rolldown({
      cwd: aside,
      input: {'bin/imgmgr': 'bin/imgmgr.ts'},
      platform: 'node',
      logLevel: 'warn',
    });
    await made.write({dir: join(aside, 'dist'), format: 'esm', chunkFileNames: 'part/[name]-[hash].js'});
    await made.close();
    await rm(FOLDER, {recursive: true, force: true});
    await rename(aside, FOLDER);
    return undefined;
  } catch (error) {
    // Another process was faster.
    if (existsSync(PREDECESSOR_CLI)) return undefined;
    return `commit ${PREDECESSOR} cannot be built here: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await rm(aside, {recursive: true, force: true});
  }
}

function hasCommit(): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${PREDECESSOR}^{commit}`], {cwd: ROOT, stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
}
