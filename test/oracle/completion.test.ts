import {chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {listed, yaml} from '../cli/operator.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Names that do harm, or are cut, where a shell reads them unquoted. The last three cannot be completed: they look like a flag, or are no line. */
const NAMES = [
  'Debian 13',
  '$(touch pwned)',
  '`touch pwned`',
  `q'uo"te`,
  '; touch pwned',
  '*',
  '~root',
  '#comment',
  'back\\slash',
  'loud!bang',
  'co:lon:1',
  'eq=ual',
  'at@home',
  'Ünïx',
  '&&{a,b}',
  '<in>|out',
] as const;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'imgmgr-completion-'));
  const at = (path: string): string => join(home, path);
  for (const folder of [
    'bin',
    'zsh',
    'config/fish/completions',
    'config/imgmgr',
    'work/images',
    'work/folder',
    'args',
    'answers',
  ])
    await mkdir(at(folder), {recursive: true});
  await symlink(join(ROOT, 'dist/bin/imgmgr.js'), at('imgmgr'));
  // Asked for each name anew, node would start some hundred times.
  await writeFile(
    at('bin/imgmgr'),
    `#!/bin/sh\nanswer=${at('answers')}/$(printf '%s ' "$@" | tr / _)\n[ -e "$answer" ] || ${at('imgmgr')} "$@" >"$answer"\ncat "$answer"\n`,
  );
  await chmod(at('bin/imgmgr'), 0o755);
  await writeFile(at('bin/args'), '#!/bin/sh\nprintf "%s\\0" "$@" >"$ARGS/$1"\n');
  await chmod(at('bin/args'), 0o755);
  const script = async (shell: Shell): Promise<string> =>
    (await execa(at('bin/imgmgr'), ['completion', shell], {env: env()})).stdout;
  await writeFile(at('completion.bash'), await script('bash'));
  await writeFile(at('zsh/_imgmgr'), await script('zsh'));
  await writeFile(at('config/fish/completions/imgmgr.fish'), await script('fish'));
  await writeFile(at('bashrc'), `PS1='READY> '\nset +o history\nsource ${at('completion.bash')}\n`);
  await writeFile(
    at('.zshrc'),
    `PROMPT='READY> '\nunset HISTFILE\nbindkey -e\nfpath=(${at('zsh')} $fpath)\nautoload -Uz compinit\ncompinit -u\n`,
  );
  await writeFile(
    at('config/fish/config.fish'),
    "set -g fish_greeting\nset -g fish_color_normal\nfunction fish_prompt; printf 'READY> '; end\n",
  );
  await writeFile(at('work/clouds.yaml'), 'clouds:\n  prod-a: {auth: {password: s3cret}}\n  prod-b: {}\n  edge: {}\n');
  const definitions = NAMES.map((name) =>
    yaml([listed('1', 'https://mirror.example/1')], {name: JSON.stringify(name)}),
  );
  await writeFile(
    at('work/images/all.yml'),
    `images:\n${definitions.map((text) => text.slice(text.indexOf('\n') + 1)).join('')}`,
  );
  await writeFile(at('work/other.yml'), yaml([listed('1', 'https://mirror.example/1')], {name: 'Elsewhere 1'}));
  await writeFile(at('work/file.qcow2'), '');
});
afterAll(() => rm(home, {recursive: true, force: true}));

