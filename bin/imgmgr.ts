#!/usr/bin/env node
// Nothing may be imported statically here: a Node that is too old must get as far as saying so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

// What Node says about a number of seconds that a stranger sent is nothing for the log of an operator.
if (!process.argv.includes('--debug')) process.removeAllListeners('warning');

if (major > 22 || (major === 22 && minor >= 15)) {
  void Promise.all([import('../src/run.ts'), import('../src/cli/io.ts')]).then(
    async ([{run}, {leaveWhereStuck, processIo}]) => {
      const io = processIo();
      const exitCode = await run(process.argv.slice(2), io, process.env);
      process.exitCode = exitCode;
      // What an interrupted run has let go must not keep the process alive.
      if (exitCode === 130 || exitCode === 143) io.leave(exitCode);
      else leaveWhereStuck(exitCode);
    },
  );
} else {
  process.stderr.write(`imgmgr: needs Node.js 22.15 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 2;
}
