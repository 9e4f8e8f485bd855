import {Command, CommanderError} from 'commander';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import {addBuild} from './commands/build.ts';
import type {NamesRequest} from './commands/completion.ts';
import {addCompletion} from './commands/completion.ts';
import {addDelete} from './commands/delete.ts';
import {addDoctor} from './commands/doctor.ts';
import {addDryRun} from './commands/dry-run.ts';
import {addExport} from './commands/export.ts';
import {addHide} from './commands/hide.ts';
import {addHistory} from './commands/history.ts';
import {addHold, addUnhold} from './commands/hold.ts';
import {addImport} from './commands/import.ts';
import {addInspect} from './commands/inspect.ts';
import {addManage} from './commands/manage.ts';
import {addRollback} from './commands/rollback.ts';
import type {ServeAction} from './commands/serve.ts';
import {addServe} from './commands/serve.ts';
import {addShow} from './commands/show.ts';
import {addStatus} from './commands/status.ts';
import {addValidate} from './commands/validate.ts';
import {addVerify} from './commands/verify.ts';
import {DROPPED_FLAGS} from './dropped-flags.ts';
import type {ExitCode} from './exit-codes.ts';
import {addOutputFlags, givenFlags, REPEATABLE} from './flags.ts';
import {helpLayout} from './help-layout.ts';
import type {HelpLevel} from './help-layout.ts';
import {SHORT_HELP, addHelp, formatItem, LEAST_COLUMNS, TOPICS_HELP} from './help.ts';
import type {Execute} from './invocation.ts';
import type {Env, Io} from './io.ts';
import {word} from './parse.ts';
import {useSettings} from './settings/apply.ts';
import type {SettingsSearch} from './settings/load.ts';
import {addOpposites} from './settings/opposites.ts';
import type {Settings} from './settings/read.ts';

type LoadSettings = (search: Pick<SettingsSearch, 'program' | 'config'>) => Promise<Settings | undefined>;

/** What a command line is parsed with. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly io: Pick<Io, 'stdout'>;
  readonly version: string;
  /** Does what the command line asks for. */
  readonly execute: Execute<ExitCode>;
  /** Reads the settings files, or the one of `--config`; absent: there are none. */
  readonly loadSettings?: LoadSettings;
  /** Shown by `doctor --config`. */
  readonly env?: Env;
  /** Reads the names that completion offers; absent: there are none. */
  readonly readNames?: (request: NamesRequest, program: Command) => Promise<readonly string[]>;
  /** Carries out the commands of `serve`; absent: there are none. */
  readonly serve?: (action: ServeAction) => Promise<ExitCode>;
}

/** Parses the command line and does what it says; help and version go to stdout. USAGE when it cannot be understood. */
export async function runCommandLine({
  argv,
  io,
  version,
  execute,
  loadSettings,
  env = {},
  readNames,
  serve,
}: CommandLine): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const {helpLevel, words} = helpAsked(argv);
  const program = buildProgram({
    io,
    version,
    helpLevel,
    readNames: async (request) => (await readNames?.(request, program)) ?? [],
    serve: async (action) => {
      exitCode = (await serve?.(action)) ?? exitCode;
    },
    execute: async (invocation) => {
      exitCode = await execute(invocation);
    },
  });
  program.hook('preAction', async (_, command) => {
    if (!NEEDS_NO_SETTINGS.has(command.name())) await readSettings({program, command, words, loadSettings, env});
  });
  if (argv.length === 0) {
    io.stdout.write(SHORT_HELP);
    return exitCode;
  }
  try {
    await program.parseAsync(words, {from: 'user'});
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw asUsageError(error, argv);
  }
  return exitCode;
}

/** Has the settings read for the command that is carried out; `doctor` goes on where they are wrong. */
async function readSettings({
  program,
  command,
  words,
  loadSettings,
  env,
}: {
  readonly program: Command;
  readonly command: Command;
  readonly words: readonly string[];
  readonly loadSettings: LoadSettings | undefined;
  readonly env: Env;
}): Promise<void> {
  const {config} = givenFlags(command);
  const isDoctor = command.name() === 'doctor';
  // Behind `doctor` it asks for the settings themselves.
  const shows = isDoctor && words.slice(words.indexOf('doctor')).some((word) => /^--config(?:=|$)/.test(word));
  if (config === true && !shows)
    throw new ImgmgrError('USAGE', '--config needs a file', {hint: 'write it as --config FILE'});
  const loading = loadSettings?.({program, config: config === true ? undefined : config});
  const loaded = isDoctor ? await loading?.catch(asImgmgrError) : await loading;
  useSettings(program, {shows, env, ...(loaded && {loaded})});
}

