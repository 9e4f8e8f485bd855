import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import type {Execute} from '../invocation.ts';
import {allFlags} from '../flags.ts';
import {noteFlags} from '../plan-flags.ts';
import {addManageFlags, addPlanOutput, dryRunInvocation} from './manage.ts';

/** `imgmgr dry-run`: what `manage` with the same flags would do; reads only. */
export function addDryRun(program: Command, execute: Execute): void {
  const command = addCommand(program, 'dry-run', 'Every day')
    .description('the audit: what manage would do; nothing but the login and reads; exit 3 when changes are pending')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr dry-run --cloud admin\n  imgmgr dry-run --cloud local --images images\n  imgmgr dry-run --cloud admin --out plan.json\n',
    );
  addPlanOutput(addManageFlags(command));
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--latest',
    '--hide',
    '--delete',
    '--yes',
    '--out',
    '--jobs',
  ]);
  const noted = noteFlags(command);
  command.action(async () => execute(dryRunInvocation(allFlags(command), noted())));
}
