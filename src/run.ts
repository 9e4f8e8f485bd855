import {asImgmgrError} from './errors.ts';
import {exitCodeOfError} from './cli/exit-codes.ts';
import type {ExitCode} from './cli/exit-codes.ts';
import type {Env, Io} from './cli/io.ts';
import type {WorkOnClouds} from './cli/work-on-clouds.ts';
import {renderError} from './report/error-text.ts';
import {VERSION} from './version.ts';

/** Runs one command line and answers with the exit code; never throws. Modules are loaded when they are needed. */
export async function run(argv: readonly string[], io: Io, env: Env): Promise<ExitCode> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    io.stdout.write(`${VERSION}\n`);
    return 0;
  }
  try {
    const {runCommandLine} = await import('./cli/program.ts');
    return await runCommandLine({
      argv,
      io,
      version: VERSION,
      execute: async (invocation) => {
        const {execute} = await import('./cli/execute.ts');
        return execute(invocation, {io, env, loadWork});
      },
    });
  } catch (thrown) {
    const error = asImgmgrError(thrown);
    io.stderr.write(renderError(error, {stack: argv.includes('--debug')}));
    return exitCodeOfError(error.code);
  }
}

async function loadWork(): Promise<WorkOnClouds> {
  const {workOnClouds} = await import('./cli/work-on-clouds.ts');
  return workOnClouds;
}
