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
  givenFlags,
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
  toEachCloud,
  toInvocation,
  toProfile,
  toRetire,
  toRun,
  toTests,
} from '../options.ts';
import {oneOf, word} from '../parse.ts';
import type {WrittenFlags} from '../plan-flags.ts';
import {flagsWithPlan, noteFlags} from '../plan-flags.ts';
import {withoutSettings, withSettings} from '../settings/apply.ts';
import {addOpposites} from '../settings/opposites.ts';

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
    const {plan: path} = givenFlags(command);
    if (path === undefined) return execute(manageInvocation(allFlags(command), noted()));
    return execute(await plannedInvocation(command, path));
  });
}

/** The flag that makes a plan of a dry run. */
export function addPlanOutput(command: Command): Command {
  return command
    .optionsGroup('Plans:')
    .option('--out <file>', 'write the plan of a dry run to this file, for manage --plan', word('--out'));
}

/** What `manage` is asked with these flags; with `--dry-run` the same as `dry-run`. */
export function manageInvocation(all: Flags, written: WrittenFlags = []): Invocation<DryRunRequest> {
  if (all.dryRun === true) return dryRunInvocation(all, written);
  const flags = withoutSettings(all, ['failOn']);
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
async function plannedInvocation(command: Command, path: string): Promise<Invocation<DryRunRequest>> {
  const given = givenFlags(command);
  toInvocation('manage', given);
  const {readPlan} = await import('../../compose/context.ts');
  const plan = await readPlan(path);
  if (plan.rollback)
    throw new ImgmgrError('USAGE', `the plan ${path} is one of rollback`, {
      hint: `imgmgr rollback "${plan.rollback.definition}" --plan ${path}`,
    });
  const flags = flagsWithPlan(given, {path, plan, addFlags: addManageFlags});
  const {request, ...invocation} = manageInvocation(withSettings(flags, command));
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
    ...toEachCloud(flags, (of) => ({
      ...{run: toRun(of), acquire: toAcquire(of), tests: toTests(of), retire: toRetire(of)},
    })),
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
  const acquiring = addAcquireFlags(addSelectionFlags(command));
  const building = addBuildFlags(acquiring).option('--no-build', 'leave builds out');
  const rotating = addDeletionFlags(addRotationFlags(addVerifyFlags(building)));
  return addOpposites(addAuditFlags(addSharedRunFlags(rotating)));
}

/** How the audit judges. */
function addAuditFlags(command: Command): Command {
  return command
    .optionsGroup('Judging:')
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .option('--fail-on <severity>', FAIL_ON_TEXT, oneOf('--fail-on', SEVERITIES));
}

const FAIL_ON_TEXT = 'dry-run: exit 3 for findings from here on; default: error';
