import type {Command, Option} from 'commander';
import type {SettingsFile} from '../../config/settings-files.ts';
import type {YamlEntry, YamlMap, YamlNode} from '../../core/definition/yaml-node.ts';
import {didYouMean} from '../../core/nearest.ts';
import type {FilePosition, Problem} from '../../errors.ts';
import {formatPosition, ImgmgrError} from '../../errors.ts';
import type {Setting} from './table.ts';
import {isFlag, keyOfFlag, NOT_SETTABLE, settingsCommand, SETTINGS} from './table.ts';
import type {SettingValue} from './value.ts';
import {readValue, shownNode, WrongValue} from './value.ts';

/** What a settings file says under one key. */
export interface ReadSetting extends SettingValue {
  readonly key: string;
  readonly place: FilePosition;
}

type Group = ReadonlyMap<string, ReadSetting>;

/** Everything that the settings files say; each group by the keys of the table. */
export interface Settings {
  /** The files, as messages call them. */
  readonly files: readonly string[];
  readonly general: Group;
  readonly commands: ReadonlyMap<string, Group>;
  readonly clouds: ReadonlyMap<string, Group>;
}

/** What the files are read with. */
export interface SettingsParts {
  readonly program: Command;
  /** The absolute path of a path in a settings file. */
  readonly resolve: (path: string, file: string) => string;
  /** Rejects where others can read the file at this absolute path. */
  readonly requireSecret: (path: string) => Promise<void>;
  /** Default: {@link SETTINGS}. */
  readonly table?: Readonly<Record<string, Setting>>;
}

/** Reads settings; of several files a later one goes before, key by key. CONFIG with all problems, each with its place. */
export async function readSettings(files: readonly SettingsFile[], parts: SettingsParts): Promise<Settings> {
  const reader = new SettingsReader(parts);
  const read = files.flatMap(({root}) => (root ? [reader.file(root)] : []));
  for (const {path, place} of reader.secrets)
    await parts.requireSecret(path).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      reader.add(message, place, 'name a file of this user with mode 0600 or 0400');
    });
  const problems = inOrder([...files.flatMap((file) => file.problems), ...reader.problems]);
  if (problems.length > 0) throw broken(problems);
  const groups = (of: (file: Read) => ReadonlyMap<string, Group>): ReadonlyMap<string, Group> => {
    const names = new Set(read.flatMap((file) => [...of(file).keys()]));
    return new Map([...names].map((name) => [name, new Map(read.flatMap((file) => [...(of(file).get(name) ?? [])]))]));
  };
  return {
    files: files.map(({path}) => path),
    general: new Map(read.flatMap(({general}) => [...general])),
    commands: groups(({commands}) => commands),
    clouds: groups(({clouds}) => clouds),
  };
}

type Read = Omit<Settings, 'files'>;

/** Which part of a file a key stands in. */
interface Section {
  readonly name: string;
  readonly scopes: readonly Setting['scope'][];
  /** The command that has to have the flag; absent: any. */
  readonly command?: Command;
}

const TOP: Section = {name: 'the settings', scopes: ['cloud', 'run']};
const SECTIONS = ['commands', 'clouds'];

