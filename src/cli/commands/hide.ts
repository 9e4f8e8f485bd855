import type {Command} from 'commander';
import {addRunFlags, addSelectionFlags, allFlags} from '../flags.ts';
import type {Execute} from '../invocation.ts';
import {toInvocation} from '../options.ts';

/** `imgmgr hide`: `manage --hide` without acquiring anything. */
export function addHide(program: Command, execute: Execute): void {
  const command = program
    .command('hide')
    .description('hide the superseded images of the selected definitions; name and visibility stay')
    .addHelpText('before', 'Example:\n  imgmgr hide --cloud admin --filter "^Debian"\n');
  addRunFlags(addSelectionFlags(command))
    .option('--keep', 'leave those of "multi: false" definitions alone')
    .option('--dry-run', 'only say what would be done')
    .action(async () =>
      execute(toInvocation({command: 'hide', flags: allFlags(command), policy: {hide: true, acquire: false}})),
    );
}
