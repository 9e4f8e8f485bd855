import type {Command} from 'commander';
import {Option} from 'commander';
import {ImgmgrError} from '../../errors.ts';
import {TOPIC_NAMES} from '../help.ts';
import {homeFolder} from '../../config/home.ts';
import type {Env, Io} from '../io.ts';
import {oneOf, words} from '../parse.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
const KINDS = ['clouds', 'definitions'] as const;

/** What may be completed by names that only files know; for definitions, those of `images` where there are any. */
export interface NamesRequest {
  readonly kind: (typeof KINDS)[number];
  readonly images: readonly string[];
}

/** `imgmgr completion bash|zsh|fish`, which no help lists: prints a script. With `--names`, which the scripts call: names, one on each line. */
export function addCompletion(
  program: Command,
  io: Pick<Io, 'stdout'>,
  readNames: (request: NamesRequest) => Promise<readonly string[]>,
): void {
  program
    .command('completion', {hidden: true})
    .argument('[shell]', 'bash, zsh or fish', oneOf('completion', SHELLS))
    .description('print a script that completes commands, flags and names on the command line of a shell')
    .addHelpText('before', EXAMPLES)
    .addOption(new Option('--names <kind>').argParser(oneOf('--names', KINDS)).hideHelp())
    .addOption(new Option('--images <path>').argParser(words('--images')).hideHelp())
    .action(async (shell: (typeof SHELLS)[number] | undefined, {names, images = []}: Names) => {
      if (names !== undefined) io.stdout.write(await nameLines(readNames({kind: names, images})));
      else if (shell !== undefined) io.stdout.write(await scriptFor(shell, program));
      else throw new ImgmgrError('USAGE', 'completion needs a shell', {hint: `one of ${SHELLS.join(', ')}`});
    });
}

interface Names {
  readonly names?: NamesRequest['kind'];
  readonly images?: readonly string[];
}

/** Names that completion offers, read from files of this host alone; rejects where they cannot be read. */
export async function readNames(
  {kind, images}: NamesRequest,
  {env, program}: {readonly env: Env; readonly program: Command},
): Promise<readonly string[]> {
  const caller = {cwd: process.cwd(), home: homeFolder(env), uid: process.getuid?.() ?? 0, env};
  const [{listNames}, {loadSettings}] = await Promise.all([
    import('../../compose/context.ts'),
    import('../settings/load.ts'),
  ]);
  if (kind === 'clouds') return listNames(caller, {kind});
  const settings = await loadSettings({env, program, config: undefined});
  const own = settings?.general.get('images')?.value as readonly string[] | undefined;
  return listNames(caller, {kind, images, ...(own && {settings: own})});
}

async function scriptFor(shell: (typeof SHELLS)[number], program: Command): Promise<string> {
  const {completionTree} = await import('../completion/tree.ts');
  const tree = completionTree(program, TOPIC_NAMES);
  if (shell === 'bash') return (await import('../completion/bash.ts')).bashScript(tree);
  if (shell === 'zsh') return (await import('../completion/zsh.ts')).zshScript(tree);
  return (await import('../completion/fish.ts')).fishScript(tree);
}

/** Nothing where they cannot be read: who types sees no error. A name that is no text of one line, or looks like a flag, is left out. */
async function nameLines(reading: Promise<readonly string[]>): Promise<string> {
  const names = await reading.catch(() => []);
  const usable = names.filter((name) => name !== '' && !name.startsWith('-') && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name));
  return usable.map((name) => `${name}\n`).join('');
}

const EXAMPLES = `Examples:
  imgmgr completion bash | sudo tee /etc/bash_completion.d/imgmgr >/dev/null
  imgmgr completion zsh | sudo tee /usr/local/share/zsh/site-functions/_imgmgr >/dev/null
  imgmgr completion fish >~/.config/fish/completions/imgmgr.fish
`;