class SettingsReader {
  readonly problems: Problem[] = [];
  readonly secrets: {readonly path: string; readonly place: FilePosition}[] = [];
  readonly #parts: SettingsParts;
  readonly #table: Readonly<Record<string, Setting>>;

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#table = parts.table ?? SETTINGS;
  }

  file(root: YamlNode): Read {
    const entries = this.#map(root, 'the file')?.entries ?? [];
    const section = (name: string): YamlEntry | undefined => entries.find(({key}) => key.source === name);
    return {
      general: this.#group(
        entries.filter(({key}) => !SECTIONS.includes(key.source)),
        TOP,
      ),
      commands: this.#groups(section('commands'), (key) => this.#commandSection(key.source, key.place)),
      clouds: this.#groups(section('clouds'), (key) => ({name: `the cloud "${key.source}"`, scopes: ['cloud']})),
    };
  }

  add(message: string, place: FilePosition, hint: string): readonly [] {
    this.problems.push({message, place, hint});
    return [];
  }

  #groups(
    entry: YamlEntry | undefined,
    sectionOf: (key: YamlEntry['key']) => Section | undefined,
  ): ReadonlyMap<string, Group> {
    const entries = (entry && this.#map(entry.value, `"${entry.key.source}"`)?.entries) ?? [];
    return new Map(
      entries.flatMap(({key, value}): [string, Group][] => {
        const section = sectionOf(key);
        const map = section && this.#map(value, section.name);
        return map ? [[key.source, this.#group(map.entries, section)]] : [];
      }),
    );
  }

  #commandSection(name: string, place: FilePosition): Section | undefined {
    const {commands} = this.#parts.program;
    const command = commands.find((each) => each.name() === name);
    const owner = settingsCommand(name);
    if (command && owner === name) return {name: `the command ${name}`, scopes: ['cloud', 'run', 'command'], command};
    if (command) this.add(`${name} has no settings of its own`, place, `write them under ${owner}: they hold for both`);
    const names = commands.map((each) => each.name()).filter((each) => settingsCommand(each) === each);
    if (!command)
      this.add(`there is no command "${name}"`, place, didYouMean(name, names) ?? 'imgmgr --help lists the commands');
    return undefined;
  }

  #group(entries: readonly YamlEntry[], section: Section): Group {
    const settings = entries.flatMap((entry) => this.#settings(entry, {section, prefix: ''}));
    return new Map(settings.map((setting) => [setting.key, setting]));
  }

  /** One, or those of a mapping as `webhook: {url: …}`. */
  #settings(
    {key: {source, place}, value}: YamlEntry,
    {section, prefix}: {readonly section: Section; readonly prefix: string},
  ): readonly ReadSetting[] {
    const key = `${prefix}${source}`;
    if (value.kind === 'map' && Object.keys(this.#table).some((each) => each.startsWith(`${key}.`)))
      return value.entries.flatMap((each) => this.#settings(each, {section, prefix: `${key}.`}));
    const setting = Object.hasOwn(this.#table, key) ? this.#table[key] : undefined;
    if (!setting) return this.#unknown(key, place, section);
    const {flag} = setting;
    const option = flag === undefined ? undefined : this.#option(flag, section);
    if (section.command && flag !== undefined && !option)
      return this.add(`${section.command.name()} has no ${flag}`, place, `take "${key}" out of ${section.name}`);
    if (!section.scopes.includes(setting.scope))
      return setting.scope === 'command'
        ? this.add(`"${key}" holds for one command`, place, 'write it under "commands:", below the name of the command')
        : this.add(`"${key}" is the same for all clouds`, place, 'write it at the top, or under "commands:"');
    try {
      const resolve = (path: string): string => this.#parts.resolve(path, value.place.file);
      const read = {key, place, ...readValue(value, {key, setting, option, resolve})};
      if (setting.secret === true) this.secrets.push({path: read.text, place: value.place});
      return [read];
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      this.problems.push(error.problem);
      return [];
    }
  }

  #unknown(key: string, place: FilePosition, {name}: Section): readonly [] {
    const spelled = key.replaceAll('-', '_');
    const refused = Object.entries(NOT_SETTABLE).find(([flag]) => spelled === keyOfFlag(flag));
    if (refused) return this.add(`${refused[0]} is not set in a file`, place, refused[1]);
    const keys = [...Object.keys(this.#table), ...(name === TOP.name ? SECTIONS : [])];
    const hint = didYouMean(key, keys) ?? 'docs/settings.md lists all keys';
    return this.add(`unknown key "${key}" in ${name}`, place, hint);
  }

  #option(flag: string, {command}: Section): Option | undefined {
    const commands = command ? [command] : this.#parts.program.commands;
    return commands.flatMap(({options}) => options).find(isFlag(flag));
  }

  #map(node: YamlNode, what: string): YamlMap | undefined {
    if (node.kind === 'map') return node;
    this.add(`${what} is ${shownNode(node)}, not a mapping`, node.place, 'write indented lines of "key: value"');
    return undefined;
  }
}

/** Those of one file stay together, by their lines. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const byFile = Map.groupBy(problems, ({place}) => place.file);
  return [...byFile.values()].flatMap((of) =>
    of.sort(({place: a}, {place: b}) => a.line - b.line || a.column - b.column),
  );
}

function broken(problems: readonly Problem[]): ImgmgrError {
  const [first] = problems;
  return new ImgmgrError('CONFIG', first?.message ?? 'the settings cannot be read', {
    problems,
    ...(first && {place: formatPosition(first.place)}),
    ...(first?.hint !== undefined && {hint: first.hint}),
  });
}
