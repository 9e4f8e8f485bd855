import type {Command} from 'commander';
import type {HoldRequest, UnholdRequest} from '../../app/hold.ts';
import {LONGEST_REASON} from '../../core/hold.ts';
import {withPublicUrls} from '../../core/public-url.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addMonitoringFlags, addPlaceFlags, allFlags} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toClouds, toInvocation} from '../options.ts';
import {duration, until, word} from '../parse.ts';
import {withSettings} from '../settings/apply.ts';

/** `imgmgr hold NAME|--all --until DATE`: until then nothing of it is published or taken out of use, by any host. */
export function addHold(program: Command, execute: Execute): void {
  const command = addCommand(program, 'hold', 'When wrong')
    .argument('[name]', 'the exact name of a definition', word('[name]'))
    .description('until a date nothing of a definition is published, retired, deactivated or deleted')
    .addHelpText('before', HOLD_EXAMPLES);
  addMonitoringFlags(addPlaceFlags(command))
    .optionsGroup('Holding:')
    .option('--all', 'every definition on the cloud')
    .option('--until <date>', 'last day (UTC), or a moment like 2026-12-24T18:00Z', until('--until'))
    .option('--reason <text>', 'why, for the report and the history of this host', word('--reason'))
    .option('--public-reason', 'write the reason on the cloud, too')
    .option('--wait-lock <duration>', 'wait this long for runs that began before', duration('--wait-lock'))
    .action(async (name: string | undefined) =>
      execute(holdInvocation(name, withSettings(command.optsWithGlobals<HoldFlags>(), command))),
    );
}

/** `imgmgr unhold NAME|--all`. */
export function addUnhold(program: Command, execute: Execute): void {
  const command = addCommand(program, 'unhold', 'When wrong')
    .argument('[name]', 'the exact name of a definition', word('[name]'))
    .description('lift what hold set; a hold in a definition file stays')
    .addHelpText(
      'before',
      'Examples:\n  imgmgr unhold "Debian 13" --cloud prod-a\n  imgmgr unhold --all --cloud prod-a\n',
    );
  addMonitoringFlags(addPlaceFlags(command))
    .optionsGroup('Holding:')
    .option('--all', 'the hold of every definition; holds of single ones stay')
    .action(async (name: string | undefined) => execute(unholdInvocation(name, allFlags(command))));
}

/** The flags of `hold` and `unhold` besides those that other commands have, too. */
interface HoldFlags extends Flags {
  /** Milliseconds since 1970. */
  readonly until?: number;
  readonly reason?: string;
  readonly publicReason?: boolean;
}

function holdInvocation(name: string | undefined, flags: HoldFlags): Invocation<HoldRequest> {
  const {until: untilMs, publicReason = false, waitLock} = flags;
  const reason = flags.reason === undefined ? undefined : withPublicUrls(flags.reason);
  if (untilMs === undefined)
    throw new ImgmgrError('USAGE', 'hold needs --until', {hint: 'give the last day, for example --until 2026-12-24'});
  if (publicReason) requirePublic(reason);
  return {
    ...toInvocation('hold', flags),
    request: {
      ...toTarget('hold', name, flags),
      untilMs,
      publicReason,
      ...(reason !== undefined && {reason}),
      ...(waitLock !== undefined && {waitLockMs: waitLock}),
    },
    load: async () => (await import('../../app/hold.ts')).hold,
  };
}

function unholdInvocation(name: string | undefined, flags: Flags): Invocation<UnholdRequest> {
  return {
    ...toInvocation('unhold', flags),
    request: toTarget('unhold', name, flags),
    load: async () => (await import('../../app/hold.ts')).unhold,
  };
}

function toTarget(verb: string, name: string | undefined, flags: Flags): UnholdRequest {
  const {all = false, images = []} = flags;
  if (all && name !== undefined)
    throw new ImgmgrError('USAGE', `${verb} takes a name or --all, not both`, {hint: 'give one of them'});
  if (!all && name === undefined)
    throw new ImgmgrError('USAGE', `${verb} needs the name of a definition`, {hint: 'or --all, for every definition'});
  return {...toClouds(flags), definitions: {images}, ...(name !== undefined && {definition: name})};
}

/** What Glance can keep as a property. */
function requirePublic(reason: string | undefined): void {
  if (reason === undefined)
    throw new ImgmgrError('USAGE', '--public-reason means nothing without --reason', {hint: 'add --reason TEXT'});
  if (reason.length > LONGEST_REASON)
    throw new ImgmgrError(
      'USAGE',
      `--reason has ${reason.length} characters, on the cloud at most ${LONGEST_REASON} can stand`,
      {hint: 'shorten it, or leave --public-reason out'},
    );
  if (/[\p{Cc}\u{10000}-\u{10FFFF}]/u.test(reason))
    throw new ImgmgrError('USAGE', '--reason holds a control character or one that Glance cannot store', {
      hint: 'use other characters, or leave --public-reason out',
    });
}

const HOLD_EXAMPLES = `Examples:
  imgmgr hold "Debian 13" --cloud prod-a --until 2026-12-24 --reason "migration of tenant 7"
  imgmgr hold --all --cloud prod-a --cloud prod-b --until 2027-01-06T08:00+01:00
`;
