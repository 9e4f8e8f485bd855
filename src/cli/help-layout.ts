import type {Command} from 'commander';
import {Help, Option} from 'commander';

/** How much of the help is asked for: the flags that people use, or all of them. */
export type HelpLevel = 'short' | 'all';

const COMMAND_GROUPS = ['Every day', 'When wrong', 'Definitions', 'One image', 'Single steps', 'Server'] as const;

/** The group of a command in `imgmgr --help`. */
export type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** The groups of flags that `--help-all` shows last, in this order. */
const LAST = {peer: 'As openstack-image-manager spells it:', overrides: 'Overrides (can hurt):'};

type Parser = (text: string) => unknown;

/** A new command of the program, in its group of the help. */
export function addCommand(program: Command, name: string, group: CommandGroup): Command {
  return program.command(name).helpGroup(`${group}:`);
}

/** A flag that lifts a guard: `--help` leaves it out, `--help-all` has it under "Overrides (can hurt)". */
export function override(flags: string, description: string, parse?: Parser): Option {
  return withParser(new Option(flags, description).helpGroup(LAST.overrides), parse);
}

/** A flag that scripts for the peer give: `--help` leaves it out. */
export function ofThePeer(flags: string, description: string, parse?: Parser): Option {
  return withParser(new Option(flags, description).helpGroup(LAST.peer), parse);
}

function withParser(option: Option, parse: Parser | undefined): Option {
  return parse ? option.argParser(parse) : option;
}

const DAILY = new WeakMap<Command, readonly string[]>();

/** The flags of a command that its `--help` shows; without a call: all but overrides and those of the peer. Long names, all of them there. */
export function showInHelp(command: Command, flags: readonly string[]): Command {
  const missing = flags.filter((flag) => command.options.every(({long}) => long !== flag));
  if (missing.length > 0) throw new Error(`${command.name()} has no ${missing.join(', ')}`);
  DAILY.set(command, flags);
  return command;
}

/** The flags of every command that `--help` shows besides its own. */
const DAILY_OUTPUT = ['--format', '--help-all'];

/** The order and the choice of what the help shows; `level` says how much is asked for, when help is printed. */
export function helpLayout(level: () => HelpLevel): Partial<Help> {
  const isShort = (): boolean => level() === 'short';
  return {
    showGlobalOptions: true,
    visibleOptions(command) {
      const all = Help.prototype.visibleOptions.call(this, command);
      return isShort() ? all.filter((option) => isDaily(command, option)).concat(outputOf(command)) : all;
    },
    visibleGlobalOptions(command) {
      return isShort() ? [] : Help.prototype.visibleGlobalOptions.call(this, command);
    },
    groupItems(_, visible, groupOf) {
      const groups = Map.groupBy(visible, (item) => (isShort() && item instanceof Option ? 'Options:' : groupOf(item)));
      return new Map([...groups].sort(([one], [other]) => rankOf(one) - rankOf(other)));
    },
    formatHelp(command, helper) {
      const isTop = command.parent === null;
      return isShort() && isTop ? topHelp(command, helper) : Help.prototype.formatHelp.call(this, command, helper);
    },
  };
}

function isDaily(command: Command, option: Option): boolean {
  const chosen = DAILY.get(command);
  if (option.long === '--help') return true;
  if (chosen) return chosen.includes(option.long ?? '');
  return !Object.values(LAST).includes(option.helpGroupHeading ?? '');
}

function outputOf({parent}: Command): readonly Option[] {
  return (parent?.options ?? []).filter(({long}) => DAILY_OUTPUT.includes(long ?? ''));
}

function rankOf(heading: string): number {
  const groups: readonly string[] = [...COMMAND_GROUPS.map((group) => `${group}:`), '', ...Object.values(LAST)];
  const at = groups.indexOf(heading);
  return at < 0 ? groups.indexOf('') : at;
}

/** `imgmgr --help`: the commands by group, and nothing else. */
function topHelp(program: Command, helper: Help): string {
  const width = Math.max(...COMMAND_GROUPS.map((group) => group.length));
  const lines = COMMAND_GROUPS.flatMap((group) => {
    const names = program.commands.filter((command) => command.helpGroup() === `${group}:`).map((each) => each.name());
    return names.length === 0 ? [] : [helper.formatItem(group, width, names.join('  '), helper)];
  });
  return [`Usage: ${helper.commandUsage(program)}`, '', ...lines, ''].join('\n');
}
