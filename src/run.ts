import {asImgmgrError} from './errors.ts';
import type {ImgmgrError} from './errors.ts';
import {countsOf} from './core/counts.ts';
import {exitCodeOfError} from './cli/exit-codes.ts';
import type {ExitCode} from './cli/exit-codes.ts';
import type {Env, Io} from './cli/io.ts';
import {renderError} from './report/error-text.ts';
import {scrubbed} from './secrets/output.ts';
import {addEnvironment, SecretRegistry} from './secrets/registry.ts';
import {scrubEvent} from './secrets/scrub-deep.ts';
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
    const [{runCommandLine}, {loadSettings}] = await Promise.all([
      import('./cli/program.ts'),
      import('./cli/settings/load.ts'),
    ]);
    return await runCommandLine({
      argv,
      io,
      version: VERSION,
      env,
      loadSettings: async (search) => loadSettings({...search, env}),
      readNames: async (request, program) => {
        const {readNames} = await import('./cli/commands/completion.ts');
        return readNames(request, {env, program});
      },
      serve: async (action) => {
        const {carryOut} = await import('./cli/serve.ts');
        return carryOut(action, {io, env, secrets});
      },
      execute: async (invocation) => {
        const {execute} = await import('./cli/execute.ts');
        return execute(invocation, {io, env, secrets, argv});
      },
    });
  } catch (thrown) {
    const error = scrubEvent(asImgmgrError(thrown), (text) => secrets.scrub(text));
    io.stderr.write(renderError(error, {stack: argv.includes('--debug')}));
    const exitCode = exitCodeOfError(error.code);
    await answerInForm(formOf(argv), {io, secrets, error, exitCode});
    return exitCode;
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
    uuid: () => own.uuid(),
    onEndSignal: (listener) => own.onEndSignal(listener),
    onLostOutput: (listener) => own.onLostOutput(listener),
    leave: (exitCode) => {
      flush();
      own.leave(exitCode);
    },
  };
  return {io, flush};
}

type Form = 'human' | 'json' | 'junit' | 'sarif';

/** The form that was asked for, as far as it can be seen in a command line that could not be understood. */
function formOf(argv: readonly string[]): Form {
  const word = argv.find((_, index) => argv[index - 1] === '--format') ?? '';
  const forms = [...argv.flatMap((each) => (each.startsWith('--format=') ? [each.slice(9)] : [])), word];
  if (argv.includes('--json') || forms.includes('json')) return 'json';
  return (['junit', 'sarif'] as const).find((form) => forms.includes(form)) ?? 'human';
}

const ANSWERS = {
  json: async () => (await import('./report/json.ts')).createJson,
  junit: async () => (await import('./report/junit.ts')).createJunit,
  sarif: async () => (await import('./report/sarif.ts')).createSarif,
} as const;

/** A program that reads stdout gets the error there, too. */
async function answerInForm(
  form: Form,
  {
    io,
    secrets,
    error,
    exitCode,
  }: Pick<Run, 'io' | 'secrets'> & {readonly error: ImgmgrError; readonly exitCode: ExitCode},
): Promise<void> {
  if (form === 'human') return;
  const [{startRun}, createAnswer] = await Promise.all([import('./cli/bus.ts'), ANSWERS[form]()]);
  const {emit, subscribe} = startRun(io, secrets).bus;
  subscribe(form, createAnswer({sink: io, verbosity: 'normal', dryRun: false}));
  emit({type: 'run-failed', error});
  emit({type: 'finished', counts: countsOf({}), counted: [], exitCode, ms: io.monotonic()});
}
