import type {Command} from 'commander';
import type {HistoryRequest} from '../../app/history.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {allFlags} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {WRITING_COMMANDS, toClouds, toInvocation} from '../options.ts';
import {list, oneOf, timeBack, wholeNumber, word} from '../parse.ts';

/** As many runs are listed when nothing is said. */
const DEFAULT_LIMIT = 20;

/** `imgmgr history [NAME|RUN]`: what runs of this host did, and with clouds, what their images say of other hosts. */
export function addHistory(program: Command, execute: Execute): void {
  const command = addCommand(program, 'history', 'Every day')
    .argument(
      '[target]',
      'a definition by its name, or a run by the beginning of its id; without: all runs',
      word('[target]'),
    )
    .description('what runs of this host did; with --cloud, what the images there say of runs of other hosts')
    .addHelpText('before', EXAMPLES)
    .optionsGroup('What to work on:')
    .option(
      '--cloud <name>',
      'only runs on it, and those of other hosts by its images; may be repeated',
      list('--cloud'),
    )
    .option('--region <name>', 'region to work in; default: OS_REGION_NAME, else the first', word('--region'))
    .optionsGroup('History:')
    .option('--log', 'of one run: everything that it said, with the lines of its builds')
    .option('--follow', 'with --log: go on until the run ends')
    .option('--verb <name>', 'only runs of this command', oneOf('--verb', WRITING_COMMANDS))
    .option('--failed', 'only runs that failed or were lost')
    .option('--since <time>', 'only runs begun since then: 7d, 36h, 2026-11-01', timeBack('--since'))
    .option('--before <run>', 'only runs older than this one', word('--before'))
    .option('--limit <n>', `as many runs at most; default: ${DEFAULT_LIMIT}`, wholeNumber('--limit', 1))
    .option('--wide', 'whole ids, names and reasons')
    .action(async (target: string | undefined) => execute(historyInvocation(target, allFlags(command))));
}

function historyInvocation(target: string | undefined, flags: Flags): Invocation<HistoryRequest> {
  const {log = false, follow = false, verb, failed = false, since, before, limit = DEFAULT_LIMIT, wide = false} = flags;
  if (follow && !log) throw new ImgmgrError('USAGE', '--follow follows a log', {hint: 'add --log'});
  if (log && target === undefined)
    throw new ImgmgrError('USAGE', '--log is of one run', {
      hint: 'imgmgr history lists the runs; give the beginning of an id',
    });
  if (limit > MOST)
    throw new ImgmgrError('USAGE', `--limit takes a whole number of at most ${MOST}, not ${limit}`, {
      hint: 'older ones: --before RUN',
    });
  const general = toInvocation('history', flags);
  return {
    ...general,
    report: {...general.report, answers: 'history', wide},
    request: {
      ...toClouds(flags),
      ...(target !== undefined && {target}),
      ...(log && {log: {follow}}),
      verbs: verb === undefined ? [] : [verb],
      ...{failed, limit},
      ...(since !== undefined && {since}),
      ...(before !== undefined && {before}),
    },
    load: async () => (await import('../../app/history.ts')).history,
  };
}

/** No list is longer. */
const MOST = 1000;

const EXAMPLES = `Examples:
  imgmgr history
  imgmgr history "Debian 13" --failed --since 30d
  imgmgr history 0721cbb1
  imgmgr history 0721cbb1 --log --follow
  imgmgr history --cloud prod-a
`;
