import {bundle, bundled} from '../bundle.ts';
import {buildPredecessor} from '../stored/predecessor.ts';

/** The command line in few files, as it is installed: hundreds of processes are started from it. */
export const CLI = bundled('kill', 'bin/imgmgr.js');
/** What Node keeps of a process that ends by itself, so that the next ones need not compile the same files again. */
export const COMPILED = bundled('kill', 'compiled');

/** Bundled anew for every run of the tests, so that what is killed is what stands in src/; the version of before once. */
export default async function build(): Promise<void> {
  await bundle('kill', {'bin/imgmgr': 'bin/imgmgr.ts'});
  const reason = await buildPredecessor();
  if (reason !== undefined) process.stderr.write(`the tests of two versions are skipped: ${reason}\n`);
}
