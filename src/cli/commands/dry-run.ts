import type {Command} from 'commander';
import type {Execute} from '../invocation.ts';
import {allFlags} from '../flags.ts';
import {addManageFlags, dryRunInvocation} from './manage.ts';

/** `imgmgr dry-run`: what `manage` with the same flags would do; reads only. */
export function addDryRun(program: Command, execute: Execute): void {
  const command = program
    .command('dry-run')
    .description('the audit: what manage would do; nothing but the login and reads; exit 3 when changes are pending')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr dry-run --cloud admin\n  imgmgr dry-run --cloud local --images images\n',
    );
  addManageFlags(command).action(async () => execute(dryRunInvocation(allFlags(command))));
}
