import type {Command} from 'commander';
import type {RollbackRequest} from '../../app/rollback.ts';
import {withPublicUrls} from '../../core/public-url.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addPlaceFlags, addRunFlags, addVerifyFlags, givenFlags} from '../flags.ts';
import {addCommand, override, showInHelp} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toClouds, toEachCloud, toInvocation, toRun, toTests} from '../options.ts';
import {word} from '../parse.ts';
import type {WrittenFlags} from '../plan-flags.ts';
import {flagsWithPlan, noteFlags} from '../plan-flags.ts';
import {addPlanOutput} from './manage.ts';
import {withSettings} from '../settings/apply.ts';

/** `imgmgr rollback NAME`: the current version is not wanted any more, an older one takes its place. */
export function addRollback(program: Command, execute: Execute): void {
  const command = addCommand(program, 'rollback', 'When wrong')
    .argument('<name>', 'the exact name of a definition', word('<name>'))
    .argument('[version]', 'with --undo: the version that is wanted again', word('[version]'))
    .description(
      'revoke the current version and publish an older one that is there; no run brings the revoked one back',
    )
    .addHelpText('before', EXAMPLES);
  addRollbackFlags(command)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would be done')
    .optionsGroup('Plans:')
    .option('--plan <file>', 'do what this plan lists, and nothing if anything differs', word('--plan'));
  addPlanOutput(command);
  showInHelp(command, [
    '--cloud',
    '--images',
    '--to',
    '--reason',
    '--public-reason',
    '--pull',
    '--undo',
    '--yes',
    '--dry-run',
    '--plan',
  ]);
  const noted = noteFlags(command);
  command.action(async (name: string, version: string | undefined) => {
    const words = {name, version};
    const given = givenFlags(command);
    if (given.plan !== undefined) return execute(await plannedInvocation(command, words, given.plan));
    return execute(rollbackInvocation(words, withSettings(command.optsWithGlobals<RollbackFlags>(), command), noted()));
  });
}

/** All flags of `rollback` that a plan keeps. */
function addRollbackFlags(command: Command): Command {
  addPlaceFlags(command)
    .optionsGroup('Rolling back:')
    .option(
      '--to <version>',
      'the version to go back to; default: the newest older one that did not fail',
      word('--to'),
    )
    .option('--reason <text>', 'why, for the report and the history of this host', word('--reason'))
    .option('--public-reason', 'write the reason onto the image, where tenants can read it')
    .option('--pull', 'publish nothing instead: hide and deactivate the current image at once')
    .option('--undo', 'lift the revocation of a version')
    .addOption(override('--force-state', 'go back also to an image that was changed by hand'));
  return addRunFlags(addVerifyFlags(command));
}

/** What `rollback --plan` is asked: the flags are those of the plan, and so is the version of `--undo`. */
async function plannedInvocation(command: Command, words: Words, path: string): Promise<Invocation<RollbackRequest>> {
  const given = command.optsWithGlobals<RollbackFlags>();
  const {readPlan} = await import('../../compose/context.ts');
  const plan = await readPlan(path);
  const {rollback} = plan;
  if (!rollback)
    throw new ImgmgrError('USAGE', `the plan ${path} is one of manage`, {hint: `imgmgr manage --plan ${path}`});
  if (rollback.definition !== words.name || words.version !== undefined)
    throw new ImgmgrError('USAGE', `the plan ${path} rolls back "${rollback.definition}"`, {
      hint: 'give this name, and no second argument',
    });
  const stray = (['to', 'reason', 'publicReason', 'pull', 'undo', 'out'] as const).find(
    (key) => given[key] !== undefined,
  );
  if (stray !== undefined)
    throw new ImgmgrError('USAGE', `the plan ${path} keeps its flags, and one of them is given again: ${stray}`, {
      hint: 'leave it out; or make a new plan with rollback --dry-run --out',
    });
  const flags: RollbackFlags = flagsWithPlan(given, {path, plan, addFlags: addRollbackFlags});
  const undone = {name: words.name, version: rollback.version};
  const {request, ...invocation} = rollbackInvocation(undone, withSettings(flags, command));
  return {...invocation, request: {...request, approved: {path, plan}}};
}

