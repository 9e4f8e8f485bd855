// Makes dist/ from bin/ and src/: one file for each part that is loaded on its own, libraries included. Node needs several
// hundred milliseconds for the 600 files that these are made of, and imgmgr is a command that should answer at once.
// Types are not looked at: `npm run types` does.
import {chmod, readFile, rm, writeFile} from 'node:fs/promises';
import {rolldown} from 'rolldown';

const bundle = await rolldown({input: {'bin/imgmgr': 'bin/imgmgr.ts'}, platform: 'node', logLevel: 'warn'});
// dist/agent, which takes a Go compiler, is left alone.
for (const part of ['bin', 'part', '.built']) await rm(`dist/${part}`, {recursive: true, force: true});
const {output} = await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  chunkFileNames: 'part/[name]-[hash].js',
});
await bundle.close();
await makeLauncher('dist/bin/imgmgr.js');
await writeFile('dist/.built', `${output.length}\n`);

/**
 * Lets the entry start node with a flag: the shell runs the second line, which is a string and a comment to node. With at most 2 MiB for
 * new objects V8 looks for garbage often enough that an upload takes some 115 MiB; by default chunks that were sent pile up to 175 MiB.
 * `#!/usr/bin/env -S node FLAG` would do, but not with the env of busybox.
 */
async function makeLauncher(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  // As many lines as before, for the source map.
  const begin = '#!/usr/bin/env node\n// bin/imgmgr.ts\n';
  if (!text.startsWith(begin)) throw new Error(`${path} does not begin as expected: ${text.slice(0, 80)}`);
  const launch = `#!/bin/sh\n':' //; exec node --max-semi-space-size=2 "$0" "$@"\n`;
  await writeFile(path, launch + text.slice(begin.length));
  await chmod(path, 0o755);
}
