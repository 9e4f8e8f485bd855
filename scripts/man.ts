// The manual pages, made from the commands and the topics of the help: imgmgr.1, and imgmgr-VERB.1 for each command.
import type {EventEmitter} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Command, Option} from 'commander';
import {TOPICS} from '../src/cli/help.ts';
import {VERSION} from '../src/version.ts';
import {plainProgram} from './program.ts';

/** Writes the pages into `man1` of the folder, so that it can stand in MANPATH. */
export async function writeManPages(folder: string): Promise<void> {
  const pages = await manPages(plainProgram(), buildDay());
  await mkdir(join(folder, 'man1'), {recursive: true});
  await Promise.all([...pages].map(([name, text]) => writeFile(join(folder, 'man1', name), text)));
}

/** The pages by their names; `day`: `YYYY-MM-DD`. */
export async function manPages(program: Command, day: string): Promise<ReadonlyMap<string, string>> {
  const commands = documented(program);
  const main = await mainPage(program, day);
  return new Map([
    ['imgmgr.1', main],
    ...commands.map((command): [string, string] => [`imgmgr-${command.name()}.1`, commandPage(command, day)]),
  ]);
}

/** The commands that have a page of their own. */
function documented(program: Command): readonly Command[] {
  return program.commands.filter((command) => command.name() !== 'help');
}

/** Reproducible where SOURCE_DATE_EPOCH says when it is (https://reproducible-builds.org/specs/source-date-epoch/). */
function buildDay(): string {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  return (epoch === undefined ? new Date() : new Date(Number(epoch) * 1000)).toISOString().slice(0, 10);
}

async function mainPage(program: Command, day: string): Promise<string> {
  const groups = Map.groupBy(documented(program), (command) => command.helpGroup().replace(/:$/, ''));
  const topic = async (name: string): Promise<string> => (await TOPICS[name]?.()) ?? '';
  return page([
    title('imgmgr', day),
    section('Name', text(`imgmgr - ${program.description()}`)),
    section('Synopsis', `${bold('imgmgr')} [${italic('global options')}] ${italic('command')} [${italic('options')}]`),
    section(
      'Description',
      text('One command reads clouds.yaml and image definitions in YAML and makes the clouds match them.'),
      '.PP',
      text(
        'imgmgr help COMMAND prints what the page of a command says; imgmgr help RULE explains one rule of the audit.',
      ),
    ),
    section(
      'Commands',
      ...[...groups].flatMap(([group, commands]) => [
        ...(group === '' ? ['.SS Other'] : [`.SS ${argument(group)}`]),
        ...commands.flatMap((command) =>
          item(bold(command.name()), text(`${command.description()}; see imgmgr-${command.name()}(1)`)),
        ),
      ]),
    ),
    section(
      'Global options',
      ...program.options.flatMap(optionItem),
      ...item(`${bold('-h')}, ${bold('--help')}`, text('print help')),
    ),
    section('Exit status', ...topicItems(await topic('exit-codes'))),
    section('Environment', ...topicItems(await topic('environment'))),
    section(
      'Files',
      ...item(
        bold('clouds.yaml'),
        text('the clouds and how to log in: OS_CLIENT_CONFIG_FILE, ./, ~/.config/openstack, /etc/openstack'),
      ),
      ...item(
        bold('/etc/imgmgr/imgmgr.yml'),
        text('settings of this host; ~/.config/imgmgr/imgmgr.yml: those of the user'),
      ),
      ...item(
        bold('/etc/imgmgr/images'),
        text('definitions of this host; ./images and ~/.config/imgmgr/images go before'),
      ),
    ),
    section(
      'Rules',
      text('The rules of the audit, as validate, dry-run and status judge by them:'),
      ...topicItems(await topic('rules')),
    ),
    section('See also', references(documented(program).map((command) => `imgmgr-${command.name()}`))),
  ]);
}

