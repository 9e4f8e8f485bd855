import type {Caller} from '../compose/context.ts';
import {homeFolder} from '../config/home.ts';
import {asImgmgrError} from '../errors.ts';
import {clean} from '../report/clean.ts';
import type {ReadCommand} from '../server/parts.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import type {ServeAction} from './commands/serve.ts';
import type {ExitCode} from './exit-codes.ts';
import type {Invocation} from './invocation.ts';
import type {Env, Io} from './io.ts';
import {runCommandLine} from './program.ts';
import {loadSettings} from './settings/load.ts';

/** What the commands of `serve` are carried out with. */
export interface ServeWith {
  readonly io: Io;
  readonly env: Env;
  readonly secrets: Secrets;
}

/** What the launcher gives a process that stays, and a run needs none of. */
const OF_SERVER = /^--(?:heap-growing-percent|expose.gc)\b/;

/** Serves until a signal ends it, or does what `serve login` and `serve token` ask for; throws ImgmgrErrors. */
export async function carryOut(action: ServeAction, {io, env, secrets}: ServeWith): Promise<ExitCode> {
  const caller: Caller = {cwd: process.cwd(), home: homeFolder(env), uid: process.getuid?.() ?? 0, env};
  const {serve, serverFolder} = await import('../server/serve.ts');
  const print = (text: string): void => void io.stdout.write(`${text}\n`);
  if (action.kind === 'serve') {
    await serve(action.choice, {
      ...{caller, secrets, parse: async (line: readonly string[]) => readCommand(line, env)},
      ...{now: () => io.now(), monotonic: () => io.monotonic(), log: (text) => print(logLine(text, secrets))},
      entry: [process.execPath, ...process.execArgv.filter((flag) => !OF_SERVER.test(flag)), process.argv[1] ?? ''],
      ...(io.stdout.isTTY === true && {show: (text: string) => void io.stdout.write(text)}),
      onEndSignal: (listener) => io.onEndSignal(() => listener()),
    });
    return 0;
  }
  const folder = serverFolder(caller);
  if (action.kind === 'login') {
    const {askForLogin} = await import('../server/access/login-socket.ts');
    print(await askForLogin(folder));
    return 0;
  }
  const {Tokens} = await import('../server/access/tokens.ts');
  const tokens = new Tokens(folder, () => io.now());
  if (action.kind === 'token-add') print(await tokens.add(action));
  else if (action.kind === 'token-remove') await tokens.remove(action.name);
  else
    for (const {name, role, clouds, createdAt, expiresAt} of tokens.list())
      print([name, role, clouds ?? '*', createdAt, expiresAt ?? 'never'].join('\t'));
  return 0;
}

/** What callers and clouds send stands in the log, too: it makes no line of its own there, and nothing of a terminal. */
function logLine(text: string, secrets: Secrets): string {
  const lines = secrets.scrub(text).split(/[\r\n]/);
  const filled = lines.map((line) => line.trim()).filter((line) => line !== '');
  return clean(filled.join(' | '));
}

/** Reads a command line as the CLI does, settings files included. */
async function readCommand(line: readonly string[], env: Env): Promise<ReadCommand> {
  const read: {invocation?: Invocation<unknown>} = {};
  await runCommandLine({
    argv: line,
    io: {stdout: {write: () => true} as unknown as Io['stdout']},
    version: VERSION,
    env,
    loadSettings: async (search) => loadSettings({...search, env}),
    execute: async (invocation) => {
      read.invocation = invocation as Invocation<unknown>;
      return Promise.resolve(0);
    },
  });
  const {invocation} = read;
  if (!invocation) throw asImgmgrError(new Error(`the command line asks for nothing: ${line.join(' ')}`));
  const {request, load, allowPrivateSources, images} = invocation;
  return {request, load, allowPrivateSources, ...(images && {images})};
}
