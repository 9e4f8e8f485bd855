import type {Command} from 'commander';
import {addCommand} from '../help-layout.ts';
import type {ValidateRequest} from '../../app/validate.ts';
import {SEVERITIES} from '../../core/rules/rule-text.ts';
import type {Flags} from '../flags.ts';
import {allFlags, PROFILE_TEXT} from '../flags.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toInvocation, toProfile} from '../options.ts';
import {oneOf, word} from '../parse.ts';

/** `imgmgr validate [PATH…]`: judges definitions alone; no cloud, no network. */
export function addValidate(program: Command, execute: Execute): void {
  const command = addCommand(program, 'validate', 'Definitions')
    .argument('[paths...]', 'definitions: folders or files; default: as for --images')
    .description('judge definitions by schema and rules, without any cloud; exit 2 and 3 when something is wrong')
    .addHelpText('before', EXAMPLES)
    .optionsGroup('Validating:')
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .option('--fail-on <severity>', 'exit 3 for findings from here on; default: error', oneOf('--fail-on', SEVERITIES))
    .action(async (paths: string[]) => execute(validateInvocation(paths, allFlags(command))));
}

function validateInvocation(paths: readonly string[], flags: Flags): Invocation<ValidateRequest> {
  const {failOn = 'error'} = flags;
  const notEmpty = word('PATH');
  for (const path of paths) notEmpty(path);
  return {
    ...toInvocation('validate', flags),
    request: {paths, profile: toProfile(flags), failOn},
    load: async () => (await import('../../app/validate.ts')).validate,
  };
}

const EXAMPLES = `Examples:
  imgmgr validate
  imgmgr validate images/debian.yml --fail-on warning
  imgmgr validate images --profile audit.yml --format sarif > imgmgr.sarif
`;
