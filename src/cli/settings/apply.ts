import type {Command} from 'commander';
import {formatPosition, ImgmgrError} from '../../errors.ts';
import {contradictionIn} from '../contradictions.ts';
import type {Flags} from '../flag-values.ts';
import type {Env} from '../io.ts';
import type {ReadSetting, Settings} from './read.ts';
import {isFlag, settingsCommand, SETTINGS} from './table.ts';

/** What became of the settings files, for the commands of one program. */
export interface SettingsInUse {
  /** What they say; absent: there are none. An error where they are wrong, which `doctor` reports. */
  readonly loaded?: Settings | ImgmgrError;
  /** `doctor --config`: they are to be shown. */
  readonly shows: boolean;
  readonly env: Env;
}

/** From now on the settings hold for the commands of this program. */
export function useSettings(program: Command, settings: SettingsInUse): void {
  IN_USE.set(program, settings);
}

/** What became of them. */
export function settingsOf(program: Command): SettingsInUse {
  return IN_USE.get(program) ?? {shows: false, env: {}};
}

const IN_USE = new WeakMap<Command, SettingsInUse>();

/** What the flags of one source say. */
interface Layer {
  readonly flags: Readonly<Record<string, unknown>>;
  /** Where in a file each stands; absent: they are given on the command line. */
  readonly places?: Readonly<Record<string, string>>;
}

/**
 * The flags of a command, with what the settings say where the command line says nothing: first for the cloud, then for the command, then
 * in general. Where two contradict each other, what comes first holds; CONFIG where one file says both.
 */
export function withSettings<Given extends Flags>(given: Given, command: Command): Given {
  const settings = command.parent ? settingsOf(command.parent).loaded : undefined;
  if (!settings || settings instanceof ImgmgrError) return given;
  const layers = [
    layerOf(settings.commands.get(settingsCommand(command.name())), command),
    layerOf(settings.general, command),
  ];
  const line: Layer = {flags: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))};
  const clouds = [...settings.clouds].map(([name, group]): [string, Flags] => [
    name,
    combine([line, layerOf(group, command), ...layers]),
  ]);
  // Definitions of the settings are, like the variable that goes before them, where to read when none are named.
  const {images, ...flags} = combine([line, ...layers]);
  return {
    ...given,
    ...flags,
    settings: {
      defaults: new Set(Object.keys(flags).filter((key) => !Object.hasOwn(line.flags, key))),
      clouds: new Map(clouds),
      ...(images && !given.images && {images}),
    },
  };
}

/** The flags without what settings say of these, where it means nothing. */
export function withoutSettings<Given extends Flags>(flags: Given, keys: readonly (keyof Flags)[]): Given {
  const {settings} = flags;
  if (!settings) return flags;
  const isGiven = (key: string): boolean => Object.hasOwn(flags, key) && !settings.defaults.has(key);
  const nothing = Object.fromEntries(keys.filter((key) => !isGiven(key)).map((key) => [key, undefined]));
  const clouds = new Map([...settings.clouds].map(([name, of]) => [name, {...of, ...nothing}]));
  return {...flags, ...nothing, settings: {...settings, clouds}};
}

function layerOf(group: ReadonlyMap<string, ReadSetting> | undefined, command: Command): Layer {
  const settings = [...(group?.values() ?? [])].flatMap(({key, value, place}) => {
    const flag = SETTINGS[key]?.flag;
    const option = command.options.find(isFlag(flag));
    return option ? [{name: option.attributeName(), value, place: formatPosition(place)}] : [];
  });
  return {
    flags: Object.fromEntries(settings.map(({name, value}) => [name, value])),
    places: Object.fromEntries(settings.map(({name, place}) => [name, place])),
  };
}

/** One of them all, the first that says something of a flag; of what contradicts it, what comes later is left out. */
function combine(layers: readonly Layer[]): Flags {
  const flags = Object.assign({}, ...layers.toReversed().map((layer) => layer.flags)) as Flags;
  const clash = contradictionIn(flags);
  if (!clash) return flags;
  const involved = layers.filter((layer) => clash.keys.some((key) => Object.hasOwn(layer.flags, key)));
  const last = involved.at(-1);
  if (involved.length > 1) return combine(layers.map((layer) => (layer === last ? without(layer, clash.keys) : layer)));
  // The command line alone: whoever makes a request of the flags refuses it.
  if (!last?.places) return flags;
  const {places} = last;
  const place = clash.keys.flatMap((key) => places[key] ?? [])[0];
  throw new ImgmgrError('CONFIG', `settings contradict each other: ${clash.message}`, {
    ...(place !== undefined && {place}),
    hint: clash.hint,
  });
}

function without({flags, places}: Layer, keys: readonly string[]): Layer {
  const left = Object.fromEntries(Object.entries(flags).filter(([key]) => !keys.includes(key)));
  return {flags: left, ...(places && {places})};
}
