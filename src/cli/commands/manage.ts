import type {Command} from 'commander';
import {
  addAcquireFlags,
  addBuildFlags,
  addDeletionFlags,
  addRotationFlags,
  addRunFlags,
  addSelectionFlags,
  addVerifyFlags,
  allFlags,
} from '../flags.ts';
import type {Execute} from '../invocation.ts';
import {toInvocation} from '../options.ts';

/** `imgmgr manage`: makes the cloud match the definitions. */
export function addManage(program: Command, execute: Execute): void {
  const command = program
    .command('manage')
    .description('everything the definitions ask for: import, describe, verify, publish, retire; delete only when told')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr manage --cloud admin\n  imgmgr manage --cloud admin --latest --filter AlmaLinux\n',
    );
  addManageFlags(command)
    .option('--dry-run', 'the same as the command dry-run')
    .action(async () => execute(toInvocation({command: 'manage', flags: allFlags(command)})));
}

/** All flags of `manage`, for the commands that do or show the same. */
export function addManageFlags(command: Command): Command {
  return addRunFlags(
    addDeletionFlags(
      addRotationFlags(
        addVerifyFlags(
          addBuildFlags(addAcquireFlags(addSelectionFlags(command))).option('--no-build', 'leave builds out'),
        ),
      ),
    ),
  );
}
