import {fileURLToPath} from 'node:url';
import {rolldown} from 'rolldown';

/** The command line in few files, as it is installed: hundreds of processes are started from it. */
export const CLI = fileURLToPath(new URL('../../.cache/kill/bin/imgmgr.js', import.meta.url));

/** Bundled anew for every run of the tests, so that what is killed is what stands in src/. */
export default async function build(): Promise<void> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const bundle = await rolldown({
    cwd: root,
    input: {'bin/imgmgr': 'bin/imgmgr.ts'},
    platform: 'node',
    logLevel: 'warn',
  });
  await bundle.write({dir: fileURLToPath(new URL('../../.cache/kill', import.meta.url)), format: 'esm'});
  await bundle.close();
}
