import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {addDeletionFlags, addSharedRunFlags, addSelectionFlags, allFlags} from '../flags.ts';
import type {Execute, Invocation} from '../invocation.ts';
import type {DeleteRequest} from '../../app/delete.ts';
import type {Flags} from '../flags.ts';
import {toDeletion, toHide, toInvocation} from '../options.ts';

/** `imgmgr delete`: deletes what is superseded, not listed and need not be kept any more, after having listed it. */
export function addDelete(program: Command, execute: Execute): void {
  const command = addCommand(program, 'delete', 'Single steps')
    .description('delete deletable images (superseded, not listed, their retention over); lists them first')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr delete --cloud admin\n  imgmgr delete --cloud admin --filter Ubuntu --yes\n',
    );
  addSharedRunFlags(addDeletionFlags(addSelectionFlags(command)))
    .option('--keep', 'leave those of "multi: false" definitions alone')
    .option('--dry-run', 'only say what would be done')
    .action(async () => execute(deleteInvocation(allFlags(command))));
  showInHelp(command, IN_HELP);
}

const IN_HELP = [
  '--cloud',
  '--region',
  '--images',
  '--filter',
  '--force',
  '--keep',
  '--yes',
  '--jobs',
  '--wait-lock',
  '--dry-run',
];

function deleteInvocation(flags: Flags): Invocation<DeleteRequest> {
  const general = toInvocation('delete', flags);
  return {
    ...general,
    request: {...toHide(flags, general.report.dryRun), deletion: toDeletion(flags)},
    load: async () => (await import('../../app/delete.ts')).deleteImages,
  };
}
