import {bundle, bundled} from '../../bundle.ts';
import {hindrance} from './host.ts';

/** The command line in few files, as it is installed. */
export const CLI = bundled('builds', 'bin/imgmgr.js');
/** What `build-program.ts` does, in few files as well. */
export const BUILD_PROGRAM = bundled('builds', 'build-program.js');

/** Bundled anew for every run of the tests; says once why nothing is tested, where that is so. */
export default async function setup(): Promise<void> {
  const reason = hindrance();
  if (reason !== undefined) process.stderr.write(`the tests of builds are skipped: ${reason}\n`);
  else await bundle('builds', {'bin/imgmgr': 'bin/imgmgr.ts', 'build-program': 'test/build/support/build-program.ts'});
}
