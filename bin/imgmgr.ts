#!/usr/bin/env node
// Nothing may be imported statically here: a Node that is too old must get as far as saying so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 12)) {
  void Promise.all([import('../src/run.ts'), import('../src/cli/io.ts')]).then(async ([{run}, {processIo}]) => {
    process.exitCode = await run(process.argv.slice(2), processIo(), process.env);
  });
} else {
  process.stderr.write(`imgmgr: needs Node.js 22.12 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}
