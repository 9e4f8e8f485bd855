import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {addSharedRunFlags, addSelectionFlags, allFlags} from '../flags.ts';
import type {Execute, Invocation} from '../invocation.ts';
import type {HideRequest} from '../../app/hide.ts';
import type {Flags} from '../flags.ts';
import {toHide, toInvocation} from '../options.ts';

/** `imgmgr hide`: `manage --hide` without acquiring anything. */
export function addHide(program: Command, execute: Execute): void {
  const command = addCommand(program, 'hide', 'Single steps')
    .description('hide the superseded images of the selected definitions; name and visibility stay')
    .addHelpText('before', 'Example:\n  imgmgr hide --cloud admin --filter "^Debian"\n');
  addSharedRunFlags(addSelectionFlags(command))
    .option('--keep', 'leave those of "multi: false" definitions alone')
    .option('--dry-run', 'only say what would be done')
    .action(async () => execute(hideInvocation(allFlags(command))));
  showInHelp(command, IN_HELP);
}

const IN_HELP = [
  '--cloud',
  '--region',
  '--images',
  '--filter',
  '--force',
  '--keep',
  '--jobs',
  '--wait-lock',
  '--dry-run',
];

function hideInvocation(flags: Flags): Invocation<HideRequest> {
  const general = toInvocation('hide', flags);
  return {
    ...general,
    request: toHide(flags, general.report.dryRun),
    load: async () => (await import('../../app/hide.ts')).hide,
  };
}