/** The flags of `rollback` besides those that other commands have, too. */
interface RollbackFlags extends Flags {
  readonly to?: string;
  readonly reason?: string;
  readonly publicReason?: boolean;
  readonly pull?: boolean;
  readonly undo?: boolean;
}

interface Words {
  readonly name: string;
  readonly version: string | undefined;
}

function rollbackInvocation(
  {name, version}: Words,
  flags: RollbackFlags,
  written: WrittenFlags = [],
): Invocation<RollbackRequest> {
  const general = toInvocation('rollback', flags);
  return {
    ...general,
    report: {...general.report, counted: 'rollback'},
    request: {
      ...toClouds(flags),
      ...toEachCloud(flags, (of) => ({run: toRun(of), tests: toTests(of)})),
      definition: name,
      definitions: {images: flags.images ?? []},
      change: toChange(version, flags),
      run: toRun(flags),
      tests: toTests(flags),
      retire: {forceState: flags.forceState ?? false},
      yes: flags.yes ?? false,
      dryRun: general.report.dryRun,
      ...(flags.out !== undefined && {out: {path: flags.out, flags: written}}),
    },
    load: async () => (await import('../../app/rollback.ts')).rollback,
  };
}

function toChange(version: string | undefined, flags: RollbackFlags): RollbackRequest['change'] {
  const {to, reason, publicReason: isPublic = false, pull = false, undo = false} = flags;
  if (undo) return {kind: 'undo', version: undone(version, flags)};
  if (version !== undefined)
    throw new ImgmgrError('USAGE', `rollback takes one name, and "${version}" is a second argument`, {
      hint: `to go back to a version: --to "${version}"; to lift its revocation: --undo`,
    });
  if (pull && to !== undefined)
    throw new ImgmgrError('USAGE', '--pull contradicts --to', {
      hint: '--pull publishes nothing instead: give one of them',
    });
  const text = withPublicUrls(requireReason(reason));
  if (pull) return {kind: 'pull', reason: text, isPublic};
  return {kind: 'rollback', reason: text, isPublic, ...(to !== undefined && {to})};
}

function undone(version: string | undefined, {to, reason, publicReason, pull}: RollbackFlags): string {
  if (version === undefined)
    throw new ImgmgrError('USAGE', '--undo needs the version that is wanted again', {
      hint: 'imgmgr rollback --undo NAME VERSION; imgmgr show NAME lists the versions that are revoked',
    });
  if (to === undefined && reason === undefined && publicReason !== true && pull !== true) return version;
  throw new ImgmgrError('USAGE', '--undo contradicts --to, --pull, --reason and --public-reason', {
    hint: 'imgmgr rollback --undo NAME VERSION',
  });
}

/** It has to fit on an image and into a definition. */
function requireReason(reason: string | undefined): string {
  if (reason === undefined)
    throw new ImgmgrError('USAGE', 'rollback needs --reason', {hint: 'say why in one sentence: --reason TEXT'});
  const {length} = reason;
  if (length > LONGEST_REASON)
    throw new ImgmgrError('USAGE', `--reason has ${length} characters, at most ${LONGEST_REASON} can be kept`, {
      hint: 'shorten it',
    });
  if (/[\p{Cc}\u{10000}-\u{10FFFF}]/u.test(reason))
    throw new ImgmgrError('USAGE', '--reason holds a control character or one that Glance cannot store', {
      hint: 'use other characters',
    });
  return reason;
}

const LONGEST_REASON = 255;

const EXAMPLES = `Examples:
  imgmgr rollback "Debian 13" --cloud prod-a --cloud prod-b --reason "no network on vmxnet3"
  imgmgr rollback "Debian 13" --cloud prod-a --to 20261018 --reason "no network since 20261101"
  imgmgr rollback "Debian 13" --cloud prod-a --pull --reason "leaked key"
  imgmgr rollback --undo "Debian 13" 20261120 --cloud prod-a
`;
