import type {Command} from 'commander';
import type {StatusRequest} from '../../app/status.ts';
import {SEVERITIES} from '../../core/rules/rule-text.ts';
import type {Flags} from '../flags.ts';
import {addLookFlags, addMonitoringFlags, allFlags, PROFILE_TEXT} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toClouds, toInvocation, toProfile} from '../options.ts';
import {oneOf, timeAhead, word} from '../parse.ts';

/** `imgmgr status [NAME…]`: what is live, and what is or will be wrong with it; login and listings alone. */
export function addStatus(program: Command, execute: Execute): void {
  const command = addCommand(program, 'status', 'Every day')
    .argument('[names...]', 'definitions by their names; without: all')
    .description('what is live, what is wrong with it and from when on; reads listings alone')
    .addHelpText('before', EXAMPLES);
  addMonitoringFlags(addLookFlags(command))
    .optionsGroup('Judging:')
    .option('--all', 'also judge every public and community image of the cloud that is not ours')
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .option('--fail-on <severity>', 'exit 3 for findings from here on', oneOf('--fail-on', SEVERITIES))
    .option('--due-within <time>', 'exit 3 for what breaks within this time, like 7d', timeAhead('--due-within'))
    .option('--wide', 'ids, names, and all findings below their rows')
    .action(async (names: string[]) => execute(statusInvocation(names, allFlags(command))));
}

function statusInvocation(names: readonly string[], flags: Flags): Invocation<StatusRequest> {
  const {images = [], filter, failOn, dueWithin, all = false, wide = false} = flags;
  const general = toInvocation('status', flags);
  return {
    ...general,
    report: {...general.report, wide},
    request: {
      ...toClouds(flags),
      names: [...new Set(names)],
      definitions: {images, ...(filter !== undefined && {filter})},
      profile: toProfile(flags),
      all,
      ...(failOn !== undefined && {failOn}),
      ...(dueWithin !== undefined && {dueWithinMs: dueWithin}),
    },
    load: async () => (await import('../../app/status.ts')).status,
  };
}

const EXAMPLES = `Examples:
  imgmgr status --cloud prod-a --cloud prod-b
  imgmgr status "Debian 13" --cloud prod-a --wide
  imgmgr status --cloud prod-a --due-within 7d -q
  imgmgr status --cloud prod-a --all --json
`;