function env(): Record<string, string> {
  return {
    HOME: home,
    ZDOTDIR: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    PATH: [join(home, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    ARGS: join(home, 'args'),
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
}

const START: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['bash', '--noprofile', '--rcfile', 'BASHRC', '-i'],
  zsh: ['zsh', '-i'],
  fish: ['fish', '-i'],
};

/**
 * Types the lines in a real shell, `⇥` being the tab key; each is then made the arguments of a program. Gives these, in the order of the
 * lines; of a line that the shell did not take, nothing.
 */
async function typed(shell: Shell, lines: readonly string[]): Promise<readonly (readonly string[])[]> {
  const argv = START[shell].map((word) => (word === 'BASHRC' ? join(home, 'bashrc') : word));
  const keys = lines.map((line, at) => `${line.replaceAll('⇥', '\t')}\u0001args ${at} \r`).join('');
  const job = {argv, env: env(), cwd: join(home, 'work'), ready: 'READY> ', keys: `${keys} exit\r`};
  await rm(join(home, 'args'), {recursive: true});
  await mkdir(join(home, 'args'));
  const {stdout} = await execa('/usr/bin/python3', [join(ROOT, 'test/oracle/type-line.py')], {
    input: JSON.stringify(job),
  });
  return Promise.all(
    lines.map(async (_, at) => {
      const text = await readFile(join(home, 'args', String(at)), 'utf8').catch(() => `\0nothing ran: ${stdout}\0`);
      return text.split('\0').slice(1, -1);
    }),
  );
}

const LINES = [
  ['a command', 'imgmgr vali⇥', ['validate']],
  ['a command behind flags of all', 'imgmgr --format json stat⇥', ['--format', 'json', 'status']],
  ['a flag', 'imgmgr manage --retire⇥ renamed', ['manage', '--retire-as', 'renamed']],
  ['a flag of all, behind a command', 'imgmgr manage --deb⇥', ['manage', '--debug']],
  ['no flag of another command', 'imgmgr status --reti⇥', ['status', '--reti']],
  ['no flag behind --', 'imgmgr status -- --wi⇥', ['status', '--', '--wi']],
  ['a word of several', 'imgmgr manage --retire-as renamed-⇥', ['manage', '--retire-as', 'renamed-by-date']],
  ['such a word behind an equals sign', 'imgmgr manage --retire-as=hid⇥', ['manage', '--retire-as=hidden']],
  ['a cloud', 'imgmgr manage --cloud e⇥', ['manage', '--cloud', 'edge']],
  ['the built-in cloud', 'imgmgr manage --cloud lo⇥', ['manage', '--cloud', 'local']],
  ['a cloud behind an equals sign', 'imgmgr status --cloud=e⇥', ['status', '--cloud=edge']],
  ['what clouds have in common', 'imgmgr status --cloud pro⇥b', ['status', '--cloud', 'prod-b']],
  ['a file for a flag', 'imgmgr manage --images oth⇥', ['manage', '--images', 'other.yml']],
  ['a file as an argument', 'imgmgr verify fil⇥', ['verify', 'file.qcow2']],
  ['a folder for a flag', 'imgmgr manage --metrics-dir fol⇥', ['manage', '--metrics-dir', 'folder']],
  ['a profile, which may be a file', 'imgmgr validate --profile opens⇥', ['validate', '--profile', 'openstack']],
  ['a file, which may be a profile', 'imgmgr validate --profile oth⇥', ['validate', '--profile', 'other.yml']],
  ['nothing where nobody can know', 'imgmgr manage --jobs fil⇥', ['manage', '--jobs', 'fil']],
  ['a topic of the help', 'imgmgr help exit⇥', ['help', 'exit-codes']],
  ['a definition with a blank', 'imgmgr show Deb⇥', ['show', 'Debian 13']],
  ['the second of several', 'imgmgr status Deb⇥ co⇥', ['status', 'Debian 13', 'co:lon:1']],
  ['no second where there is one', 'imgmgr show Deb⇥ co⇥', ['show', 'Debian 13', 'co']],
  [
    'a definition of other files',
    'imgmgr show --images other.yml Else⇥',
    ['show', '--images', 'other.yml', 'Elsewhere 1'],
  ],
  [
    'a definition of files that are broken: none',
    'imgmgr show --images file.qcow2 Deb⇥',
    ['show', '--images', 'file.qcow2', 'Deb'],
  ],
] as const;

/** What is typed of a name, and how, so that the shell takes it for the beginning of that name. */
const BEGINNINGS: readonly (readonly [name: string, ...beginnings: readonly string[]])[] = [
  ['Debian 13', 'D', '"D', "'D", 'Debian\\ ', '"Debian 1'],
  ['$(touch pwned)', '\\$', "'$", '"\\$', '\\$\\(to'],
  ['`touch pwned`', '\\`', "'`", '"\\`'],
  [`q'uo"te`, 'q', '"q', "'q", `q\\'u`, `"q'uo\\"`],
  ['; touch pwned', '\\;', "';", '";'],
  ['*', '\\*', "'*"],
  ['~root', '\\~', "'~"],
  ['#comment', '\\#', "'#"],
  ['back\\slash', 'ba', "'ba", '"ba', 'back\\\\'],
  ['loud!bang', 'lo', "'lo", '"lo'],
  ['co:lon:1', 'co', 'co:', 'co:lon:', "'co:l", '"co:lon'],
  ['eq=ual', 'eq', 'eq=', "'eq="],
  ['at@home', 'at', 'at@', '"at@'],
  ['Ünïx', 'Ü', "'Ün"],
  ['&&{a,b}', '\\&', "'&"],
  ['<in>|out', '\\<', "'<in", '"<'],
];

describe.each(SHELLS)('completion in %s', (shell) => {
  let words: readonly (readonly string[])[] = [];
  let names: readonly (readonly string[])[] = [];
  // To fish a backquote is no quote, nor is a backslash before it one.
  const begun = BEGINNINGS.flatMap(([name, ...beginnings]) =>
    beginnings.filter((each) => shell !== 'fish' || each !== '"\\`').map((beginning) => [name, beginning] as const),
  );
  beforeAll(async () => {
    words = await typed(
      shell,
      LINES.map(([, line]) => line),
    );
    names = await typed(
      shell,
      begun.map(([, beginning]) => `imgmgr show ${beginning}⇥`),
    );
  }, 120_000);

  it.each(LINES.map(([what, line, expected], at) => [what, line, expected, at] as const))(
    'knows %s: %s',
    (_, __, expected, at) => {
      const found = words[at]?.map((word) => (word === 'folder/' ? 'folder' : word));
      expect(found).toEqual(['imgmgr', ...expected]);
    },
  );

  it.each(begun.map(([name, beginning], at) => [name, beginning, at] as const))(
    'gives the shell the name %j for %s',
    (name, _, at) => {
      expect(names[at]).toEqual(['imgmgr', 'show', name]);
    },
  );

  it('runs nothing of what a name says', async () => {
    expect(names).toHaveLength(begun.length);
    expect(await readdir(join(home, 'work'))).not.toContain('pwned');
    expect(await readdir(home)).not.toContain('pwned');
  });
});
