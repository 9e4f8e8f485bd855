import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {
  addAcquireFlags,
  addBuildFlags,
  addDeletionFlags,
  addRotationFlags,
  addSharedRunFlags,
  addSelectionFlags,
  addVerifyFlags,
  allFlags,
  PROFILE_TEXT,
} from '../flags.ts';
import {SEVERITIES} from '../../core/rules/rule-text.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Execute, Invocation} from '../invocation.ts';
import type {ManageRequest} from '../../app/manage.ts';
import type {DryRunRequest} from '../../app/dry-run.ts';
import type {Flags} from '../flags.ts';
import {
  toAcquire,
  toBuilds,
  toClouds,
  toDefinitions,
  toDeletion,
  toInvocation,
  toProfile,
  toRetire,
  toRun,
  toTests,
} from '../options.ts';
import {oneOf, word} from '../parse.ts';
import type {WrittenFlags} from '../plan-flags.ts';
import {flagsWithPlan, noteFlags} from '../plan-flags.ts';

/** `imgmgr manage`: makes the cloud match the definitions. */
export function addManage(program: Command, execute: Execute): void {
  const command = addCommand(program, 'manage', 'Every day')
    .description(
      'everything the definitions ask for: import, describe, verify, publish, retire; delete only when asked to',
    )
    .addHelpText(
      'before',
      'Examples:\n  imgmgr manage --cloud admin\n  imgmgr manage --cloud admin --latest --filter AlmaLinux\n  imgmgr manage --plan plan.json\n',
    );
  addManageFlags(command)
    .option('--dry-run', 'the same as the command dry-run')
    .optionsGroup('Plans:')
    .option('--plan <file>', 'do what this plan lists, and nothing if anything differs', word('--plan'));
  addPlanOutput(command);
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--latest',
    '--hide',
    '--delete',
    '--yes',
    '--dry-run',
    '--plan',
    '--jobs',
  ]);
  const noted = noteFlags(command);
  command.action(async () => {
    const flags = allFlags(command);
    const {plan: path} = flags;
    if (path === undefined) return execute(manageInvocation(flags, noted()));
    return execute(await plannedInvocation(flags, path));
  });
}

/** The flag that makes a plan of a dry run. */
export function addPlanOutput(command: Command): Command {
  return command
    .optionsGroup('Plans:')
    .option('--out <file>', 'write the plan of a dry run to this file, for manage --plan', word('--out'));
}

/** What `manage` is asked with these flags; with `--dry-run` the same as `dry-run`. */
export function manageInvocation(flags: Flags, written: WrittenFlags = []): Invocation<DryRunRequest> {
  if (flags.dryRun === true) return dryRunInvocation(flags, written);
  if (flags.failOn !== undefined)
    throw new ImgmgrError('USAGE', '--fail-on belongs to dry-run: findings change no exit code of manage', {
      hint: 'leave it out, or ask with imgmgr dry-run --fail-on',
    });
  return {
    ...toInvocation('manage', flags),
    request: manageRequest(flags),
    load: async () => (await import('../../app/manage.ts')).manage,
  };
}

/** What `manage --plan` is asked: the flags are those of the plan. */
async function plannedInvocation(given: Flags, path: string): Promise<Invocation<ManageRequest>> {
  toInvocation('manage', given);
  const {readPlan} = await import('../../compose/context.ts');
  const plan = await readPlan(path);
  const flags = flagsWithPlan(given, {path, plan, addFlags: addManageFlags});
  const {request, ...invocation} = manageInvocation(flags);
  return {...invocation, request: {...request, approved: {path, plan}}};
}

/** The same request, to be answered without writing anything but the plan. */
export function dryRunInvocation(flags: Flags, written: WrittenFlags): Invocation<DryRunRequest> {
  return {
    ...toInvocation('dry-run', flags),
    request: {...manageRequest(flags), ...(flags.out !== undefined && {out: {path: flags.out, flags: written}})},
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
    audit: {profile: toProfile(flags), failOn: flags.failOn ?? 'error'},
  };
}

/** All flags of `manage`, for the commands that do or show the same. */
export function addManageFlags(command: Command): Command {
  return addAuditFlags(
    addSharedRunFlags(
      addDeletionFlags(
        addRotationFlags(
          addVerifyFlags(
            addBuildFlags(addAcquireFlags(addSelectionFlags(command))).option('--no-build', 'leave builds out'),
          ),
        ),
      ),
    ),
  );
}

/** How the audit judges. */
function addAuditFlags(command: Command): Command {
  return command
    .optionsGroup('Judging:')
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .option('--fail-on <severity>', FAIL_ON_TEXT, oneOf('--fail-on', SEVERITIES));
}

const FAIL_ON_TEXT = 'dry-run: exit 3 for findings from here on; default: error';