/** What answers whatever the settings are, broken ones too. */
const NEEDS_NO_SETTINGS: ReadonlySet<string> = new Set(['help', 'completion']);

/** `--help-all` is `--help` with more in it; behind `help` it asks for no help of its own. */
function helpAsked(argv: readonly string[]): {readonly helpLevel: HelpLevel; readonly words: readonly string[]} {
  const end = argv.indexOf('--');
  const asks = (word: string, at: number): boolean => word === HELP_ALL && (end < 0 || at < end);
  if (!argv.some(asks)) return {helpLevel: 'short', words: argv};
  const isTopic = argv.find((word) => !word.startsWith('-')) === 'help';
  return {helpLevel: 'all', words: argv.flatMap((word, at) => (!asks(word, at) ? [word] : isTopic ? [] : ['--help']))};
}

const HELP_ALL = '--help-all';

/** What {@link buildProgram} needs. */
export interface ProgramParts {
  readonly io: Pick<Io, 'stdout'>;
  readonly version: string;
  readonly execute: Execute;
  /** How much the help shows; default: short. */
  readonly helpLevel?: HelpLevel;
  /** Reads the names that completion offers; absent: there are none. */
  readonly readNames?: (request: NamesRequest) => Promise<readonly string[]>;
  /** Carries out the commands of `serve`; absent: nothing does. */
  readonly serve?: (action: ServeAction) => Promise<void>;
}

/** The tree of commands; help and the documentation's test are made from it. */
export function buildProgram({io, version, execute, helpLevel = 'short', readNames, serve}: ProgramParts): Command {
  const program = new Command('imgmgr')
    .description('keeps the public images of an OpenStack cloud fresh, described, tested and tidy')
    .usage('[global options] <command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 80,
    })
    .configureHelp({...helpLayout(() => helpLevel), minWidthToWrap: LEAST_COLUMNS, formatItem})
    .addHelpText('after', TOPICS_HELP);
  addOutputFlags(program)
    .option('--config [file]', 'settings to use instead of those of the user and of this host', word('--config'))
    .option(HELP_ALL, 'print help with every flag');
  for (const add of [
    ...[
      addManage,
      addDryRun,
      addStatus,
      addShow,
      addHistory,
      addRollback,
      addHold,
      addUnhold,
      addVerify,
      addDoctor,
      addValidate,
    ],
    ...[addImport, addExport, addInspect, addBuild, addHide, addDelete],
  ])
    add(program, execute);
  addServe(program, serve ?? (() => Promise.resolve()));
  addHelp(program, io);
  addCompletion(program, io, readNames ?? (() => Promise.resolve([])));
  for (const command of program.commands) addOpposites(command);
  refuseRepeated(program);
  return program;
}

/** USAGE for every other flag that is given twice: the one or the other would be left out without a word. */
function refuseRepeated(program: Command): void {
  const seen = new Map<string, string>();
  for (const command of [program, ...program.commands])
    for (const option of command.options) {
      const flag = option.long ?? option.flags;
      if (REPEATABLE.has(flag) && !option.isBoolean()) continue;
      const name = option.attributeName();
      command.on(`option:${option.name()}`, () => {
        const before = seen.get(name);
        if (before === flag) throw new ImgmgrError('USAGE', `${flag} is given twice`, {hint: 'give it once'});
        if (before !== undefined)
          throw new ImgmgrError('USAGE', `${flag} contradicts ${before}`, {hint: 'give one of them'});
        seen.set(name, flag);
      });
    }
}

function asUsageError(error: CommanderError, argv: readonly string[]): ImgmgrError {
  if (error.code === 'commander.help')
    return new ImgmgrError('USAGE', 'no command given', {hint: 'imgmgr --help lists the commands'});
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const hint = hintFor({error, message, suggestion, argv});
  return new ImgmgrError('USAGE', message.replace(/\.$/, ''), hint === undefined ? {} : {hint});
}

interface Mistake {
  readonly error: CommanderError;
  readonly message: string;
  readonly suggestion: string | undefined;
  readonly argv: readonly string[];
}

/** By commander's own message: its error names neither the option nor what it is like. */
function hintFor({error, message, suggestion, argv}: Mistake): string | undefined {
  const flag = /unknown option '([^'=]+)/.exec(message)?.[1];
  if (flag !== undefined && Object.hasOwn(DROPPED_FLAGS, flag)) return DROPPED_FLAGS[flag];
  const near = suggestion?.split('Did you mean ')[1];
  if (near !== undefined) return `did you mean ${near.split('?', 1)[0] ?? ''}?`;
  if (error.code === 'commander.unknownOption' && argv[0]?.startsWith('-') === true)
    return 'options of a command stand behind it: imgmgr <command> [options]';
  return 'imgmgr --help lists the commands, imgmgr <command> --help-all its options';
}
