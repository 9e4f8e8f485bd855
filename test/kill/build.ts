import {rm} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {rolldown} from 'rolldown';

const FOLDER = fileURLToPath(new URL('../../.cache/kill', import.meta.url));

/** The command line in few files, as it is installed: hundreds of processes are started from it. */
export const CLI = `${FOLDER}/bin/imgmgr.js`;
/** What Node keeps of a process that ends by itself, so that later ones need not compile the same files again. */
export const COMPILED = `${FOLDER}/compiled`;

/** Bundled anew for every run of the tests, so that what is killed is what stands in src/. */
export default async function build(): Promise<void> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  await rm(FOLDER, {recursive: true, force: true});
  const bundle = await rolldown({
    cwd: root,
    input: {'bin/imgmgr': 'bin/imgmgr.ts'},
    platform: 'node',
    logLevel: 'warn',
  });
  await bundle.write({dir: FOLDER, format: 'esm'});
  await bundle.close();
}