function commandPage(command: Command, day: string): string {
  const name = command.name();
  const args = command.registeredArguments;
  const groups = Map.groupBy(
    command.options.filter(({hidden}) => !hidden),
    (option) => (option.helpGroupHeading ?? 'Options').replace(/:$/, ''),
  );
  const words = args.map((arg) => {
    const word = `${italic(arg.name())}${arg.variadic ? ' ...' : ''}`;
    return arg.required ? word : `[${word}]`;
  });
  const examples = examplesOf(command);
  return page([
    title(`imgmgr-${name}`, day),
    section('Name', text(`imgmgr-${name} - ${command.description()}`)),
    section(
      'Synopsis',
      [bold('imgmgr'), `[${italic('global options')}]`, bold(name), `[${italic('options')}]`, ...words].join(' '),
    ),
    section('Description', text(`${upperFirst(command.description())}.`)),
    ...(args.length === 0
      ? []
      : [section('Arguments', ...args.flatMap((arg) => item(italic(arg.name()), text(arg.description))))]),
    ...(groups.size === 0
      ? []
      : [
          section(
            'Options',
            ...[...groups].flatMap(([group, options]) => [`.SS ${argument(group)}`, ...options.flatMap(optionItem)]),
          ),
        ]),
    ...(examples.length === 0 ? [] : [section('Examples', '.nf', ...examples.map(text), '.fi')]),
    section('Exit status', text('As imgmgr(1) says.')),
    section('See also', references(['imgmgr'])),
  ]);
}

/** The lines of the examples that the help prints before everything else. */
function examplesOf(command: Command): readonly string[] {
  let text = '';
  // As commander itself has them printed; its types do not say so.
  (command as unknown as EventEmitter).emit('beforeHelp', {
    error: false,
    command,
    write: (part: string) => (text += part),
  });
  return text.split('\n').filter((line) => /^ +\S/.test(line));
}

function optionItem(option: Option): readonly string[] {
  const {short, long, flags, description} = option;
  const value = /[<[]([^<>[\]]+)[>\]]/.exec(flags)?.[1];
  const names = [short, long].flatMap((name) => (name === undefined ? [] : [bold(name)])).join(', ');
  const shown = value === undefined ? names : `${names} ${option.optional ? `[${italic(value)}]` : italic(value)}`;
  return item(shown, text(description));
}

/** The lines of a topic as items; sentences that are none stay sentences. */
function topicItems(topic: string): readonly string[] {
  return topic
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      if (line.trim() === '') return [];
      const [, term, meaning] = /^ +(\S(?:[^ ]| (?! ))*) {2,}(\S.*)$/.exec(line) ?? [];
      return term === undefined || meaning === undefined ? ['.PP', text(line.trim())] : item(bold(term), text(meaning));
    });
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}

function title(name: string, day: string): string {
  return `.\\" Made from the commands of imgmgr by scripts/man.ts.\n.TH ${argument(name.toUpperCase())} 1 ${day} ${argument(`imgmgr ${VERSION}`)} ${argument('imgmgr')}\n.nh\n.ad l`;
}

function section(heading: string, ...lines: readonly string[]): string {
  return [`.SH ${argument(heading.toUpperCase())}`, ...lines].join('\n');
}

function item(term: string, meaning: string): readonly string[] {
  return ['.TP', term, meaning];
}

function references(names: readonly string[]): string {
  return names.map((name, at) => `.BR ${roff(name)} (1)${at < names.length - 1 ? ' ,' : ''}`).join('\n');
}

function bold(word: string): string {
  return `\\fB${roff(word)}\\fR`;
}

function italic(word: string): string {
  return `\\fI${roff(word)}\\fR`;
}

function argument(words: string): string {
  return `"${roff(words).replaceAll('"', '\\(dq')}"`;
}

/** A line of text: never taken for a macro, whatever it begins with. */
export function text(line: string): string {
  const escaped = roff(line.replaceAll('\n', ' '));
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** Characters that roff changes or reads itself, as they are; others than ASCII by their code points. */
function roff(words: string): string {
  const escaped = words.replace(/[\\\-'`^~]/g, (char) => ROFF[char] ?? char);
  return escaped.replace(
    /[^\n -~]/gu,
    (char) => `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
  );
}

const ROFF: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
};

function upperFirst(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
