import type {Command} from 'commander';
import type {DoctorRequest} from '../../app/doctor.ts';
import type {ShowDoctorRequest} from '../../app/show-doctor.ts';
import type {DoctorEvent} from '../../core/doctor.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addPlaceFlags, addPlacementFlags, allFlags} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toBoot, toClouds, toEachCloud, toInvocation} from '../options.ts';
import {word} from '../parse.ts';
import {settingsOf} from '../settings/apply.ts';
import {effectiveSettings} from '../settings/effective.ts';

/** `imgmgr doctor`: looks whether this host and the clouds can do what imgmgr needs; makes nothing. */
export function addDoctor(program: Command, execute: Execute): void {
  const command = addCommand(program, 'doctor', 'When wrong')
    .description('look whether this host and the clouds can do what imgmgr needs; makes nothing')
    .addHelpText('before', EXAMPLES);
  addPlacementFlags(addPlaceFlags(command))
    .optionsGroup('Showing:')
    .option('--policy', 'print policy.yaml of the services, for a role that may do what imgmgr needs')
    .option('--role <name>', `with --policy: the name of the role; default: ${DEFAULT_ROLE}`, word('--role'))
    .action(async () => {
      const flags = {...allFlags(command), ...command.opts<DoctorFlags>()};
      if (flags.role !== undefined && flags.policy !== true)
        throw new ImgmgrError('USAGE', '--role means nothing without --policy', {hint: 'add --policy'});
      const {loaded, shows, env} = settingsOf(program);
      if (loaded instanceof ImgmgrError) {
        if (shows) throw loaded;
        return execute(look(flags, loaded));
      }
      if (shows) return execute(show(flags, effectiveSettings(loaded, env)));
      if (flags.policy === true) {
        const {policyFor} = await import('../../core/rights/registry.ts');
        return execute(show(flags, [policyFor(roleName(flags.role ?? DEFAULT_ROLE))]));
      }
      return execute(look(flags, loaded?.files ?? []));
    });
}

const DEFAULT_ROLE = 'imgmgr';

/** The flags of `doctor` besides those that other commands have, too. */
interface DoctorFlags extends Flags {
  readonly policy?: boolean;
  readonly role?: string;
}

/** A rule of oslo.policy has no quotes: a name with other characters would be another rule. */
function roleName(role: string): string {
  if (/^[\w.-]+$/.test(role)) return role;
  throw new ImgmgrError(
    'USAGE',
    `--role takes a name of letters, digits, dots, dashes and underscores, not "${role}"`,
    {
      hint: 'a rule of oslo.policy cannot have other characters: name the role differently in Keystone',
    },
  );
}

function look(flags: Flags, settings: DoctorRequest['settings']): Invocation<DoctorRequest> {
  return {
    ...toInvocation('doctor', flags),
    request: {
      ...toClouds(flags),
      ...toEachCloud(flags, (of) => ({boot: toBoot(of)})),
      definitions: {images: flags.images ?? []},
      boot: toBoot(flags),
      settings,
    },
    load: async () => (await import('../../app/doctor.ts')).doctor,
  };
}

function show(flags: Flags, answers: readonly DoctorEvent[]): Invocation<ShowDoctorRequest> {
  return {
    ...toInvocation('doctor', flags),
    request: {answers},
    load: async () => (await import('../../app/show-doctor.ts')).showDoctor,
  };
}

const EXAMPLES = `Examples:
  imgmgr doctor
  imgmgr doctor --cloud prod-a --cloud prod-b
  imgmgr doctor --config
  imgmgr doctor --policy --role imgmgr
`;
