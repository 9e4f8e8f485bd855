import {bundle, bundled} from '../bundle.ts';

/** The command line in few files, as it is installed: hundreds of processes are started from it. */
export const CLI = bundled('kill', 'bin/imgmgr.js');
/** What Node keeps of a process that ends by itself, so that the next ones need not compile the same files again. */
export const COMPILED = bundled('kill', 'compiled');

/** Bundled anew for every run of the tests, so that what is killed is what stands in src/. */
export default async function build(): Promise<void> {
  await bundle('kill', {'bin/imgmgr': 'bin/imgmgr.ts'});
}
