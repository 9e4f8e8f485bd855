// Makes dist/ from bin/ and src/: one file for each part that is loaded on its own, libraries included. Node needs several
// hundred milliseconds for the 600 files that these are made of, and imgmgr is a command that should answer at once.
// Types are not looked at: `npm run types` does.
import {rm, writeFile} from 'node:fs/promises';
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
await writeFile('dist/.built', `${output.length}\n`);
