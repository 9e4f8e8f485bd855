import type {Command} from 'commander';
import {Option} from 'commander';
import {SETTINGS} from './table.ts';

/** Gives each flag without a value that a settings file may set its opposite (`--no-latest`, `--publish`), so that the command line has the last word; no help shows them. */
export function addOpposites(command: Command): Command {
  for (const {long, required, helpGroupHeading = ''} of [...command.options]) {
    if (required || typeof long !== 'string' || !SETTABLE.has(long)) continue;
    const opposite = long.startsWith('--no-') ? `--${long.slice('--no-'.length)}` : `--no-${long.slice('--'.length)}`;
    if (command.options.every((other) => other.long !== opposite))
      command.addOption(new Option(opposite).helpGroup(helpGroupHeading).hideHelp());
  }
  return command;
}

const SETTABLE: ReadonlySet<string> = new Set(Object.values(SETTINGS).flatMap(({flag}) => flag ?? []));
