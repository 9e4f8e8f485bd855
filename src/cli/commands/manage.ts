import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
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
import type {Execute, Invocation} from '../invocation.ts';
import type {ManageRequest} from '../../app/manage.ts';
import type {Flags} from '../flags.ts';
import {
  toAcquire,
  toBuilds,
  toClouds,
  toDefinitions,
  toDeletion,
  toInvocation,
  toRetire,
  toRun,
  toTests,
} from '../options.ts';

/** `imgmgr manage`: makes the cloud match the definitions. */
export function addManage(program: Command, execute: Execute): void {
  const command = addCommand(program, 'manage', 'Every day')
    .description(
      'everything the definitions ask for: import, describe, verify, publish, retire; delete only when asked to',
    )
    .addHelpText(
      'before',
      'Examples:\n  imgmgr manage --cloud admin\n  imgmgr manage --cloud admin --latest --filter AlmaLinux\n',
    );
  addManageFlags(command)
    .option('--dry-run', 'the same as the command dry-run')
    .action(async () => execute(manageInvocation(allFlags(command))));
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--latest',
    '--hide',
    '--delete',
    '--yes',
    '--dry-run',
    '--jobs',
  ]);
}

/** What `manage` is asked with these flags; with `--dry-run` the same as `dry-run`. */
export function manageInvocation(flags: Flags): Invocation<ManageRequest> {
  if (flags.dryRun === true) return dryRunInvocation(flags);
  return {
    ...toInvocation('manage', flags),
    request: manageRequest(flags),
    load: async () => (await import('../../app/manage.ts')).manage,
  };
}

/** The same request, to be answered without writing anything. */
export function dryRunInvocation(flags: Flags): Invocation<ManageRequest> {
  return {
    ...toInvocation('dry-run', flags),
    request: manageRequest(flags),
    load: async () => (await import('../../app/dry-run.ts')).dryRun,
  };
}

function manageRequest(flags: Flags): ManageRequest {
  return {
    ...toClouds(flags),
    definitions: toDefinitions(flags),
    run: toRun(flags),
    acquire: toAcquire(flags),
    ...(flags.build !== false && {builds: toBuilds(flags)}),
    tests: toTests(flags),
    retire: toRetire(flags),
    deletion: toDeletion(flags),
  };
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
