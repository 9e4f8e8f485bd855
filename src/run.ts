import {asImgmgrError} from './errors.ts';
import {exitCodeOfError} from './cli/exit-codes.ts';
import type {ExitCode} from './cli/exit-codes.ts';
import type {Env, Io} from './cli/io.ts';
import type {WorkOnClouds} from './cli/work-on-clouds.ts';
import {renderError} from './report/error-text.ts';
import {scrubbed} from './secrets/output.ts';
import {addEnvironment, SecretRegistry} from './secrets/registry.ts';
import {VERSION} from './version.ts';

/** Runs one command line and answers with the exit code; never throws. Modules are loaded when they are needed. */
export async function run(argv: readonly string[], own: Io, env: Env): Promise<ExitCode> {
  const secrets = new SecretRegistry();
  addEnvironment(secrets, env);
  const {io, flush} = withoutSecrets(own, secrets);
  try {
    return await runWith({argv, io, env, secrets});
  } finally {
    flush();
  }
}

interface Run {
  readonly argv: readonly string[];
  readonly io: Io;
  readonly env: Env;
  readonly secrets: SecretRegistry;
}

async function runWith({argv, io, env, secrets}: Run): Promise<ExitCode> {
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
        return execute(invocation, {io, env, secrets, loadWork});
      },
    });
  } catch (thrown) {
    const error = asImgmgrError(thrown);
    io.stderr.write(renderError(error, {stack: argv.includes('--debug')}));
    return exitCodeOfError(error.code);
  }
}

/** The same process, but nothing that is written holds a secret that is known. */
function withoutSecrets(own: Io, secrets: SecretRegistry): {readonly io: Io; readonly flush: () => void} {
  const stdout = scrubbed(own.stdout, secrets);
  const stderr = scrubbed(own.stderr, secrets);
  const flush = (): void => {
    stdout.flush();
    stderr.flush();
  };
  const io: Io = {
    // Opening it costs time and may fail.
    get stdin() {
      return own.stdin;
    },
    stdout: stdout.stream,
    stderr: stderr.stream,
    now: () => own.now(),
    monotonic: () => own.monotonic(),
    onEndSignal: (listener) => own.onEndSignal(listener),
    onLostOutput: (listener) => own.onLostOutput(listener),
    leave: (exitCode) => {
      flush();
      own.leave(exitCode);
    },
  };
  return {io, flush};
}

async function loadWork(): Promise<WorkOnClouds> {
  const {workOnClouds} = await import('./cli/work-on-clouds.ts');
  return workOnClouds;
}
