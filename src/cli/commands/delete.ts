import type {Command} from 'commander';
import {addDeletionFlags, addRunFlags, addSelectionFlags, allFlags} from '../flags.ts';
import type {Execute} from '../invocation.ts';
import {toInvocation} from '../options.ts';

/** `imgmgr delete`: deletes what is superseded, not listed and beyond its promise, after having listed it. */
export function addDelete(program: Command, execute: Execute): void {
  const command = program
    .command('delete')
    .description('delete deletable images (superseded, not listed, beyond their promise); lists them first')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr delete --cloud admin\n  imgmgr delete --cloud admin --filter Ubuntu --yes\n',
    );
  addRunFlags(addDeletionFlags(addSelectionFlags(command)))
    .option('--keep', 'leave those of "multi: false" definitions alone')
    .option('--dry-run', 'only say what would be done')
    .action(async () =>
      execute(toInvocation({command: 'delete', flags: allFlags(command), policy: {delete: true, acquire: false}})),
    );
}
